"""Gives both bots something to do, through the playground's API, so that every figure that dashboards show moves."""

import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

CHANNEL = "pedrotown"
TALK = [
    ("alice", "the stream moves to thursday at 19:30 because of the meetup"),
    ("bob", "hello dana, how is the new keyboard?"),
    ("carol", "did anybody try the new compiler release?"),
    ("dana", "two minutes became seventy seconds"),
    ("erik", "I still have to update, maybe on the weekend"),
]


class Api:
    """JSON over HTTP: a side of the playground, or a bot's own API."""

    def __init__(self, url, token=None):
        self.url, self.headers = url.rstrip("/") + "/", {"Content-Type": "application/json"}
        if token:
            self.headers["Authorization"] = f"Bearer {token}"
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def _call(self, path, body=None):
        request = urllib.request.Request(self.url + path, body, self.headers)
        try:
            with self.opener.open(request, timeout=180) as answer:
                return json.loads(answer.read() or "null")
        except urllib.error.HTTPError as error:
            raise ValueError(f"{self.url}{path}: {error.code} {error.read().decode()}") from error

    def post(self, path, **body):
        return self._call(path, json.dumps(body).encode())

    def get(self, path, **query):
        return self._call(f"{path}?{urllib.parse.urlencode(query)}")


def wait(what, look, seconds=300):
    end = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > end:
            sys.exit(f"error: waited {seconds} s in vain until {what}")
        time.sleep(0.25)
    return found


class Twitch(Api):
    def __init__(self, playground):
        super().__init__(f"{playground}/api/twitch")

    def post(self, path, **body):
        return super().post(path, channel=CHANNEL, **body)

    def say(self, login, text, pause=0.4):
        line = self.post("say", login=login, text=text)["id"]
        time.sleep(pause)
        return line

    def answered(self, line):
        """Whether the bot has said more than "on it" to a line."""
        said = self.get("lines", channel=CHANNEL)["lines"]
        return [one["text"] for one in said if one["reply_to"] == line and not one["text"].lower().startswith(("on it", "still on it"))]


class Discord(Api):
    def __init__(self, playground, person="carol"):
        super().__init__(f"{playground}/api/discord")
        self.person = person

    def general(self):
        return self.get("state", person=self.person)["channels"][0]["id"]

    def slash(self, command, **options):
        return self.post("slash", channel=self.general(), person=self.person, command=command, options=options)["id"]

    def registered(self):
        return len(self.get("commands", channel=self.general(), person=self.person)["commands"]) > 5

    def responded(self, interaction):
        found = self.get("interaction", id=interaction)
        if found["state"] == "failed":
            raise ValueError(found)
        return found["state"] == "answered"


STEPS = [
    {"id": "web", "action": "web_search", "params": {"query": "Go release"}, "depends_on": []},
    {"id": "memory", "action": "reference_check", "params": {"query": "thursday"}, "depends_on": []},
    {"id": "answer", "action": "return_response"},
]


def carry_out_a_plan(api, search):
    """A plan that is brought along: what a very small model would plan is not to be relied on. One search fails."""
    search.post("misbehave", action="next", provider="searxng", count=1, trouble={"kind": "status", "status": 500})
    plan = api.post("v1/plans", question="is the stream on thursday?", steps=STEPS)["id"]
    wait("the plan is carried out", lambda: api.get(f"v1/plans/{plan}")["state"] == "answered")


def have_a_plan_made(twitch, figure):
    """The model plans; what comes of it does not matter, and would take long."""
    twitch.say("erik", "!plan what did we say about the compiler?")
    wait("a plan is made", lambda: figure('pedro_generation_duration_seconds_count{purpose="plan"}') > 0)
    twitch.say("modmia", "!pedro-stop")


def twitch_in_trouble(twitch, figure):
    """A message that is not taken, and a connection that breaks."""
    twitch.post("misbehave", action="reject_next", msg_id="msg_rejected_mandatory")
    twitch.say("dana", "!links")
    wait("a message was rejected", lambda: figure("twitch_message_rejected_count") > 0)
    twitch.post("misbehave", action="drop")
    wait("the bot is back", lambda: figure("twitch_connection_count") > 1 and figure('pedro_ready{check="twitch"}') == 1)


def everything(playground, twitch_bot, token, figure):
    """All of it; `figure` says what a series of the Twitch bot is now."""
    twitch, discord, api = Twitch(playground), Discord(playground), Api(twitch_bot, token)
    twitch.post("title", title="Rust, slowly", category="Software and Game Development", live=True)
    wait("Discord has its commands", discord.registered)
    general = discord.general()
    for login, text in TALK:
        twitch.say(login, text)
        discord.post("say", channel=general, person=discord.person, text=text)
    question = twitch.say("bob", "@pedro when is the stream this week?")
    asked = discord.slash("askpedro", question="when is the stream, and why did it move?")
    command = twitch.say("carol", "!help")
    wait("!help is answered", lambda: twitch.answered(command))
    for name in ("links", "title", "helppedro"):
        shown = discord.slash(name)
        wait(f"/{name} is answered", lambda shown=shown: discord.responded(shown))
    twitch_in_trouble(twitch, figure)
    wait("the question on Twitch is answered", lambda: twitch.answered(question))
    wait("/askpedro is answered", lambda: discord.responded(asked))
    game = discord.slash("stumppedro", thing="a piano")
    wait("/stumppedro is answered", lambda: discord.responded(game))
    carry_out_a_plan(api, Api(f"{playground}/api/search"))
    have_a_plan_made(twitch, figure)
    for login, text in TALK:
        twitch.say(login, f"as I said: {text}")
