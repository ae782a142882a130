"""A host that is not there: folders, stand-ins, and what can be asked of it. The scripts run as they are."""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPTS = (
    "remote-deploy.sh",
    "deployment/build-and-deploy.sh",
    "deployment/deploy-discord.sh",
    "deployment/deploy-twitch.sh",
    "prometheus/setup-prometheus.sh",
)
PROGRAMS = ("docker", "systemctl", "curl", "scp", "ssh", "sudo", "promtool", "journalctl")
RED = '{"ready":false,"checks":{"database":{"ok":true,"detail":"answers"},"model":{"ok":false,"detail":"does not answer"}}}'
PROD_ENV = "DISCORD_TOKEN=not-a-real-token\nDATABASE_URL=postgres://pedro:x@127.0.0.1/pedro\n"


class HostTest(unittest.TestCase):
    """One fresh host a test. `self.home` is the folder that `scp` copies into."""

    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pedro-host-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.home, self.root, self.bin = (self.folder / name for name in ("home", "root", "bin"))
        for folder in (self.home, self.bin, self.root / "opt/pedro", self.root / "etc/systemd/system"):
            folder.mkdir(parents=True)
        for program in PROGRAMS:
            self.program(program, f'exec {sys.executable} -IS {ROOT}/deployment/tests/standin.py {program} "$@"')
        self.env_file = self.root / "opt/pedro/prod.env"
        self.env_file.write_text(PROD_ENV)
        self.env_file.chmod(0o600)
        places = {"127.0.0.1:6060": "pedro-discord", "127.0.0.1:6061": "pedro-twitch", "127.0.0.1:9090": "prometheus"}
        self.write_state(images={}, units={}, ready_after={}, places=places, red=RED, journal="a line of its log", root=str(self.root))

    def program(self, name: str, line: str) -> None:
        (self.bin / name).write_text(f"#!/bin/sh\n{line}\n")
        (self.bin / name).chmod(0o755)

    # --- what the host is like --------------------------------------------------------------------

    def write_state(self, **changes: object) -> None:
        path = self.folder / "state.json"
        state = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps(state | changes))

    @property
    def state(self) -> dict:
        return json.loads((self.folder / "state.json").read_text())

    @property
    def calls(self) -> list[list[str]]:
        path = self.folder / "calls"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def asked(self, *begin: str) -> list[list[str]]:
        return [call for call in self.calls if call[: len(begin)] == list(begin)]

    def unit_file(self, service: str = "discord") -> Path:
        return self.root / f"etc/systemd/system/pedro-{service}.service"

    def runs(self, service: str = "discord") -> str | None:
        """The image that the unit runs; None if it is stopped."""
        unit = self.state["units"].get(f"pedro-{service}", {"active": False})
        return unit["runs"] if unit["active"] else None

    def copy_scripts(self) -> None:
        """What the documented scp line copies, but for the tarballs."""
        for file in [ROOT / "remote-deploy.sh", *(ROOT / "deployment").glob("deploy-*.sh")]:
            shutil.copy(file, self.home)

    def tarball(self, tag: str, service: str = "discord", *, holds: str | None = None) -> Path:
        """A tarball as `docker save` would write it, as far as the stand-in reads it."""
        file = self.home / f"pedro-{service}-{tag}.tar.gz"
        file.write_text(json.dumps({f"pedro-{service}:{holds or tag}": f"sha256:{service}-{holds or tag}"}))
        return file

    # --- running ----------------------------------------------------------------------------------

    def run_in(self, folder: Path, *command: str, code: int | None = 0, **environment: str) -> str:
        """Runs a command there and returns all that it said. `code`: None for any but 0."""
        environ = {"PATH": f"{self.bin}:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.home), "STANDIN": str(self.folder)}
        environ |= {"PEDRO_ROOT": str(self.root), "READY_TIMEOUT": "0", "ROLLBACK_TIMEOUT": "0", "SETTLE": "0", "POLL": "0.05"}
        done = subprocess.run(
            command, cwd=folder, env=environ | environment, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, check=False,
            # As in a terminal, also where what runs the tests was started in the background, deaf to Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip
        self.assertNotIn("the stand-in does not know", done.stdout)
        if code is None:
            self.assertNotEqual(done.returncode, 0, done.stdout)
        else:
            self.assertEqual(done.returncode, code, done.stdout)
        return done.stdout

    def remote(self, *arguments: str, code: int | None = 0, **environment: str) -> str:
        return self.run_in(self.home, "./remote-deploy.sh", *arguments, code=code, **environment)

    def deployed(self, tag: str, service: str = "discord") -> None:
        """Begins with a bot that runs."""
        self.copy_scripts()
        tarball = self.tarball(tag, service)
        self.remote()
        tarball.unlink()
        (self.folder / "calls").unlink()


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
