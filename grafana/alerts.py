"""Grafana's alert rules, made of Prometheus' own (prometheus/rules/pedro.yml): one set of expressions, two places that
evaluate them. Grafana is the one that tells people."""

import re

# The uid that grafana/provisioning/datasources/pedro.yml gives.
PROMETHEUS = "pedro-prometheus"
FOLDER = "Pedro"
RUNBOOK = "docs/runbook.md"
CONTACT = "Discord - Pedro Alerts"
MESSAGE = """{{ define "pedro.title" -}}
{{ if .Alerts.Firing }}{{ len .Alerts.Firing }} firing{{ end }}
{{- if and .Alerts.Firing .Alerts.Resolved }}, {{ end }}
{{- if .Alerts.Resolved }}{{ len .Alerts.Resolved }} over{{ end }}: {{ .CommonLabels.alertname }}
{{- end }}
{{ define "pedro.message" -}}
{{ range .Alerts.Firing }}:red_circle: **{{ .Labels.severity }}** {{ .Annotations.summary }}
{{ .Annotations.description }} ({{ .Annotations.runbook }})
{{ end }}
{{- range .Alerts.Resolved }}:green_circle: over: {{ .Annotations.summary }}
{{ end }}
{{- end }}
"""


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


def rule_groups(rules):
    """Grafana's provisioning file, of Prometheus' rule file."""
    made = [
        {"orgId": 1, "name": group["name"], "folder": FOLDER, "interval": "1m", "rules": [rule(one) for one in group["rules"]]}
        for group in rules["groups"]
    ]
    return {"apiVersion": 1, "groups": made}


def contact_points():
    """Whom Grafana tells. It does not start with an empty address: PEDRO_ALERTS_WEBHOOK, in its environment, is the webhook
    of a Discord channel (channel settings, Integrations, Webhooks). It is a secret: whoever has it can write there."""
    settings = {
        "url": "${PEDRO_ALERTS_WEBHOOK}",
        "use_discord_username": False,
        "title": '{{ template "pedro.title" . }}',
        "message": '{{ template "pedro.message" . }}',
    }
    receiver = {"uid": "pedro-discord-alerts", "type": "discord", "disableResolveMessage": False, "settings": settings}
    return {"apiVersion": 1, "contactPoints": [{"orgId": 1, "name": CONTACT, "receivers": [receiver]}]}


def policies():
    """How often people are told. File provisioning knows only the whole tree: this one is for a Grafana that is Pedro's own.
    deployment/deploy-grafana.sh adds only Pedro's branch to a tree that is there already."""
    def branch(severity, **often):
        return {"receiver": CONTACT, "object_matchers": [["severity", "=", severity]], **often}

    pedro = {
        "receiver": CONTACT,
        "object_matchers": [["service", "=", "pedro"]],
        "group_by": ["alertname", "job"],
        "group_wait": "30s",
        "group_interval": "5m",
        "repeat_interval": "4h",
        "routes": [
            branch("critical", group_wait="10s", repeat_interval="1h"),
            branch("info", group_interval="1h", repeat_interval="24h"),
        ],
    }
    root = {"orgId": 1, "receiver": CONTACT, "group_by": ["alertname", "job"], "routes": [pedro]}
    return {"apiVersion": 1, "policies": [root]}


def templates():
    """What people read in the channel: a line an alert, and where it is explained. (No dollar sign: Grafana would take what
    follows it for a variable of the environment.)"""
    return {"apiVersion": 1, "templates": [{"orgId": 1, "name": "pedro", "template": MESSAGE}]}


def files():
    """What each file in grafana/provisioning/alerting/ holds; rules.json comes of Prometheus' rules."""
    return {"contact-points.json": contact_points(), "policies.json": policies(), "templates.json": templates()}
