"""The ways of the bots' logs to Loki: are the files what Alloy, Promtail and Loki expect, and do they understand real lines?

usage: check_logs.py [FILE...]      FILE: the log of a bot that ran with PEDRO_LOG_FORMAT=json
"""

import datetime
import json
import re
import sys

import alloy
import jmespath
import yaml
from server import ROOT

FOLDER = ROOT / "deployment/logs"
LABELS = {"service", "level", "host"}
LEVELS = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR"}
# The components that are used: what each must be given, and what others may take of it.
COMPONENTS = {
    "discovery.docker": ({"host"}, {"targets"}),
    "discovery.relabel": ({"targets"}, {"output", "rules"}),
    "loki.relabel": ({"forward_to"}, {"receiver", "rules"}),
    "loki.source.docker": ({"host", "targets", "forward_to"}, set()),
    "loki.source.journal": ({"forward_to"}, set()),
    "loki.process": ({"forward_to"}, {"receiver"}),
    "loki.write": (set(), {"receiver"}),
}
FUNCTIONS = {"coalesce", "sys.env", "constants.hostname"}
STAGES = {"stage.json": {"expressions"}, "stage.timestamp": {"source", "format"}, "stage.labels": {"values"},
          "stage.structured_metadata": {"values"}, "stage.label_keep": {"values"}}
NAMES = {  # where a bot's name is found, and what must not be taken for one
    "__meta_docker_container_name": (["/pedro-twitch", "/pedro-pedro-twitch-1", "/pedro_x-pedro-discord-12"], ["/pedro-postgres-1", "/pedro-twitch-old"]),
    "__journal__systemd_unit": (["pedro-twitch.service", "pedro-discord.service"], ["pedro-watch.service", "ssh.service"]),
}

problems = []


def fail(what):
    problems.append(what)


def everything_in(block):
    for value in block.attributes.values():
        yield from alloy.references(value)
    for inner in block.blocks:
        yield from everything_in(inner)


def check_alloy(path):
    """Its stages, as (expressions, labels kept)."""
    text = (FOLDER / path).read_text()
    tree = alloy.read(text)
    declared = {f"{block.name}.{block.label}": block for block in tree.blocks}
    for name, block in declared.items():
        if block.name not in COMPONENTS:
            fail(f"{path}: {name} is no component that is known here")
            continue
        for missing in COMPONENTS[block.name][0] - block.attributes.keys():
            fail(f"{path}: {name} has no {missing}")
    for used in everything_in(tree):
        component, _, export = used.rpartition(".")
        if used not in FUNCTIONS and not (component in declared and export in COMPONENTS[declared[component].name][1]):
            fail(f"{path}: nothing is called {used}")
    check_rules(path, [rule.attributes for block in tree.blocks for rule in block.find("rule")])
    process = declared["loki.process.bots"]
    for stage in process.blocks:
        if STAGES.get(stage.name) != stage.attributes.keys():
            fail(f"{path}: {stage.name} with {', '.join(stage.attributes)} is not known here")
    by_name = {stage.name: stage.attributes for stage in process.blocks}
    metadata = by_name["stage.structured_metadata"]["values"].keys() | by_name["stage.labels"]["values"].keys()
    return by_name["stage.json"]["expressions"], set(by_name["stage.label_keep"]["values"]), metadata


def check_rules(path, rules):
    """Containers and units by the names that they have, and no others."""
    for rule in rules:
        for source in rule.get("source_labels", []):
            good, bad = NAMES[source]
            for name in good:
                found = re.fullmatch(rule["regex"], name)
                if not found or not re.fullmatch("pedro-(twitch|discord)", found[1]):
                    fail(f"{path}: {name} is not taken for a bot")
            for name in bad:
                if re.fullmatch(rule["regex"], name):
                    fail(f"{path}: {name} is taken for a bot")


def check_promtail():
    config = yaml.safe_load((FOLDER / "promtail.yml").read_text())
    known = {"server", "positions", "clients", "scrape_configs"}
    if config.keys() != known or "/loki/api/v1/push" not in config["clients"][0]["url"]:
        fail(f"promtail.yml: {known} are expected, and Loki's address")
    made = []
    for job in config["scrape_configs"]:
        check_rules("promtail.yml", job["relabel_configs"])
        stages = {name: value for stage in job["pipeline_stages"] for name, value in stage.items()}
        made.append((stages["json"]["expressions"], set(stages["labelallow"]), stages["structured_metadata"].keys() | stages["labels"].keys()))
    return made


def check_loki():
    config = yaml.safe_load((FOLDER / "loki.yml").read_text())
    if config["auth_enabled"] or config["server"]["http_listen_port"] != 3100:
        fail("loki.yml: Alloy and Grafana ask port 3100, without a tenant")
    schema = config["schema_config"]["configs"][-1]
    # What Loki 3 wants for structured metadata.
    if (schema["store"], schema["schema"], schema["index"]["period"]) != ("tsdb", "v13", "24h"):
        fail("loki.yml: structured metadata wants tsdb and schema v13, with an index a day")
    # Loki refuses to start with retention and nowhere to note what is to be deleted.
    if not config["compactor"]["retention_enabled"] or not config["compactor"].get("delete_request_store"):
        fail("loki.yml: old logs would never be deleted")


def check_lines(files, ways):
    """Real lines of the bots, as the stages see them."""
    levels, count = set(), 0
    for file in files:
        for text in open(file).read().splitlines():
            try:
                line = json.loads(text)
            except ValueError:
                fail(f"{file}: is no JSON, and would be searchable as text only: {text[:120]}")
                continue
            count += 1
            for expressions, _, _ in ways:
                found = {name: jmespath.search(expression, line) for name, expression in expressions.items()}
                levels.add(found["level"])
                if found["level"] not in LEVELS or not isinstance(found["target"], str):
                    fail(f"{file}: no level or no target is found in {text[:120]}")
                datetime.datetime.fromisoformat(found["timestamp"].replace("Z", "+00:00"))
                if found["question_id"] != line.get("question.id"):
                    fail(f"{file}: the question is not found in {text[:120]}")
    asked = sum("question.id" in text for file in files for text in open(file))
    if count < 10 or not asked:
        fail(f"only {count} lines, {asked} of them of a question: too few to say anything")
    return count, levels


def main():
    ways = [check_alloy("config.alloy"), check_alloy("journald.alloy"), *check_promtail()]
    check_loki()
    for expressions, labels, used in ways:
        if labels != LABELS:
            fail(f"labels {labels}: only {LABELS} are bounded")
        for name in used - expressions.keys():
            fail(f"{name} is used, and never read from a line")
        for expression in expressions.values():
            jmespath.compile(expression)
    told = ""
    if sys.argv[1:]:
        count, levels = check_lines(sys.argv[1:], ways)
        told = f"; {count} real lines are understood, of levels {', '.join(sorted(levels))}"
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    if problems:
        sys.exit(1)
    print(f"{len(ways)} ways of logs to Loki fit together{told}")


main()
