"""Writes what Grafana is given: dashboards by Grafana's own published types, alert rules of Prometheus' rules.

usage: generate.py [--check]        --check only says whether the files are up to date

    grafana/dashboards/*.json                     for file provisioning
    grafana/provisioning/alerting/*.json          likewise; Grafana takes JSON as well as YAML, and so does a shell script
    deployment/grafana-pedro-dashboard.json       to import by hand
"""

import json
import pathlib
import sys

import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder

import alerts
import boards

ROOT = pathlib.Path(__file__).resolve().parent.parent


def text_of(dashboard):
    return json.dumps(json.loads(JSONEncoder(sort_keys=True).encode(dashboard)), indent=1, sort_keys=True) + "\n"


def importable(dashboard):
    """As Grafana exports a dashboard: it asks which data source is meant."""
    made = json.loads(text_of(dashboard).replace("${datasource}", "${DS_PROMETHEUS}"))
    # The variable would offer a choice that no panel heeds.
    made["templating"] = {"list": []}
    made["__inputs"] = [{
        "name": "DS_PROMETHEUS", "label": "Prometheus", "description": "", "type": "datasource",
        "pluginId": "prometheus", "pluginName": "Prometheus",
    }]
    made["__requires"] = [{"type": "datasource", "id": "prometheus", "name": "Prometheus", "version": "1.0.0"}]
    made["__elements"] = {}
    made["id"] = None
    return json.dumps(made, indent=1, sort_keys=True) + "\n"


def files():
    """Path, from the project's root, and text of every file."""
    made = {f"grafana/dashboards/{uid}.json": text_of(dashboard) for uid, dashboard in boards.boards().items()}
    made["deployment/grafana-pedro-dashboard.json"] = importable(boards.everything())
    rules = yaml.safe_load((ROOT / "prometheus/rules/pedro.yml").read_text())
    alerting = alerts.files() | {"rules.json": alerts.rule_groups(rules)}
    made |= {f"grafana/provisioning/alerting/{name}": json.dumps(content, indent=1) + "\n" for name, content in alerting.items()}
    return made


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit(__doc__)
    stale = []
    for path, text in files().items():
        file = ROOT / path
        if check:
            stale += [path] if not file.exists() or file.read_text() != text else []
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    known = {ROOT / path for path in files()}
    folders = ("grafana/dashboards", "grafana/provisioning/alerting")
    strange = [str(file.relative_to(ROOT)) for folder in folders for file in (ROOT / folder).glob("*") if file not in known]
    if strange:
        sys.exit(f"error: not made by grafana/generate.py: {', '.join(strange)}")
    if stale:
        sys.exit(f"error: not up to date: {', '.join(stale)}; run: dev/check-monitoring --generate")


main()
