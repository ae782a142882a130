"""A real Prometheus for a while, with the project's own configuration, and what is asked of it."""

import contextlib
import json
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TOOLS = ROOT / ".local/monitoring"
BINARY = TOOLS / "prometheus/usr/bin/prometheus"

# A proxy is never right for loopback.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def fetch(url, timeout=10):
    with _opener.open(url, timeout=timeout) as answer:
        return answer.read().decode()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(what, seconds, look, every=0.25):
    """Waits until it is so; far longer than anything takes."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            sys.exit(f"error: waited {seconds:.0f} s in vain until {what}")
        time.sleep(every)


@contextlib.contextmanager
def process(name, command, log, env=None, seconds=30):
    """Runs a program as long as the block, and stops it in order."""
    with open(log, "wb") as out:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env, start_new_session=True)
    try:
        yield child
        if child.poll() is not None:
            sys.exit(f"error: {name} ended by itself ({child.returncode}); see {log}")
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def shorter(text, speed):
    """A rule file whose times are so much shorter, for drills that nobody waits half an hour for."""
    short = lambda found: f"{max(1, round(int(found[1]) * 60 / speed))}s"  # noqa: E731
    return re.sub(r"(?<=\[)(\d+)m(?=\])", short, re.sub(r"(?<=for: )(\d+)m$", short, text, flags=re.M))


class Prometheus:
    """Where it listens, and what can be asked."""

    def __init__(self, url, folder):
        self.url, self.folder = url, folder

    def get(self, path, **parameters):
        answer = json.loads(fetch(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}", timeout=60))
        if answer["status"] != "success":
            raise ValueError(answer)
        return answer["data"]

    def series(self, expr, start, end, step):
        """What a panel would show: for each series its labels and its points that are numbers."""
        found = self.get("query_range", query=expr, start=start, end=end, step=step)["result"]
        made = [(one["metric"], [(at, float(value)) for at, value in one["values"] if value not in ("NaN",)]) for one in found]
        return [(labels, points) for labels, points in made if points]


@contextlib.contextmanager
def prometheus(targets, speed=1):
    """Prometheus with prometheus/prometheus.yml, but for the places (by job) and that it looks every second."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pedro-prometheus-"))
    try:
        config = yaml.safe_load((ROOT / "prometheus/prometheus.yml").read_text())
        config["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
        for job in config["scrape_configs"]:
            if job["job_name"] in targets:
                job["static_configs"] = [{"targets": [targets[job["job_name"]]]}]
                job["scheme"] = "http"
            elif "static_configs" in job:
                del job["static_configs"]
            for discovery in job.get("file_sd_configs", []):
                discovery["refresh_interval"] = "1s"
        (folder / "rules").mkdir()
        (folder / "drill").mkdir()
        (folder / "rules/pedro.yml").write_text(shorter((ROOT / "prometheus/rules/pedro.yml").read_text(), speed) if speed != 1
                                                else (ROOT / "prometheus/rules/pedro.yml").read_text())
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        port = free_port()
        command = [BINARY, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                   f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]
        log = TOOLS / "prometheus.log"
        with process("Prometheus", command, log) as child:
            url = f"http://127.0.0.1:{port}"
            until("Prometheus is ready", 60, lambda: child.poll() is None and ready(url))
            yield Prometheus(url, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def ready(url):
    try:
        return fetch(f"{url}/-/ready", timeout=5)
    except OSError:
        return None
