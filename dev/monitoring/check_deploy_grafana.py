"""deployment/deploy-grafana.sh against a stand-in for Grafana: what it writes, that it can be run again, what it says when
something is wrong, and that no secret gets where others can read it."""

import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import unittest

from server import ROOT, free_port

SCRIPT = ROOT / "deployment/deploy-grafana.sh"
TOKEN, WEBHOOK = "token-for-the-check", "http://127.0.0.1:9/webhook-for-the-check"


class Grafana(http.server.ThreadingHTTPServer):
    """As much of Grafana's HTTP API as is asked for, with Grafana's own answers to what is not right."""

    def __init__(self):
        self.things = {
            "/api/v1/provisioning/contact-points": [{"uid": "theirs", "name": "email", "type": "email", "settings": {}}],
            "/api/v1/provisioning/policies": {
                "receiver": "email", "group_by": ["alertname"], "routes": [{"receiver": "email", "object_matchers": [["team", "=", "web"]]}],
            },
        }
        self.written, self.seen_secrets, self.fail_with = [], [], None
        super().__init__(("127.0.0.1", 0), Page)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return "http://127.0.0.1:{}".format(self.server_address[1])


def on_command_lines(*secrets):
    """The processes whose arguments hold a secret, as anybody on the host can see them."""
    found = []
    for file in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = file.read_bytes().decode(errors="replace")
        except OSError:
            continue
        found += [text for secret in secrets if secret in text]
    return found


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.handle_one("GET")

    do_POST = do_PUT = lambda self: self.handle_one(self.command)

    def log_message(self, *_):
        pass

    def answer(self, status, body):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def handle_one(self, method):
        grafana, path = self.server, self.path
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")
        grafana.seen_secrets += on_command_lines(TOKEN, WEBHOOK) + [path for secret in (TOKEN, WEBHOOK) if secret in path]
        if path == "/api/health":
            return self.answer(200, {"version": "12.4.4", "database": "ok"})
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.answer(401, {"message": "Invalid API key"})
        if grafana.fail_with:
            return self.answer(*grafana.fail_with)
        if method == "GET":
            there = path in grafana.things
            return self.answer(200 if there else 404, grafana.things.get(path, {"message": "not found"}))
        grafana.written.append((method, path))
        self.write(method, path, body)

    def write(self, method, path, body):
        things = self.server.things
        if path == "/api/datasources" or path.startswith("/api/datasources/uid/"):
            key = f"/api/datasources/uid/{body['uid']}"
            if (method == "PUT") != (key in things):
                return self.answer(409 if key in things else 404, {"message": "wrong verb"})
            things[key] = body
        elif path == "/api/folders":
            if f"/api/folders/{body['uid']}" in things:
                return self.answer(412, {"message": "a folder with that uid exists"})
            things[f"/api/folders/{body['uid']}"] = body
        elif path == "/api/dashboards/db":
            if f"/api/folders/{body['folderUid']}" not in things or not body["overwrite"]:
                return self.answer(400, {"message": "folder not found"})
            things[f"dashboard/{body['dashboard']['uid']}"] = body["dashboard"]
        elif path.startswith("/api/v1/provisioning/contact-points"):
            points = things["/api/v1/provisioning/contact-points"]
            known = [point for point in points if point["uid"] == body["uid"]]
            if (method == "PUT") != bool(known):
                return self.answer(404 if not known else 409, {"message": "wrong verb"})
            if not re.fullmatch(r"https?://.+", body["settings"]["url"]):
                return self.answer(400, {"message": "could not find webhook url property in settings"})
            points[:] = [point for point in points if point not in known] + [body]
        elif path == "/api/v1/provisioning/policies":
            names = {point["name"] for point in things["/api/v1/provisioning/contact-points"]}
            used = {body["receiver"], *(route["receiver"] for route in body["routes"])}
            if used - names:
                return self.answer(400, {"message": f"receivers {used - names} do not exist"})
            things[path] = body
        elif re.match("/api/v1/provisioning/(templates|folder/pedro/rule-groups)/", path):
            for rule in body.get("rules", []):
                asks = {query["datasourceUid"] for query in rule["data"]} - {"__expr__"}
                if any(f"/api/datasources/uid/{uid}" not in things for uid in asks):
                    return self.answer(400, {"message": "no such data source"})
            things[path] = body
        else:
            return self.answer(404, {"message": f"{method} {path} is unknown here"})
        self.answer(200, {})


