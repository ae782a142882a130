"""Plays a short conversation in the playground and waits for Pedro's answers.

usage: demo.py PLAYGROUND_URL --channel NAME --bot LOGIN [--timeout SECONDS]

Exits 0 if Pedro answered the question and the command, otherwise 1 with a sentence saying what did
not come. It judges that he answers, not what: the model of the playground is a very small one.
"""

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

CONVERSATION = [
    ("dana", "hi all, good to see you"),
    ("alice", "the stream moves to thursday at 19:30 because of the meetup"),
    ("bob", "hello dana"),
    ("carol", "did anybody try the new compiler release?"),
    ("dana", "yes, the build is faster for me"),
    ("erik", "by how much?"),
    ("dana", "two minutes became seventy seconds"),
    ("carol", "that is the linker, I think"),
    ("erik", "I still have to update, maybe on the weekend"),
    ("frida", "what keyboard is that? it is so loud"),
    ("carol", "an old one with a lot of history"),
    ("erik", "I like the sound"),
]
QUESTION = ("bob", "@pedro when is the stream this week?")
COMMAND = ("carol", "!help")

COLOURS = sys.stdout.isatty() and "NO_COLOR" not in os.environ


class Playground:
    def __init__(self, url, channel):
        self.api = url.rstrip("/") + "/api/twitch/"
        self.channel = channel
        # A proxy is never right for loopback.
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def _call(self, request):
        with self.opener.open(request, timeout=10) as answer:
            return json.loads(answer.read() or "null")

    def post(self, path, **body):
        body = json.dumps({"channel": self.channel, **body}).encode()
        return self._call(urllib.request.Request(self.api + path, body, {"Content-Type": "application/json"}))

    def lines_after(self, seq):
        query = urllib.parse.urlencode({"channel": self.channel, "after": seq})
        return self._call(f"{self.api}lines?{query}")["lines"]


class Transcript:
    """Prints every line once, as it arrives, and remembers Pedro's replies."""

    def __init__(self, playground, bot):
        self.playground = playground
        self.bot = bot
        self.seq = 0
        self.authors = {}
        self.replied = {}  # id of a line -> when Pedro's first reply to it was seen

    def catch_up(self):
        for line in self.playground.lines_after(self.seq):
            self.seq = max(self.seq, line["seq"])
            self.authors[line["id"]] = line["login"]
            is_bot = line["login"] == self.bot
            still_working = line["text"].lower().startswith("on it")  # said once when it takes longer
            if is_bot and line["reply_to"] and not still_working:
                self.replied.setdefault(line["reply_to"], time.monotonic())
            name = f"{line['display_name'] or line['login']:>20}"
            if COLOURS:
                name = f"\033[{'1;32' if is_bot else '36'}m{name}\033[0m"
            to = self.authors.get(line["reply_to"])
            print(f"{name}  {f'(to {to}) ' if to else ''}{line['text']}", flush=True)

    def follow(self, seconds, until=lambda: False):
        end = time.monotonic() + seconds
        while True:
            self.catch_up()
            if until():
                return True
            if time.monotonic() >= end:
                return False
            time.sleep(min(0.25, max(0.0, end - time.monotonic())))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--channel", required=True)
    parser.add_argument("--bot", required=True)
    parser.add_argument("--timeout", type=float, default=180)
    arguments = parser.parse_args()

    playground = Playground(arguments.url, arguments.channel)
    transcript = Transcript(playground, arguments.bot)
    playground.post("title", title="Rust, slowly", category="Software and Game Development", live=True)

    def say(login, text):
        line = playground.post("say", login=login, text=text)["id"]
        said = time.monotonic()
        transcript.follow(0.7)
        return line, said

    for login, text in CONVERSATION:
        say(login, text)
    transcript.follow(2)  # time to remember what was said
    asked = {"bob's question": say(*QUESTION), "carol's !help": say(*COMMAND)}

    def missing():
        return [what for what, (line, _) in asked.items() if line not in transcript.replied]

    if not transcript.follow(arguments.timeout, until=lambda: not missing()):
        print(f"error: Pedro did not reply to {' nor to '.join(missing())} within {arguments.timeout:.0f} s", file=sys.stderr)
        return 1
    transcript.follow(1.5)  # a long answer comes in several lines
    for what, (line, said) in asked.items():
        print(f"==> Pedro replied to {what} after {transcript.replied[line] - said:.1f} s")
    return 0


try:
    sys.exit(main())
except (urllib.error.URLError, OSError, KeyError, ValueError) as error:
    print(f"error: the playground did not answer as expected: {error!r}", file=sys.stderr)
    sys.exit(1)
