#!/usr/bin/env python3
"""Makes an alert fire, without hurting a bot: tells Prometheus of one more bot, whose figures are bad.

usage: drill.py [OPTIONS] ALERT...      drill.py --list      (docs/runbook.md has a line for each alert)

On the host of Prometheus, where prometheus.yml has the job "drill". The alert goes the whole way: rule, Grafana, the
channel on Discord. It takes as long as the alert's own patience, up to half an hour. Until then, or until Ctrl-C,
the figures are served; then Prometheus forgets the bot (instance "drill/ALERT") by itself. Needs nothing but Python.

  --prometheus URL     where Prometheus is, to tell when the alert fires   (http://127.0.0.1:9090)
  --targets FOLDER     the folder drill/ beside prometheus.yml             (/etc/prometheus/drill)
  --listen HOST:PORT   where the figures are served                        (127.0.0.1:9099)
  --address HOST:PORT  where Prometheus finds them, if that is elsewhere   (with compose.yaml: host.docker.internal:9099,
                       and --listen 0.0.0.0:9099)
  --minutes N          how long at most                                    (40)
  --once               end when all of them fire in Prometheus; exit code 1 if they do not in time
  --speed N            time runs so much faster: for tests, with rules whose times are as much shorter
"""

import argparse
import http.server
import json
import os
import pathlib
import sys
import threading
import time
import urllib.parse
import urllib.request

TWITCH, DISCORD, MODEL = "pedro-twitch", "pedro-discord", "llama-cpp"
DEAD = None  # the page does not answer


def buckets(name, labels, bounds, slow_from, count):
    """A histogram whose every sample lies above the bound `slow_from`."""
    return {f'{name}_bucket{{{labels},le="{bound}"}}': 0 if bound != "+Inf" and bound <= slow_from else count for bound in (*bounds, "+Inf")}