class DeployGrafana(unittest.TestCase):
    def setUp(self):
        self.grafana = Grafana()
        self.addCleanup(self.grafana.server_close)
        self.addCleanup(self.grafana.shutdown)

    def run_script(self, *arguments, script=SCRIPT, **environment):
        given = {"PATH": os.environ["PATH"], "GRAFANA_URL": self.grafana.url, "GRAFANA_TOKEN": TOKEN, "PEDRO_ALERTS_WEBHOOK": WEBHOOK,
                 "LOKI_URL": "http://127.0.0.1:3100", "no_proxy": "*"} | environment
        done = subprocess.run([script, *arguments], env=given, capture_output=True, text=True, timeout=120)
        told = done.stdout + done.stderr
        self.assertNotIn(TOKEN, told)
        self.assertNotIn(WEBHOOK, told)
        self.assertNotIn("Traceback", told)
        self.assertEqual(self.grafana.seen_secrets, [], "a secret is on a command line or in a URL")
        return done.returncode, told

    def test_everything_is_there_after_the_first_run_and_the_same_after_the_second(self):
        code, told = self.run_script()
        self.assertEqual(code, 0, told)
        things = json.loads(json.dumps(self.grafana.things))
        self.assertEqual(len([name for name in things if name.startswith("dashboard/")]), 5)
        self.assertEqual(things["/api/datasources/uid/pedro-prometheus"]["url"], "http://100.125.196.1:9090")
        groups = [body for name, body in things.items() if "/rule-groups/" in name]
        rules = [rule for group in groups for rule in group["rules"]]
        self.assertIn("PedroQueueLong", [rule["title"] for rule in rules])
        names = [point["name"] for point in things["/api/v1/provisioning/contact-points"]]
        self.assertEqual(names, ["email", "Discord - Pedro Alerts"])
        code, told = self.run_script()
        self.assertEqual(code, 0, told)
        self.assertEqual(self.grafana.things, things)

    def test_what_others_configured_stays(self):
        self.assertEqual(self.run_script()[0], 0)
        tree = self.grafana.things["/api/v1/provisioning/policies"]
        self.assertEqual(tree["receiver"], "email")
        self.assertEqual([route["receiver"] for route in tree["routes"]], ["Discord - Pedro Alerts", "email"])

    def test_a_dry_run_writes_nothing_and_says_what_it_would(self):
        code, told = self.run_script("--dry-run")
        self.assertEqual((code, self.grafana.written), (0, []), told)
        for word in ("would write the dashboard Pedro on Twitch", "contact point Discord - Pedro Alerts", "nothing was written"):
            self.assertIn(word, told)

    def test_dashboards_only_need_no_webhook(self):
        code, told = self.run_script("--dashboards-only", PEDRO_ALERTS_WEBHOOK="")
        self.assertEqual(code, 0, told)
        self.assertEqual({path for _, path in self.grafana.written}, {"/api/folders", "/api/dashboards/db"})

    def test_secrets_may_lie_in_files(self):
        with tempfile.TemporaryDirectory() as folder:
            token, webhook = pathlib.Path(folder, "token"), pathlib.Path(folder, "webhook")
            token.write_text(TOKEN + "\n"), webhook.write_text(WEBHOOK + "\n")
            names = {"GRAFANA_TOKEN": "", "GRAFANA_TOKEN_FILE": str(token), "PEDRO_ALERTS_WEBHOOK": "", "PEDRO_ALERTS_WEBHOOK_FILE": str(webhook)}
            code, told = self.run_script(**names)
            self.assertEqual(code, 0, told)
            code, told = self.run_script(**names | {"GRAFANA_TOKEN_FILE": "/nowhere"})
            self.assertEqual(code, 1)
            self.assertIn("GRAFANA_TOKEN_FILE cannot be read", told)

    def test_what_is_wrong_is_said_in_a_sentence_that_helps(self):
        for environment, words in (
            ({"GRAFANA_TOKEN": ""}, "GRAFANA_TOKEN is not set: make one in Grafana"),
            ({"PEDRO_ALERTS_WEBHOOK": " "}, "PEDRO_ALERTS_WEBHOOK is not set"),
            ({"GRAFANA_TOKEN": "another"}, "Grafana refuses the token (401): make one"),
            ({"GRAFANA_URL": f"http://127.0.0.1:{free_port()}"}, "is GRAFANA_URL right?"),
        ):
            code, told = self.run_script(**environment)
            self.assertEqual(code, 1, told)
            self.assertIn(words, told)
        code, told = self.run_script("--sideways")
        self.assertEqual(code, 1)
        self.assertIn("--help", told)
        self.assertEqual(self.grafana.written, [])

    def test_a_failure_half_way_is_told_without_the_secrets_and_the_next_run_mends_it(self):
        self.grafana.fail_with = (500, {"message": f"cannot post to {WEBHOOK} with {TOKEN}"})
        code, told = self.run_script()
        self.assertEqual(code, 1)
        self.assertIn("Grafana answers 500", told)
        self.assertIn("[secret]", told)
        self.grafana.fail_with = None
        self.assertEqual(self.run_script()[0], 0)

    def test_where_the_rest_of_the_repository_is_not_it_says_so(self):
        with tempfile.TemporaryDirectory() as folder:
            alone = shutil.copy(SCRIPT, folder)
            code, told = self.run_script("--dashboards-only", script=alone)
        self.assertEqual(code, 1)
        self.assertIn("run this from the repository", told)

    def test_the_help_asks_for_nothing(self):
        done = subprocess.run([SCRIPT, "--help"], env={"PATH": os.environ["PATH"]}, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0)
        self.assertIn("--dry-run", done.stdout)


unittest.main()
