"""Both real bots in the playground, watched by a real Prometheus: is there something behind every panel and every alert?

usage: live.py [--record FILE]      --record keeps what the queries returned, for grafana/draw.py

Wants DATABASE_URL (an empty database), LLAMA_CPP_PATH and EMBEDDINGS_MODEL_DIR; dev/check-monitoring sees to that.
"""

import contextlib
import json
import os
import re
import sys
import tempfile
import time

import yaml
from drive import everything
from server import ROOT, fetch, free_port, process, prometheus, until

BINARIES = os.path.join(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"), "debug")
LOG = ROOT / ".local/log"
RATE_INTERVAL = "15s"
TOKEN = "only-for-the-check"


@contextlib.contextmanager
def playground():
    with tempfile.TemporaryDirectory(prefix="pedro-playground-") as folder:
        ready = f"{folder}/ready.json"
        command = [f"{BINARIES}/pedro-playground", "--listen", "127.0.0.1:0", "--irc-listen", "127.0.0.1:0", "--ready-file", ready,
                   "--channel", "pedrotown", "--bot-login", "pedro_bot"]
        with process("the playground", command, LOG / "monitoring-playground.log"):
            until("the playground is open", 60, lambda: os.path.exists(ready) and os.path.getsize(ready))
            with open(ready) as file:
                yield json.load(file)


@contextlib.contextmanager
def bot(name, world, **variables):
    """One of the real bots, with an environment of its own; where its pages are."""
    page, port = world["http"], free_port()
    url = f"http://127.0.0.1:{port}"
    given = {key: os.environ[key] for key in ("PATH", "HOME", "DATABASE_URL", "LLAMA_CPP_PATH", "EMBEDDINGS_MODEL_DIR")}
    environment = given | {
        "PEDRO_LISTEN": f"127.0.0.1:{port}", "PEDRO_API_TOKEN": TOKEN, "MODEL": "smollm2", "MODEL_MAX_TOKENS": "64", "PEDRO_LOG_FORMAT": "json",
        "SEARCH_SEARXNG_URL": f"{page}/searx", "SEARCH_DUCKDUCKGO_URL": f"{page}/ddg/html/",
    } | variables
    with process(f"pedro-{name}", [f"{BINARIES}/pedro-{name}"], LOG / f"monitoring-{name}.log", environment) as child:
        until(f"pedro-{name} is ready", 120, lambda: child.poll() is None and is_green(url))
        yield url


def is_green(url):
    try:
        return fetch(f"{url}/readyz")
    except OSError:
        return False


def figure(url, series):
    """What a series is now, read from the bot itself."""
    found = [line.rsplit(" ", 1)[1] for line in fetch(f"{url}/metrics").splitlines() if line.rsplit(" ", 1)[0] == series]
    return float(found[0]) if found else 0.0


def panels():
    """Every panel with its queries, by dashboard."""
    for file in sorted((ROOT / "grafana/dashboards").glob("*.json")):
        dashboard = json.loads(file.read_text())
        for panel in dashboard["panels"]:
            yield dashboard, panel


def substituted(expr):
    return expr.replace("$__rate_interval", RATE_INTERVAL)


def measured(expr):
    """What an alert looks at, without the bound that it is compared to."""
    return re.sub(r" (?:>=|>|<|==) [\d.]+(?=$| and )", "", expr)


def alert_queries():
    for group in yaml.safe_load((ROOT / "prometheus/rules/pedro.yml").read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]
    for group in yaml.safe_load((ROOT / "grafana/provisioning/alerting/rules.json").read_text())["groups"]:
        for rule in group["rules"]:
            yield f"Grafana's {rule['title']}", rule["data"][0]["model"]["expr"]


def check(server, began, ended):
    """Asks everything, and answers what brought nothing, and what the panels would show."""
    missing, shown = [], []
    for dashboard, panel in panels():
        results = []
        for target in panel["targets"]:
            found = server.series(substituted(target["expr"]), began, ended, 1)
            if not found:
                missing.append(f"{dashboard['title']}, {panel['title']}: {target['expr']}")
            results.append({"legend": target["legendFormat"], "series": found})
        shown.append({"uid": dashboard["uid"], "dashboard": dashboard["title"], "panel": panel["id"], "results": results})
    asked = 0
    for name, expr in alert_queries():
        asked += 1
        server.get("query", query=expr)  # as it is, it must at least be understood
        if not server.series(measured(expr), began, ended, 1):
            missing.append(f"{name}: {measured(expr)}")
    queries = sum(len(one["results"]) for one in shown)
    print(f"asked: {queries} queries of {len(shown)} panels, {asked} of alerts; without an answer: {len(missing)}")
    return missing, shown


def scraped(server):
    """All three are scraped, and nothing of their pages is refused."""
    targets = server.get("targets")["activeTargets"]
    health = {one["labels"]["job"]: (one["health"], one["lastError"]) for one in targets}
    return health if len(health) == 3 and all(state == "up" for state, _ in health.values()) else None


def main():
    record = sys.argv[2] if sys.argv[1:2] == ["--record"] else None
    with contextlib.ExitStack() as stack:
        world = stack.enter_context(playground())
        discord = stack.enter_context(bot("discord", world, DISCORD_TOKEN="anything", DISCORD_API_URL=world["http"]))
        twitch = stack.enter_context(bot(
            "twitch", world, TWITCH_CHANNEL="pedrotown", TWITCH_BOT_LOGIN="pedro_bot", TWITCH_TOKEN="anything", TWITCH_ID="playground",
            TWITCH_IRC_URL=world["irc"], TWITCH_HELIX_URL=f"{world['http']}/helix", TWITCH_OAUTH_URL=f"{world['http']}/oauth2",
            TWITCH_EVENTSUB_URL=world["eventsub"], TWITCH_POLL_INTERVAL="2s"))
        targets = {"pedro-discord": discord, "pedro-twitch": twitch, "llama-cpp": os.environ["LLAMA_CPP_PATH"]}
        server = stack.enter_context(prometheus({job: url.removeprefix("http://").rstrip("/") for job, url in targets.items()}))
        until("all three are scraped", 60, lambda: scraped(server))
        time.sleep(3)  # so that what happens next is a change
        began = time.time()
        everything(world["http"], twitch, TOKEN, lambda series: figure(twitch, series))
        missing, shown = until("every query has an answer", 60, lambda: settled(server, began), every=3)
        if record:
            with open(record, "w") as file:
                json.dump({"began": began, "panels": shown}, file)
        broken = [rule["lastError"] for group in server.get("rules")["groups"] for rule in group["rules"] if rule["health"] != "ok"]
    for one in missing:
        print(f"nothing for: {one}", file=sys.stderr)
    sys.exit("error: not everything has something behind it" if missing or broken else 0)


def settled(server, began, tries=[]):  # noqa: B006 - counts the calls
    """The last scrapes may still be missing: asks a few times before it says that something is."""
    tries.append(1)
    missing, shown = check(server, began, time.time())
    return (missing, shown) if not missing or len(tries) >= 5 else None


main()
