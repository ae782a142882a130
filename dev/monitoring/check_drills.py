"""Makes every alert fire, as an operator would: the real drill.py, a real Prometheus. The rules' times are 30 times
shorter, and so are the drills'."""

import subprocess
import sys

import yaml
from server import ROOT, free_port, prometheus

SPEED = 30
DRILL = ROOT / "prometheus/drill.py"


def main():
    rules = yaml.safe_load((ROOT / "prometheus/rules/pedro.yml").read_text())
    alerts = [rule["alert"] for group in rules["groups"] for rule in group["rules"]]
    with prometheus({}, speed=SPEED) as server:
        quiet = server.get("alerts")["alerts"]
        if quiet:
            sys.exit(f"error: alerts fire although nothing is watched: {quiet}")
        command = [DRILL, "--prometheus", server.url, "--targets", server.folder / "drill", "--listen", f"127.0.0.1:{free_port()}",
                   "--speed", str(SPEED), "--minutes", "5", "--once", *alerts]
        if subprocess.run(command).returncode != 0:
            firing = {one["labels"]["alertname"] for one in server.get("alerts")["alerts"] if one["state"] == "firing"}
            sys.exit(f"error: did not fire: {', '.join(alert for alert in alerts if alert not in firing)}")
        if list((server.folder / "drill").iterdir()):
            sys.exit("error: drill.py left its targets behind")
        groups = server.get("rules")["groups"]
        broken = [f"{rule['name']}: {rule['lastError']}" for group in groups for rule in group["rules"] if rule["health"] != "ok"]
        if broken:
            sys.exit("error: rules that Prometheus cannot evaluate:\n" + "\n".join(broken))
    print(f"all {len(alerts)} alerts fired when they should")


main()
