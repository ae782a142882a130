"""What the checks of the deployment share. No check by itself: those are the executable files beside it."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BINARIES = Path(os.environ.get("BINARIES", ROOT / "target/debug"))
BOTS = {"discord": 6060, "twitch": 6061}


class Check:
    """Collects what is wrong, so that all of it is told at once."""

    def __init__(self) -> None:
        self.wrong: list[str] = []

    def __call__(self, right: object, sentence: str) -> bool:
        if not right:
            self.wrong.append(sentence)
        return bool(right)

    def end(self, summary: str) -> None:
        """Exit code 1 with all sentences, or the summary."""
        for sentence in self.wrong:
            print(f"error: {sentence}", file=sys.stderr)
        if self.wrong:
            sys.exit(1)
        print(summary)


def tracked() -> list[str]:
    """The files of the repository: what git has, and what it would take."""
    told = subprocess.check_output(["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=ROOT, text=True)
    return [name for name in told.split("\0") if name and (ROOT / name).is_file()]


def help_of(program: str) -> str:
    """What `PROGRAM --help` says, without any variable set."""
    path = BINARIES / program
    if not path.is_file():
        sys.exit(f"error: {path} is not built: cargo build -p {program} (or `cargo test`), or BINARIES=DIRECTORY")
    return subprocess.check_output([path, "--help"], env={}, text=True)


def variables_of(program: str) -> set[str]:
    """The variables that a program reads."""
    names = set(re.findall(r"\[env: ([A-Z0-9_]+)", help_of(program)))
    assert names, f"{program} --help names variables"
    return names
