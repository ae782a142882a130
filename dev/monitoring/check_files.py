"""What can be said about monitoring's files without running anything but promtool: every name exists, every alert has its
tests, its drill and its section of the runbook, and Grafana would understand what it is given."""

import json
import re
import subprocess
import sys

import yaml
from server import ROOT, TOOLS

PROMTOOL = TOOLS / "prometheus/usr/bin/promtool"
CONTACT = "Discord - Pedro Alerts"
# Prometheus' own, and what every process has. That these exist is seen when live.py asks for them.
FOREIGN = re.compile(r"up$|llamacpp:|process_")
WORDS = {"by", "without", "on", "ignoring", "group_left", "group_right", "and", "or", "unless", "offset", "bool", "le", "Inf", "NaN"}

problems = []


def fail(what):
    problems.append(what)


def read(path):
    return (ROOT / path).read_text()


def load(path):
    return yaml.safe_load(read(path))


def catalogue():
    """Every metric's name with its kind, as the bots tell them."""
    found = re.findall(r'\b[A-Z_]+ = "([a-z_]+)", Kind::(\w+)', read("crates/pedro-core/src/service/metrics/catalog.rs"))
    if len(found) < 40:
        fail(f"only {len(found)} metrics were found in catalog.rs: did its form change?")
    return dict(found)


def names(expr):
    """The metrics that an expression asks for."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", expr)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]", " ", bare)
    bare = re.sub(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", bare)
    found = re.findall(r"(?<![\w:.$])([a-zA-Z_:][\w:]*)(?!\s*\()(?![\w:])", bare)
    return {name for name in found if name not in WORDS}


def check_names(where, expr, known):
    if not names(expr):
        fail(f"{where}: no metric is asked for: {expr}")
    for name in names(expr) - known.keys():
        base = re.sub(r"_(bucket|count|sum)$", "", name)
        if not FOREIGN.match(name) and known.get(base) != "Histogram":
            fail(f"{where}: there is no metric {name}")


def dashboards():
    files = sorted((ROOT / "grafana/dashboards").glob("*.json")) + [ROOT / "deployment/grafana-pedro-dashboard.json"]
    return {file.relative_to(ROOT): json.loads(file.read_text()) for file in files}


def check_dashboards(known):
    uids = set()
    for path, dashboard in dashboards().items():
        uids.add(dashboard["uid"])
        ids = [panel["id"] for panel in dashboard["panels"]]
        if len(ids) != len(set(ids)):
            fail(f"{path}: two panels have one id")
        for panel in dashboard["panels"]:
            if panel["type"] == "row":
                continue
            where = f"{path}, {panel['title']}"
            if not panel.get("description") or not panel["fieldConfig"]["defaults"].get("unit"):
                fail(f"{where}: has no description or no unit")
            refs = [target["refId"] for target in panel["targets"]]
            if len(refs) != len(set(refs)) or not refs:
                fail(f"{where}: queries need names of their own: {refs}")
            for target in panel["targets"]:
                check_names(where, target["expr"], known)
        text = json.dumps(dashboard)
        variables = {one["name"] for one in dashboard["templating"]["list"]} | {one["name"] for one in dashboard.get("__inputs", [])}
        for used in set(re.findall(r"\$\{(\w+)\}", text)) - variables:
            fail(f"{path}: nothing gives a value to ${{{used}}}")
    if len(uids) != len(dashboards()):
        fail("two dashboards have one uid")


def check_rules(known):
    rules = [rule for group in load("prometheus/rules/pedro.yml")["groups"] for rule in group["rules"]]
    alerts = [rule["alert"] for rule in rules]
    for rule in rules:
        check_names(rule["alert"], rule["expr"], known)
        if rule["labels"].get("severity") not in ("critical", "warning", "info"):
            fail(f"{rule['alert']}: has no severity")
        if {"summary", "description"} - rule["annotations"].keys():
            fail(f"{rule['alert']}: says not what is wrong")
    check_tests(alerts)
    drills = set(subprocess.run([ROOT / "prometheus/drill.py", "--list"], capture_output=True, text=True, check=True).stdout.split())
    sections = dict(re.findall(r"^### (\w+)\n(.*?)(?=^#|\Z)", read("docs/runbook.md"), re.M | re.S))
    for alert in alerts:
        section = sections.get(alert, "")
        for word in ("**Means.**", "**Look.**", "**Do.**", f"drill.py {alert}"):
            if word not in section:
                fail(f"docs/runbook.md: the section of {alert} lacks {word}")
    for stranger in (drills | sections.keys()) - set(alerts):
        fail(f"{stranger} is in drill.py or docs/runbook.md, and is no alert")
    if set(alerts) - drills:
        fail(f"drill.py does not know {set(alerts) - drills}")
    return alerts


def check_tests(alerts):
    """promtool says whether the tests pass; this, whether there are enough of them."""
    fires, silent = set(), set()
    for file in (ROOT / "prometheus/tests").glob("*.yml"):
        for test in yaml.safe_load(file.read_text())["tests"]:
            for one in test["alert_rule_test"]:
                (fires if one["exp_alerts"] else silent).add(one["alertname"])
    for alert in alerts:
        if alert not in fires or alert not in silent:
            fail(f"{alert}: needs a test in prometheus/tests/ in which it fires, and one in which it does not")


def check_kept_expressions():
    """What operators' older alerts and dashboards say: kept to the letter."""
    text = read("prometheus/rules/pedro.yml")
    for expr in (
        'histogram_quantile(0.95, rate(http_request_duration_seconds_bucket{job=~"pedro-discord|pedro-twitch"}[5m])) > 2',
        "rate(pedro_model_errors_total[5m]) / rate(pedro_model_requests_total[5m]) > 0.1",
        "pedro_queue_depth > 50",
        "rate(failed_llm_gen_count[5m]) / (rate(successful_llm_gen_count[5m]) + rate(failed_llm_gen_count[5m])) > 0.1",
        "rate(empty_llm_response_count[5m]) / rate(successful_llm_gen_count[5m]) > 0.2",
        "rate(web_search_fail_count[5m]) > 0.5",
    ):
        if f"expr: {expr}\n" not in text:
            fail(f"prometheus/rules/pedro.yml: an expression of old is gone: {expr}")


