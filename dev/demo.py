"""Plays a short conversation in the playground and waits for Pedro's answers, on Twitch and on Discord.

usage: demo.py PLAYGROUND_URL --channel NAME --bot LOGIN [--timeout SECONDS]

Exits 0 if Pedro answered the question, the command and what was asked on Discord about what was
said on Twitch, and posted a recap there when the stream ended, otherwise 1 with a sentence saying what did not come. It judges that he answers, not
what: the model of the playground is a very small one.
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
# Asked on Discord, about what was said on Twitch.
DISCORD_QUESTION = ("carol", "when is the stream, and why did it move?")

COLOURS = sys.stdout.isatty() and "NO_COLOR" not in os.environ


def still_working(text):
    """Said once when an answer takes longer."""
    return text.lower().startswith(("on it", "still on it"))


class Side:
    """One platform's stand-in, driven as its page drives it."""

    def __init__(self, url, name):
        self.api = f"{url.rstrip('/')}/api/{name}/"
        # A proxy is never right for loopback.
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def _call(self, request):
        with self.opener.open(request, timeout=10) as answer:
            return json.loads(answer.read() or "null")

    def post(self, path, **body):
        body = json.dumps(body).encode()
        return self._call(urllib.request.Request(self.api + path, body, {"Content-Type": "application/json"}))

    def get(self, path, **query):
        return self._call(f"{self.api}{path}?{urllib.parse.urlencode(query)}")


class Twitch(Side):
    def __init__(self, url, channel):
        super().__init__(url, "twitch")
        self.channel = channel

    def post(self, path, **body):
        return super().post(path, channel=self.channel, **body)

    def lines_after(self, seq):
        return self.get("lines", channel=self.channel, after=seq)["lines"]


class Discord(Side):
    """Asks Pedro with a slash command, as one person."""

    def __init__(self, url, person):
        super().__init__(url, "discord")
        self.person = person
        self.channel = self.channels()[0]["id"]

    def channels(self):
        return self.get("state", person=self.person)["channels"]

    def commands(self):
        return [command["name"] for command in self.get("commands", channel=self.channel, person=self.person)["commands"]]

    def said(self, channel):
        return self.get("messages", channel=channel, person=self.person)

    def ask(self, question):
        options = {"question": question}
        return self.post("slash", channel=self.channel, person=self.person, command="askpedro", options=options)["id"]

    def answer(self, interaction):
        """The thread that Pedro opened for a question, and what he said in it; None while he is at work."""
        found = self.get("interaction", id=interaction)
        if found["state"] == "failed":
            raise ValueError(found["notice"])
        # A thread that is begun from a message has the message's id.
        thread = next((channel for channel in self.channels() if channel["id"] == found["response"]), None)
        said = self.said(thread["id"])["messages"] if thread else []
        # The first message is the one that the thread was begun from; it has no words of its own.
        words = [message["content"] for message in said if message["by_bot"] and message["content"]]
        words = [text for text in words if not still_working(text)]
        return (thread["name"], words) if words else None


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
            if is_bot and line["reply_to"] and not still_working(line["text"]):
                self.replied.setdefault(line["reply_to"], time.monotonic())
            name = f"{line['display_name'] or line['login']:>20}"
            if COLOURS:
                name = f"\033[{'1;32' if is_bot else '36'}m{name}\033[0m"
            to = self.authors.get(line["reply_to"])
            print(f"{name}  {f'(to {to}) ' if to else ''}{line['text']}", flush=True)

    def follow(self, seconds, until=lambda: False):
        return wait(seconds, until, each=self.catch_up)


def wait(seconds, until, each=lambda: None):
    """Until it is true, or for so long; `each` is called all the time. Answers what `until` last answered."""
    end = time.monotonic() + seconds
    while True:
        each()
        found = until()
        if found or time.monotonic() >= end:
            return found
        time.sleep(min(0.25, max(0.0, end - time.monotonic())))


def ask_on_discord(url, timeout):
    """Asks on Discord about what was said on Twitch; prints the thread. False if there is no answer."""
    person, question = DISCORD_QUESTION
    discord = Discord(url, person)
    if not wait(30, lambda: "askpedro" in discord.commands()):
        print("error: Pedro did not register /askpedro on Discord within 30 s", file=sys.stderr)
        return False
    print(f"\nOn Discord:\n{person:>20}  /askpedro {question}", flush=True)
    asked = time.monotonic()
    interaction = discord.ask(question)
    if not wait(timeout, lambda: discord.answer(interaction)):
        print(f"error: Pedro did not answer {person} on Discord within {timeout:.0f} s", file=sys.stderr)
        return False
    took = time.monotonic() - asked
    # The message is edited while he writes: it is complete when it stays the same for a while.
    before, now = None, discord.answer(interaction)
    while now != before:
        time.sleep(3)
        before, now = now, discord.answer(interaction)
    thread, words = now
    print(f"{'thread':>20}  {thread}")
    for text in words:
        print(f"{'pedro':>20}  " + text.replace("\n", "\n" + " " * 22))
    print(f"==> Pedro began to answer {person}'s /askpedro after {took:.1f} s")
    return True


def recap_on_discord(twitch, url, timeout):
    """The stream ends on Twitch; prints the recap that Pedro posts on Discord by himself. False if there is none."""
    discord = Discord(url, DISCORD_QUESTION[0])
    channel = next(channel["id"] for channel in discord.channels() if channel["name"] == "stream-recaps")
    twitch.post("title", live=False)
    ended = time.monotonic()

    def posted():
        return [message["content"] for message in discord.said(channel)["messages"] if message["by_bot"]]

    if not wait(timeout, posted):
        print(f"error: Pedro posted no recap of the stream on Discord within {timeout:.0f} s", file=sys.stderr)
        return False
    print(f"\nIn #stream-recaps:\n{'pedro':>20}  " + posted()[0].replace("\n", "\n" + " " * 22))
    print(f"==> Pedro posted the recap {time.monotonic() - ended:.1f} s after the end of the stream")
    return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--channel", required=True)
    parser.add_argument("--bot", required=True)
    parser.add_argument("--timeout", type=float, default=180)
    arguments = parser.parse_args()

    playground = Twitch(arguments.url, arguments.channel)
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
    done = ask_on_discord(arguments.url, arguments.timeout) and recap_on_discord(playground, arguments.url, arguments.timeout)
    return 0 if done else 1


try:
    sys.exit(main())
except (urllib.error.URLError, OSError, KeyError, ValueError) as error:
    print(f"error: the playground did not answer as expected: {error!r}", file=sys.stderr)
    sys.exit(1)
