"""Grafana's alert rules, made of Prometheus' own (prometheus/rules/pedro.yml): one set of expressions, two places that
evaluate them. Grafana is the one that tells people."""

import re

# The uid that grafana/provisioning/datasources/pedro.yml gives.
PROMETHEUS = "pedro-prometheus"
FOLDER = "Pedro"
RUNBOOK = "docs/runbook.md"


def words(text):
    """Prometheus' templates in Grafana's dialect: the value of query A has a name of its own."""
    return re.sub(r"\$value\b", "$values.A.Value", text)


def uid(alert):
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", alert).lower()


def rule(made):
    """A series is there only while the expression's own comparison holds, so any value at all is a reason to fire (some
    are 0: that is what `up == 0` brings), and no series is good news."""
    query = {"refId": "A", "expr": made["expr"], "instant": True, "range": False, "intervalMs": 1000, "maxDataPoints": 43200}
    any_value = {"type": "query", "evaluator": {"type": "gt", "params": [-1]}, "operator": {"type": "and"}, "query": {"params": ["B"]}}
    condition = {"refId": "B", "type": "threshold", "expression": "A", "conditions": [any_value],
                 "datasource": {"type": "__expr__", "uid": "__expr__"}}
    name = made["alert"]
    return {
        "uid": uid(name),
        "title": name,
        "condition": "B",
        "data": [
            {"refId": "A", "datasourceUid": PROMETHEUS, "relativeTimeRange": {"from": 1800, "to": 0}, "model": query},
            {"refId": "B", "datasourceUid": "__expr__", "relativeTimeRange": {"from": 1800, "to": 0}, "model": condition},
        ],
        "for": made.get("for", "0s"),
        "noDataState": "OK",
        "execErrState": "Error",
        "labels": {**made["labels"], "service": "pedro"},
        "annotations": {**{key: words(text) for key, text in made["annotations"].items()}, "runbook": f"{RUNBOOK}#{name.lower()}"},
        "isPaused": False,
    }


def groups(rules):
    """Grafana's provisioning file, of Prometheus' rule file."""
    made = [
        {"orgId": 1, "name": group["name"], "folder": FOLDER, "interval": "1m", "rules": [rule(one) for one in group["rules"]]}
        for group in rules["groups"]
    ]
    return {"apiVersion": 1, "groups": made}