def check_provisioning(alerts):
    """Grafana's file formats, as far as Pedro uses them."""
    sources = load("grafana/provisioning/datasources/pedro.yml")
    uids = {one["uid"]: one["type"] for one in sources["datasources"]}
    if uids != {"pedro-prometheus": "prometheus", "pedro-loki": "loki"}:
        fail(f"data sources: {uids}")
    provider = load("grafana/provisioning/dashboards/pedro.yml")["providers"][0]
    if provider["type"] != "file" or not provider["options"].get("path"):
        fail("grafana/provisioning/dashboards/pedro.yml: names no folder")
    contact = load("grafana/provisioning/alerting/contact-points.json")["contactPoints"][0]
    receiver = contact["receivers"][0]
    if contact["name"] != CONTACT or receiver["type"] != "discord" or not re.fullmatch(r"\$\{\w+\}", receiver["settings"]["url"]):
        fail(f"contact point: {contact['name']}; its webhook must come from the environment")
    policy = load("grafana/provisioning/alerting/policies.json")["policies"][0]
    for route in [policy, *policy["routes"], *(inner for route in policy["routes"] for inner in route.get("routes", []))]:
        if route["receiver"] != CONTACT:
            fail(f"policy: {route['receiver']} is no contact point")
    groups = load("grafana/provisioning/alerting/rules.json")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    if [rule["title"] for rule in rules] != alerts or len({rule["uid"] for rule in rules}) != len(alerts):
        fail("Grafana's rules are not Prometheus' rules")
    for rule in rules:
        if rule["data"][0]["datasourceUid"] not in uids or rule["condition"] not in [query["refId"] for query in rule["data"]]:
            fail(f"Grafana's {rule['title']}: asks nobody")
        if len(rule["uid"]) > 40 or not re.fullmatch(r"[\w-]+", rule["uid"]):
            fail(f"Grafana's {rule['title']}: Grafana takes no such uid")


def promtool(*arguments):
    done = subprocess.run([PROMTOOL, *arguments], cwd=ROOT / "prometheus", capture_output=True, text=True)
    if done.returncode != 0:
        fail(f"promtool {' '.join(map(str, arguments))}:\n{done.stdout}{done.stderr}")


def main():
    promtool("check", "config", "prometheus.yml")
    promtool("check", "rules", "rules/pedro.yml")
    promtool("test", "rules", *sorted((ROOT / "prometheus/tests").glob("*.yml")))
    generated = subprocess.run([sys.executable, ROOT / "grafana/generate.py", "--check"], capture_output=True, text=True)
    if generated.returncode != 0:
        fail(generated.stderr.strip())
    known = catalogue()
    check_dashboards(known)
    alerts = check_rules(known)
    check_kept_expressions()
    check_provisioning(alerts)
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    if problems:
        sys.exit(1)
    print(f"{len(alerts)} alerts with their tests, {len(dashboards())} dashboards, {len(known)} metrics: all fit together")


main()
