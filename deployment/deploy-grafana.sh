#!/usr/bin/env bash
# Gives a Grafana that runs already Pedro's data sources, dashboards and alerts: deploy-grafana.sh --help
# The work is done by Python (its standard library), which knows JSON; secrets stay in the environment.
set -euo pipefail

command -v python3 >/dev/null || { echo "error: python3 is missing" >&2 && exit 1; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
exec python3 - "$here" "$@" <<'PYTHON'
"""usage: deployment/deploy-grafana.sh [--dry-run] [--dashboards-only]

Gives a Grafana that runs already what Pedro needs, through its HTTP API: data sources, the dashboards in a folder "Pedro", the
contact point "Discord - Pedro Alerts", the alert rules, and a branch for them in the notification policies. What else is there
stays as it is. Running it again brings everything up to date. (compose.yaml needs none of this: its Grafana reads the files.)

  --dry-run          asks Grafana what is there, and says what would be written
  --dashboards-only  neither alerts nor data sources

  GRAFANA_URL           where Grafana is                            (http://100.125.196.1:3000)
  GRAFANA_TOKEN         token of a service account with the role Admin (Administration, Service accounts); or GRAFANA_TOKEN_FILE
  PEDRO_ALERTS_WEBHOOK  webhook of the Discord channel for alerts; or PEDRO_ALERTS_WEBHOOK_FILE
  PROMETHEUS_URL        where Grafana finds Prometheus              (http://100.125.196.1:9090)
  LOKI_URL              where Grafana finds Loki; unset: no logs in Grafana
"""

import json
import os
import pathlib
import sys
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(sys.argv[1]).parent
FOLDER = "pedro"


def die(why):
    sys.exit(f"error: {hide(why)}")


def secret(name, where):
    """From the environment, or from the file that it names; never from the command line, which everybody can read."""
    value, file = os.environ.get(name, ""), os.environ.get(f"{name}_FILE", "")
    if not value and file:
        try:
            value = pathlib.Path(file).read_text()
        except OSError as error:
            sys.exit(f"error: {name}_FILE cannot be read: {error.strerror}: {file}")
    if not value.strip():
        sys.exit(f"error: {name} is not set: {where}")
    secrets.append(value.strip())
    return value.strip()


secrets = []


def hide(text):
    for one in secrets:
        text = text.replace(one, "[secret]")
    return text


class Grafana:
    def __init__(self, url, token, dry_run):
        self.url, self.token, self.dry_run = url.rstrip("/"), token, dry_run

    def ask(self, method, path, body=None, missing=False):
        """What it answers; None for what is not there, if that may be."""
        # Without provenance: what is written can still be changed by hand.
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", "X-Disable-Provenance": "true"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            if error.code == 404 and missing:
                return None
            told = error.read().decode(errors="replace")[:500]
            if error.code in (401, 403):
                die(f"Grafana refuses the token ({error.code}): make one for a service account with the role Admin, and give it as GRAFANA_TOKEN. {told}")
            die(f"{method} {path}: Grafana answers {error.code}: {told}")
        except OSError as error:
            die(f"Grafana does not answer at {self.url}: {getattr(error, 'reason', error)}; is GRAFANA_URL right?")
        try:
            return json.loads(text or b"null")
        except ValueError:
            die(f"{method} {path}: what answers at {self.url} is no Grafana")

    def write(self, what, method, path, body):
        print(f"{'would write' if self.dry_run else 'writes'} {what}", flush=True)
        if not self.dry_run:
            self.ask(method, path, body)

    def put_or_post(self, what, there, collection, body, uid):
        method, path = ("PUT", f"{collection}/{uid}") if there else ("POST", collection)
        self.write(what, method, path, body)


def read(path):
    try:
        return json.loads((ROOT / path).read_text())
    except FileNotFoundError:
        die(f"{path} is missing: run this from the repository, where deployment/ lies beside grafana/")


def data_sources(grafana):
    wanted = [("pedro-prometheus", "Prometheus (Pedro)", "prometheus", os.environ.get("PROMETHEUS_URL") or "http://100.125.196.1:9090",
               {"httpMethod": "POST", "timeInterval": "15s"})]
    if os.environ.get("LOKI_URL"):
        wanted.append(("pedro-loki", "Loki (Pedro)", "loki", os.environ["LOKI_URL"], {"maxLines": 1000}))
    for uid, name, kind, url, settings in wanted:
        there = grafana.ask("GET", f"/api/datasources/uid/{uid}", missing=True)
        body = {"uid": uid, "name": name, "type": kind, "url": url, "access": "proxy", "jsonData": settings}
        path = "/api/datasources/uid" if there else "/api/datasources"
        grafana.put_or_post(f"the data source {name}: {url}", there, path, body, uid)


def dashboards(grafana):
    if grafana.ask("GET", f"/api/folders/{FOLDER}", missing=True) is None:
        grafana.write("the folder Pedro", "POST", "/api/folders", {"uid": FOLDER, "title": "Pedro"})
    files = sorted((ROOT / "grafana/dashboards").glob("*.json"))
    if not files:
        die("grafana/dashboards/ is missing: run this from the repository, where deployment/ lies beside grafana/")
    for file in files:
        dashboard = json.loads(file.read_text()) | {"id": None}
        body = {"dashboard": dashboard, "folderUid": FOLDER, "overwrite": True, "message": "deploy-grafana.sh"}
        grafana.write(f"the dashboard {dashboard['title']}", "POST", "/api/dashboards/db", body)


def contact_point(grafana, webhook):
    template = read("grafana/provisioning/alerting/templates.json")["templates"][0]
    grafana.write("the words of the messages", "PUT", f"/api/v1/provisioning/templates/{template['name']}", {"template": template["template"]})
    point = read("grafana/provisioning/alerting/contact-points.json")["contactPoints"][0]
    receiver = point["receivers"][0]
    body = receiver | {"name": point["name"], "settings": receiver["settings"] | {"url": webhook}}
    known = grafana.ask("GET", "/api/v1/provisioning/contact-points")
    mine = [one for one in known if one["uid"] == receiver["uid"] or one["name"] == point["name"]]
    uid = mine[0]["uid"] if mine else receiver["uid"]
    grafana.put_or_post(f"the contact point {point['name']}", mine, "/api/v1/provisioning/contact-points", body | {"uid": uid}, uid)


def is_pedros(route):
    return ["service", "=", "pedro"] in route.get("object_matchers", [])


def policies(grafana):
    """Puts Pedro's branch first; the rest of the tree is somebody else's."""
    branch = read("grafana/provisioning/alerting/policies.json")["policies"][0]["routes"][0]
    tree = grafana.ask("GET", "/api/v1/provisioning/policies")
    others = [route for route in tree.get("routes") or [] if not is_pedros(route)]
    tree["routes"] = [branch, *others]
    grafana.write(f"Pedro's branch of the notification policies (beside {len(others)} others)", "PUT", "/api/v1/provisioning/policies", tree)


def rules(grafana):
    for group in read("grafana/provisioning/alerting/rules.json")["groups"]:
        made = [rule | {"orgID": 1, "folderUID": FOLDER, "ruleGroup": group["name"]} for rule in group["rules"]]
        body = {"title": group["name"], "folderUid": FOLDER, "interval": 60, "rules": made}
        path = f"/api/v1/provisioning/folder/{FOLDER}/rule-groups/{urllib.parse.quote(group['name'])}"
        grafana.write(f"{len(made)} alert rules: {group['name']}", "PUT", path, body)


def main():
    arguments = sys.argv[2:]
    if "--help" in arguments or "-h" in arguments:
        print(__doc__.strip())
        return
    unknown = [one for one in arguments if one not in ("--dry-run", "--dashboards-only")]
    if unknown:
        sys.exit(f"error: {unknown[0]} is not known here; deploy-grafana.sh --help")
    alerting = "--dashboards-only" not in arguments
    token = secret("GRAFANA_TOKEN", "make one in Grafana: Administration, Service accounts, with the role Admin")
    webhook = secret("PEDRO_ALERTS_WEBHOOK", "in Discord: channel settings, Integrations, Webhooks; or use --dashboards-only") if alerting else ""
    grafana = Grafana(os.environ.get("GRAFANA_URL") or "http://100.125.196.1:3000", token, "--dry-run" in arguments)
    print(f"Grafana {grafana.ask('GET', '/api/health').get('version', 'of some version')} at {grafana.url}", flush=True)
    if alerting:
        data_sources(grafana)
    dashboards(grafana)
    if alerting:
        contact_point(grafana, webhook)
        policies(grafana)
        rules(grafana)
    print("nothing was written" if grafana.dry_run else f"done: {grafana.url}/dashboards/f/{FOLDER}")


main()
PYTHON
