"""deployment/README.md: its lines are typed, one after the other, on hosts that are not there; what it names is there."""

import re
import shutil
import subprocess
import unittest

from host import ROOT, HostTest

README = (ROOT / "deployment/README.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def block(saying: str) -> str:
    """The one block of lines that says this."""
    (found,) = (text for text in BLOCKS if saying in text)
    return found


class Lines(HostTest):
    def setUp(self) -> None:
        super().setUp()
        self.repository = self.folder / "repository"
        names = subprocess.check_output(["git", "ls-files", "--cached", "--others", "--exclude-standard", "deployment", "prometheus", "remote-deploy.sh"], cwd=ROOT, text=True)
        for name in names.splitlines():
            (self.repository / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.repository / name)
        self.env_file.unlink()
        self.program("nano", "")

    def type(self, text: str, *, at_home: bool = False) -> None:
        """As it stands there, but that /opt and /etc are this host's."""
        text = text.replace("/opt/pedro", str(self.root / "opt/pedro"))
        self.run_in(self.home if at_home else self.repository, "bash", "-euc", text, PROMETHEUS_DIR=str(self.root / "etc/prometheus"))

    def test_way_b_from_the_options_to_prometheus(self) -> None:
        self.type(block("prod.env.example"))
        self.assertEqual(self.env_file.stat().st_mode & 0o777, 0o600)
        self.type(block("deployment/build-and-deploy.sh v1.0.0"))
        self.type(block("remote-deploy.sh user@100.81.89.62:~/").replace("<TAG>", "v1.0.0"))
        self.type(block("./remote-deploy.sh\n"), at_home=True)
        self.assertEqual(self.runs(), "sha256:built-pedro-discord:v1.0.0")
        (self.root / "etc/prometheus").mkdir()
        self.type(block("setup-prometheus.sh"))
        self.assertTrue((self.root / "etc/prometheus/rules/pedro.yml").is_file())

    def test_way_a_asks_compose_for_files_that_are_there(self) -> None:
        text = block("compose.env.example")
        self.program("docker", f'[ "$1 $2 $3" = "compose --file deployment/compose.yaml" ] && [ -f "$3" ] && echo "$*" >>{self.folder}/asked')
        self.type(text)
        self.assertEqual((self.repository / "deployment/.env").stat().st_mode & 0o777, 0o600)
        asked = (self.folder / "asked").read_text().splitlines()
        self.assertEqual(asked, [f"compose --file deployment/compose.yaml {rest}" for rest in ("up --detach --build", "ps")])

    def test_the_last_lines_of_every_script_are_among_its_options(self) -> None:
        for script in ("deployment/build-and-deploy.sh", "remote-deploy.sh", "deploy-discord.sh", "setup-prometheus.sh"):
            path = next(ROOT.glob(script), None) or next(path for path in ROOT.glob(f"*/{script}"))
            told = self.run_in(self.folder, str(path), "--help")
            for option in set(re.findall(rf"`[^`\n]*{re.escape(script)} ?[^`\n]*?(--[a-z-]+)", README)):
                self.assertIn(option, told, f"README.md gives {script} {option}")


class Names(unittest.TestCase):
    def test_the_files_it_names_are_in_the_repository(self) -> None:
        named = set(re.findall(r"(?:deployment|prometheus|grafana)/[\w./*-]*\w", README)) - {"deployment/.env"}
        missing = [name for name in named if not list(ROOT.glob(name))]
        self.assertFalse(missing)
        self.assertGreater(len(named), 8)
        for link in re.findall(r"\]\(([^)#]+)", README):
            self.assertTrue(link.startswith("http") or (ROOT / "deployment" / link).exists(), link)

    def test_its_versions_are_those_of_the_compose_file(self) -> None:
        compose = (ROOT / "deployment/compose.yaml").read_text()
        for image in re.findall(r"(?:pgvector/pgvector|ghcr\.io/ggml-org/llama\.cpp):[\w.-]+", README):
            self.assertIn(f"image: {image}\n", compose)

    def test_the_user_of_the_images_is_the_one_it_names(self) -> None:
        (user,) = set(re.findall(r"(?:chown|user) (\d+)", README))
        for bot in ("discord", "twitch"):
            self.assertIn(f"\nUSER {user}:{user}\n", (ROOT / f"Dockerfile.{bot}").read_text())
        self.assertIn(f"user {user}", (ROOT / "deployment/prod.env.example").read_text())


if __name__ == "__main__":
    unittest.main()
