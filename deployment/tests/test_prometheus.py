"""Setting up Prometheus on its host, from a folder with the script and prometheus.yml only."""

import shutil
import unittest

from host import ROOT, HostTest, contents


class Setup(HostTest):
    def setUp(self) -> None:
        super().setUp()
        for name in ("setup-prometheus.sh", "prometheus.yml"):
            shutil.copy(ROOT / "prometheus" / name, self.home)
        self.config = self.root / "etc/prometheus"
        self.config.mkdir()
        self.write_state(units={"prometheus": {"active": True, "runs": "what the unit names", "restarts": 0}})

    def set_up(self, *arguments: str, code: int | None = 0, **environment: str) -> str:
        environment |= {"PROMETHEUS_DIR": str(self.config)}
        return self.run_in(self.home, "./setup-prometheus.sh", *arguments, code=code, **environment)

    def test_it_writes_the_rules_itself_and_asks_promtool_first(self) -> None:
        self.set_up()
        rules = (ROOT / "prometheus/rules/pedro.yml").read_text()
        self.assertEqual((self.config / "rules/pedro.yml").read_text(), rules)
        self.assertEqual((self.config / "prometheus.yml").read_text(), (ROOT / "prometheus/prometheus.yml").read_text())
        order = [call[0] for call in self.calls if call[0] in ("promtool", "systemctl")]
        self.assertEqual(order, ["promtool", "systemctl"])

    def test_other_hosts_can_be_named(self) -> None:
        self.set_up(PEDRO_DISCORD_TARGET="10.0.0.1:1", PEDRO_TWITCH_TARGET="bots:6061", PEDRO_MODEL_URL="http://127.0.0.1:8080")
        text = (self.config / "prometheus.yml").read_text()
        for said in ('["10.0.0.1:1"]', '["bots:6061"]', '["127.0.0.1:8080"]', "scheme: http\n"):
            self.assertIn(said, text)
        for gone in ("100.81.89.62", "tail6fbc5", "scheme: https"):
            self.assertNotIn(gone, text)

    def test_what_is_no_host_is_refused(self) -> None:
        for wrong in ({"PEDRO_DISCORD_TARGET": "http://host:1"}, {"PEDRO_TWITCH_TARGET": "host"}, {"PEDRO_MODEL_URL": "host:80"}):
            self.assertIn("error: ", self.set_up(code=1, **wrong))
        self.assertFalse(contents(self.config))

    def test_again_nothing_is_restarted(self) -> None:
        self.set_up()
        (self.folder / "calls").unlink()
        self.assertIn("nothing to do", self.set_up())
        self.assertFalse(self.asked("systemctl"))

    def test_a_configuration_that_promtool_refuses_changes_nothing(self) -> None:
        self.write_state(promtool_refuses=True)
        self.assertIn("promtool refuses", self.set_up(code=1))
        self.assertFalse(contents(self.config) or self.asked("systemctl"))

    def test_if_prometheus_does_not_get_ready_it_is_as_before(self) -> None:
        (self.config / "prometheus.yml").write_text("scrape_configs: []\n")
        self.write_state(ready_after={"what the unit names": "never"})
        self.assertIn("put back", self.set_up(code=1))
        self.assertEqual((self.config / "prometheus.yml").read_text(), "scrape_configs: []\n")
        self.assertFalse((self.config / "rules/pedro.yml").exists())
        self.assertEqual(len(self.asked("systemctl", "restart", "prometheus")), 2)

    def test_jobs_of_others_are_not_lost_unasked(self) -> None:
        mine = "scrape_configs:\n  - job_name: 'prometheus'\n  - job_name: my-router # at home\n"
        (self.config / "prometheus.yml").write_text(mine)
        self.assertIn("has jobs of its own: my-router\n", self.set_up(code=1))
        self.assertEqual((self.config / "prometheus.yml").read_text(), mine)
        self.set_up("--replace")
        self.assertEqual((self.config / "prometheus.yml.before-pedro").read_text(), mine)

    def test_debians_sample_may_go(self) -> None:
        sample = "scrape_configs:\n  - job_name: 'prometheus'\n    static_configs: []\n  - job_name: node\n"
        (self.config / "prometheus.yml").write_text(sample)
        self.set_up()

    def test_a_dry_run_changes_nothing(self) -> None:
        told = self.set_up("--dry-run")
        self.assertIn("would write:", told)
        self.assertFalse(contents(self.config) or self.asked("systemctl"))

    def test_a_file_that_was_not_copied_is_named(self) -> None:
        (self.home / "prometheus.yml").unlink()
        self.assertIn("prometheus.yml is missing", self.set_up(code=1))


if __name__ == "__main__":
    unittest.main()