# By alert: the job that it seems to come from, and the page after so many seconds. Rates are per second.
DRILLS = {
    "PedroSlow": (TWITCH, lambda t: buckets("http_request_duration_seconds", 'handler="ask",method="POST",status="200"', [1, 2, 5], 2, t / 5)),
    "PedroModelErrors": (TWITCH, lambda t: {'pedro_model_requests_total{purpose="answer"}': t, 'pedro_model_errors_total{purpose="answer"}': t / 2}),
    "PedroQueueLong": (TWITCH, lambda t: {"pedro_queue_depth": 60}),
    "PedroGenerationsFail": (TWITCH, lambda t: {"successful_llm_gen_count": t, "failed_llm_gen_count": t}),
    "PedroGenerationsEmpty": (TWITCH, lambda t: {"successful_llm_gen_count": t, "empty_llm_response_count": t}),
    "PedroWebSearchFails": (TWITCH, lambda t: {"web_search_fail_count": 2 * t}),
    "PedroDown": (TWITCH, lambda t: DEAD),
    "PedroRestarts": (TWITCH, lambda t: {"process_start_time_seconds": 1 + t // 180}),
    "PedroNotConnected": (TWITCH, lambda t: {'pedro_connected{platform="twitch"}': 0}),
    "PedroHearsNothing": (DISCORD, lambda t: {'pedro_last_event_age_seconds{platform="discord"}': 900}),
    "PedroReconnects": (TWITCH, lambda t: {'pedro_reconnects_total{platform="twitch",reason="closed"}': t // 20}),
    "PedroTokenExpires": (TWITCH, lambda t: {"pedro_token_expiry_seconds": 0}),
    "PedroDatabaseAway": (TWITCH, lambda t: {'pedro_ready{check="database"}': 0}),
    "PedroModelAway": (DISCORD, lambda t: {'pedro_ready{check="model"}': 0}),
    "PedroModelServerDown": (MODEL, lambda t: DEAD),
    "PedroLosesMessages": (TWITCH, lambda t: {'pedro_messages_dropped_total{platform="twitch",reason="overflow"}': t // 10}),
    "PedroBusy": (TWITCH, lambda t: {'pedro_messages_dropped_total{platform="twitch",reason="busy"}': t // 10}),
    "PedroBufferFills": (TWITCH, lambda t: {'pedro_messages_waiting{platform="twitch"}': 5000}),
    "PedroEmbeddingsLag": (TWITCH, lambda t: {"pedro_embedding_lag_messages": 1000 + t}),
    "PedroQueueStuck": (TWITCH, lambda t: {"pedro_queue_oldest_seconds": 1500 + t}),
    "PedroAnswersVerySlow": (TWITCH, lambda t: buckets("pedro_reply_duration_seconds", 'platform="twitch",kind="answer"', [120, 300, 600], 300, t / 5)),
    "PedroPlansFail": (DISCORD, lambda t: {'pedro_plans_total{outcome="failed"}': t, 'pedro_plans_total{outcome="succeeded"}': 0}),
    "PedroPlanStepsFail": (DISCORD, lambda t: {f'pedro_plan_steps_total{{action="web_search",outcome="{outcome}"}}': value
                                               for outcome, value in (("failed", t), ("succeeded", 0))}),
    "PedroCommandsFail": (DISCORD, lambda t: {'discord_command_total{command="askpedro"}': t, 'discord_command_errors{command="askpedro"}': t / 2}),
    "PedroTwitchRejects": (TWITCH, lambda t: {"twitch_message_rejected_count": t // 30}),
}


def server(listen, speed):
    """Serves /ALERT, each with figures that go on from now."""
    began = time.monotonic()

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            drill = DRILLS.get(self.path.strip("/"))
            figures = drill and drill[1]((time.monotonic() - began) * speed)
            self.send_response(200 if figures else 503)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write("".join(f"{series} {value}\n" for series, value in (figures or {}).items()).encode())

        def log_message(self, *_):
            pass

    host, port = listen.rsplit(":", 1)
    made = http.server.ThreadingHTTPServer((host, int(port)), Page)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    return made


def tell_prometheus(file, alerts, address):
    groups = [
        {"targets": [address], "labels": {"job": DRILLS[alert][0], "instance": f"drill/{alert}", "__metrics_path__": f"/{alert}"}}
        for alert in alerts
    ]
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(groups, indent=1) + "\n")
    fresh.rename(file)  # as a whole: Prometheus reads it at any time


def states(prometheus):
    """The state of the drills' alerts, by name."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.parse.urljoin(prometheus, "/api/v1/alerts"), timeout=10) as answer:
        alerts = json.load(answer)["data"]["alerts"]
    return {one["labels"]["alertname"]: one["state"] for one in alerts if one["labels"].get("instance") == f"drill/{one['labels']['alertname']}"}


def follow(options):
    """Tells what becomes of them, until the time is over. True if all of them have fired."""
    end, known, fired = time.monotonic() + options.minutes * 60, {}, set()
    while time.monotonic() < end and not (options.once and fired == set(options.alerts)):
        time.sleep(1)
        try:
            now = states(options.prometheus)
        except OSError as error:
            print(f"Prometheus does not answer at {options.prometheus}: {error}", file=sys.stderr)
            continue
        for alert in options.alerts:
            state = now.get(alert, "quiet")
            if state != known.get(alert, "quiet"):
                print(f"{time.strftime('%H:%M:%S')}  {alert}: {state}", flush=True)
            if state == "firing":
                fired.add(alert)
        known = now
    return fired == set(options.alerts)


def arguments():
    parser = argparse.ArgumentParser(usage=__doc__, add_help=False)
    parser.add_argument("alerts", nargs="*")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--prometheus", default="http://127.0.0.1:9090")
    parser.add_argument("--targets", type=pathlib.Path, default=pathlib.Path("/etc/prometheus/drill"))
    parser.add_argument("--listen", default="127.0.0.1:9099")
    parser.add_argument("--address")
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--speed", type=float, default=1)
    parser.add_argument("-h", "--help", action="store_true")
    options = parser.parse_args()
    if options.help:
        print(__doc__)
        sys.exit(0)
    if options.list:
        print("\n".join(DRILLS))
        sys.exit(0)
    unknown = [alert for alert in options.alerts if alert not in DRILLS]
    if unknown or not options.alerts:
        sys.exit(f"error: {', '.join(unknown) or 'no alert'}: name some of these:\n  " + "\n  ".join(DRILLS))
    return options


def main():
    options = arguments()
    file = options.targets / f"drill-{os.getpid()}.json"
    try:
        options.targets.mkdir(parents=True, exist_ok=True)
        pages = server(options.listen, options.speed)
    except OSError as error:
        sys.exit(f"error: {error}: run this on the host of Prometheus with the right to write {options.targets}, or name another place")
    try:
        tell_prometheus(file, options.alerts, options.address or "{}:{}".format(*pages.server_address))
        print(f"Prometheus is told of bad figures ({file}); Ctrl-C ends it", flush=True)
        all_fired = follow(options)
    except KeyboardInterrupt:
        all_fired = True
    finally:
        file.unlink(missing_ok=True)
        pages.shutdown()
    print("Prometheus forgets them within a few minutes", flush=True)
    sys.exit(0 if all_fired or not options.once else 1)


if __name__ == "__main__":
    import signal

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: cleans up
    main()
