"""Building the images, packing them, and bringing them to a host."""

import gzip
import json
import shutil
import subprocess
import unittest

from host import ROOT, HostTest, contents


class Build(HostTest):
    def setUp(self) -> None:
        super().setUp()
        self.repository = self.folder / "repository"
        shutil.copytree(ROOT / "deployment", self.repository / "deployment", ignore=shutil.ignore_patterns("tests", "__pycache__"))
        shutil.copy(ROOT / "remote-deploy.sh", self.repository)
        shutil.copy(ROOT / ".gitignore", self.repository)
        self.git_program = shutil.which("git") or self.fail("git is missing")
        self.program("git", f'exec {self.git_program} "$@"')
        self.git("init", "--quiet")
        self.git("add", "--all")
        self.git("-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "--quiet", "--message", "first")
        self.commit = self.git("rev-parse", "HEAD")

    def git(self, *arguments: str) -> str:
        return subprocess.check_output([self.git_program, *arguments], cwd=self.repository, text=True).strip()

    def build(self, *arguments: str, code: int | None = 0) -> str:
        return self.run_in(self.repository, "deployment/build-and-deploy.sh", *arguments, code=code)

    def tarballs(self) -> list[str]:
        return sorted(path.name for path in self.repository.glob("pedro-*"))

    def test_without_arguments_both_are_built_and_named_by_the_commit(self) -> None:
        told = self.build()
        tag = self.commit[:12]
        names = [f"pedro-discord-{tag}.tar.gz", f"pedro-twitch-{tag}.tar.gz"]
        self.assertEqual(self.tarballs(), names)
        packed = gzip.decompress((self.repository / names[0]).read_bytes())
        self.assertEqual(list(json.loads(packed)), [f"pedro-discord:{tag}"])
        self.assertIn(f"scp {' '.join(names)} deployment/deploy-*.sh remote-deploy.sh user@100.81.89.62:~/", told)
        build = self.asked("docker", "build")[0]
        for said in ("Dockerfile.discord", f"COMMIT={self.commit}", f"VERSION={tag}", "linux/amd64"):
            self.assertIn(said, " ".join(build))
        self.assertFalse(self.asked("scp") + self.asked("ssh"), "nobody asked for that")

    def test_what_is_not_committed_shows_in_the_tag(self) -> None:
        (self.repository / "remote-deploy.sh").write_text("#!/bin/sh\n")
        self.build("twitch")
        self.assertEqual(self.tarballs(), [f"pedro-twitch-{self.commit[:12]}-dirty.tar.gz"])

    def test_a_tag_and_a_service_can_be_given(self) -> None:
        for arguments, expected in ((("v1.0", "discord"), "pedro-discord-v1.0.tar.gz"), (("twitch", "v2"), "pedro-twitch-v2.tar.gz")):
            self.build(*arguments)
            self.assertIn(expected, self.tarballs())
        self.assertEqual(len(self.tarballs()), 2)

    def test_a_build_that_fails_leaves_no_tarball(self) -> None:
        self.write_state(build_fails=True)
        self.assertIn("pedro-discord was not built", self.build("v1", code=1))
        self.assertEqual(self.tarballs(), [])

    def test_half_a_tarball_is_none(self) -> None:
        self.write_state(save_fails=True)
        self.assertIn("could not be saved", self.build("v1", code=1))
        self.assertEqual(self.tarballs(), [])

    def test_docker_alone_is_asked_as_root(self) -> None:
        self.program("id", "echo 1000")
        self.build("v1", "discord", "--dry-run")
        self.build("v1", "discord")
        self.assertEqual({call[1] for call in self.asked("sudo")}, {"docker"})
        self.assertEqual(self.tarballs(), ["pedro-discord-v1.tar.gz"])

    def test_what_is_no_tag_or_no_option_is_refused(self) -> None:
        for wrong in (("a b",), ("v1", "telegram"), ("--force",), ("../x",), ("--to",)):
            self.build(*wrong, code=None)
        self.assertFalse(self.asked("docker"))

    def test_a_dry_run_builds_nothing(self) -> None:
        before = contents(self.repository)
        told = self.build("v1", "--to", "user@host", "--dry-run")
        self.assertEqual((contents(self.repository), self.calls), (before, []))
        for said in ("docker build", "docker save pedro-twitch:v1", "scp", "ssh"):
            self.assertIn(said, told)

    def test_it_brings_them_to_a_host_if_asked(self) -> None:
        self.build("v1", "--to", "user@host")
        self.assertEqual((self.runs(), self.runs("twitch")), ("sha256:built-pedro-discord:v1", "sha256:built-pedro-twitch:v1"))
        self.assertEqual([call[2:] for call in self.asked("ssh")], [["user@host", "./remote-deploy.sh", "v1", service] for service in ("discord", "twitch")])

    def test_a_deployment_that_fails_there_is_told_here(self) -> None:
        self.write_state(ready_after={"sha256:built-pedro-discord:v1": "never"})
        self.assertIn("pedro-discord was not deployed on user@host", self.build("v1", "--to", "user@host", code=1))

    def test_a_host_that_is_away_is_told(self) -> None:
        self.write_state(scp_fails=True)
        self.assertIn("user@host did not take the files", self.build("v1", "discord", "--to", "user@host", code=1))
        self.assertFalse(self.asked("ssh"))


if __name__ == "__main__":
    unittest.main()
