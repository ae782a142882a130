"""Deploying on a host: what happens, and what is left as it was when it goes wrong."""

import json
import os
import shutil
import unittest

from host import PROD_ENV, ROOT, HostTest, contents

SCP = "scp pedro-discord-{tag}.tar.gz deployment/deploy-*.sh remote-deploy.sh user@100.81.89.62:~/"


class Verbatim(HostTest):
    def test_the_documented_lines_deploy_from_what_they_copy(self) -> None:
        repository = self.folder / "repository"
        shutil.copytree(ROOT / "deployment", repository / "deployment", ignore=shutil.ignore_patterns("tests"))
        shutil.copy(ROOT / "remote-deploy.sh", repository)
        self.tarball("4f2a91c").rename(repository / "pedro-discord-4f2a91c.tar.gz")
        self.run_in(repository, "bash", "-c", SCP.format(tag="4f2a91c"))
        self.assertIn("remote-deploy.sh", contents(self.home))
        self.run_in(self.home, "bash", "-c", "./remote-deploy.sh")
        self.assertEqual(self.runs(), "sha256:discord-4f2a91c")
        self.assertEqual(self.unit_file().read_text(), (ROOT / "deployment/pedro-discord.service").read_text())
        self.assertEqual(self.env_file.read_text(), PROD_ENV)
        self.assertTrue(self.asked("systemctl", "enable"))

    def test_the_documentation_says_these_lines(self) -> None:
        text = (ROOT / "deployment/README.md").read_text()
        self.assertIn(SCP.format(tag="<TAG>"), text)
        self.assertIn("\n./remote-deploy.sh\n", text)


class Deploy(HostTest):
    def setUp(self) -> None:
        super().setUp()
        self.copy_scripts()

    def test_a_tag_may_have_dots_dashes_and_the_name_of_a_service(self) -> None:
        self.tarball("v1.2.3-rc.1_discord-twitch")
        self.remote()
        self.assertEqual(self.runs(), "sha256:discord-v1.2.3-rc.1_discord-twitch")
        self.assertIsNone(self.runs("twitch"))

    def test_each_tarball_is_deployed(self) -> None:
        self.tarball("a"), self.tarball("b", "twitch")
        self.assertIn("deployed: discord twitch", self.remote())
        self.assertEqual((self.runs(), self.runs("twitch")), ("sha256:discord-a", "sha256:twitch-b"))

    def test_one_service_or_one_tag_can_be_chosen(self) -> None:
        self.tarball("a"), self.tarball("b"), self.tarball("a", "twitch")
        self.remote("a", "discord")
        self.assertEqual((self.runs(), self.runs("twitch")), ("sha256:discord-a", None))

    def test_of_several_tarballs_the_one_copied_last_is_taken(self) -> None:
        for age, tag in enumerate(("new", "older", "oldest")):
            os.utime(self.tarball(tag), (1_700_000_000 - age, 1_700_000_000 - age))
        self.remote()
        self.assertEqual(self.runs(), "sha256:discord-new")

    def test_an_image_that_docker_has_needs_no_tarball(self) -> None:
        self.write_state(images={"pedro-discord:v1": "sha256:pulled"})
        self.run_in(self.home, "./deploy-discord.sh", "v1")
        self.assertEqual(self.runs(), "sha256:pulled")

    def test_it_waits_until_the_bot_is_ready_and_tells_what_is_missing(self) -> None:
        self.tarball("slow")
        self.write_state(ready_after={"sha256:discord-slow": 5})
        told = self.remote(READY_TIMEOUT="300")
        self.assertIn("model: does not answer", told)
        self.assertIn("pedro-discord:slow runs and is ready", told)

    def test_a_sign_in_is_shown_and_waited_for(self) -> None:
        self.tarball("first", "twitch")
        line = "Pedro must be let into Twitch: open https://example.org signed in as pedro and confirm the code ABCD (good for 30 minutes)"
        red = '{"ready":false,"checks":{"twitch":{"ok":false,"detail":"nobody has signed Pedro in: the log says where, and with which code"}}}'
        self.write_state(journal=json.dumps({"level": "WARN", "message": line, "target": "x"}), red=red, ready_after={"sha256:twitch-first": 5})
        told = self.remote(READY_TIMEOUT="0", SIGN_IN_TIMEOUT="300")
        self.assertIn(f"    {line}\n", told)
        self.assertEqual(self.runs("twitch"), "sha256:twitch-first")

    def test_what_it_looks_for_in_page_and_log_is_what_the_bot_says(self) -> None:
        source = ROOT / "crates/pedro-twitch/src"
        self.assertIn('"nobody has signed Pedro in', (source / "health.rs").read_text())
        self.assertIn('"Pedro must be let into Twitch: open ', (source / "sign_in.rs").read_text())
        pages = (ROOT / "crates/pedro-core/src/service/http.rs").read_text()
        self.assertIn('"checks":{"model":{"ok":false,"detail":"loading"}}', pages, "a test of the page says its shape")

    def test_the_pages_may_be_elsewhere(self) -> None:
        self.env_file.write_text(PROD_ENV + "PEDRO_LISTEN=0.0.0.0:7000\n")
        self.write_state(places={"127.0.0.1:7000": "pedro-discord"})
        self.tarball("a")
        self.remote()
        self.assertIn("http://127.0.0.1:7000/readyz", self.asked("curl")[0])

    def test_again_is_safe(self) -> None:
        self.deployed("a")
        before = contents(self.root)
        self.tarball("b")
        self.remote()
        self.remote()
        self.assertEqual(self.runs(), "sha256:discord-b")
        self.assertEqual(self.state["images"]["pedro-discord:previous"], "sha256:discord-a", "the way back is kept")
        self.assertEqual(contents(self.root), before)

    def test_only_the_images_of_now_and_before_are_kept(self) -> None:
        for tag in ("a", "b", "c"):
            self.deployed(tag)
        kept = {name for name in self.state["images"] if not name.endswith((":before", ":current", ":previous"))}
        self.assertEqual(kept, {"pedro-discord:b", "pedro-discord:c"})

    def test_a_unit_that_was_changed_is_replaced_and_kept(self) -> None:
        self.unit_file().write_text("[Service]\nExecStart=/usr/bin/docker run mine\n")
        self.tarball("a")
        self.assertIn("systemctl edit pedro-discord", self.remote())
        self.assertEqual(self.unit_file().read_text(), (ROOT / "deployment/pedro-discord.service").read_text())
        kept = self.unit_file().with_name("pedro-discord.service.before")
        self.assertIn("docker run mine", kept.read_text())

    def test_whoever_is_not_root_is_root_by_sudo(self) -> None:
        self.program("id", "echo 1000")
        self.tarball("a")
        self.remote()
        self.assertEqual(self.runs(), "sha256:discord-a")
        by_sudo = {call[1] for call in self.asked("sudo")}
        self.assertLessEqual({"docker", "systemctl", "tee", "mv", "cat"}, by_sudo)

    def test_a_dry_run_changes_nothing_and_says_what_it_would(self) -> None:
        self.tarball("a")
        before, state = contents(self.root), self.state
        told = self.remote("--dry-run")
        self.assertEqual((contents(self.root), self.state), (before, state))
        for said in ("docker load", "would write:", "systemctl restart pedro-discord"):
            self.assertIn(said, told)
        changing = ("load", "tag", "rm", "restart", "enable", "daemon-reload", "stop")
        self.assertFalse([call for call in self.calls if call[1] in changing])

    def test_back_by_hand_and_forth_again(self) -> None:
        self.deployed("a"), self.deployed("b")
        self.run_in(self.home, "./deploy-discord.sh", "--rollback")
        self.assertEqual(self.runs(), "sha256:discord-a")
        self.run_in(self.home, "./deploy-discord.sh", "--rollback")
        self.assertEqual(self.runs(), "sha256:discord-b")


class Failure(HostTest):
    def setUp(self) -> None:
        super().setUp()
        self.copy_scripts()

    def assert_untouched(self, told: str) -> None:
        """No restart, no unit, no other image."""
        self.assertFalse(self.asked("systemctl", "restart") + self.asked("systemctl", "stop") + self.asked("docker", "tag"), told)
        self.assertEqual(self.env_file.read_text() if self.env_file.exists() else PROD_ENV, PROD_ENV)

    def test_a_red_bot_gives_way_to_what_ran_before(self) -> None:
        self.deployed("good")
        self.tarball("bad")
        self.write_state(ready_after={"sha256:discord-bad": "never"})
        told = self.remote(code=1)
        self.assertEqual(self.runs(), "sha256:discord-good")
        self.assertEqual(self.state["images"]["pedro-discord:current"], "sha256:discord-good")
        for said in ("model: does not answer", "a line of its log", "(pedro-discord:good) runs again", "not deployed: discord"):
            self.assertIn(said, told)
        # And the next one finds the same way back.
        self.tarball("worse")
        self.write_state(ready_after={"sha256:discord-worse": "never"})
        self.remote("worse", code=1)
        self.assertEqual(self.runs(), "sha256:discord-good")

    def test_a_tag_that_was_built_again_has_a_way_back(self) -> None:
        self.deployed("latest")
        (self.home / "pedro-discord-latest.tar.gz").write_text('{"pedro-discord:latest": "sha256:other"}')
        self.write_state(ready_after={"sha256:other": "never"})
        self.remote(code=1)
        self.assertEqual(self.runs(), "sha256:discord-latest")

    def test_the_unit_goes_back_with_the_image(self) -> None:
        self.deployed("good")
        older = self.unit_file().read_text().replace("RestartSec=5", "RestartSec=7")
        self.unit_file().write_text(older)
        self.tarball("bad")
        self.write_state(ready_after={"sha256:discord-bad": "never"})
        self.remote(code=1)
        self.assertEqual(self.unit_file().read_text(), older)
        self.assertEqual(self.runs(), "sha256:discord-good")

    def test_the_first_one_that_stays_red_is_stopped(self) -> None:
        self.tarball("first")
        self.write_state(ready_after={"sha256:discord-first": "never"})
        told = self.remote(code=1)
        self.assertIsNone(self.runs())
        self.assertIn("there is no image from before to go back to", told)
        self.assertIn("is stopped now", told)

    def test_an_older_installation_comes_back_with_its_unit(self) -> None:
        old = "[Service]\nExecStart=/usr/bin/docker run --name pedro-discord ghcr.io/example/pedro:old\n"
        self.unit_file().write_text(old)
        self.write_state(units={"pedro-discord": {"active": True, "runs": "what the unit names", "restarts": 0}})
        self.write_state(ready_after={"sha256:discord-first": "never"})
        self.tarball("first")
        told = self.remote(code=1)
        self.assertEqual((self.unit_file().read_text(), self.runs()), (old, "what the unit names"))
        self.assertIn("the unit from before runs again", told)
        self.assertNotIn("pedro-discord:current", self.state["images"], "it was never ready")

    def test_when_nothing_gets_ready_it_is_told(self) -> None:
        self.deployed("a")
        self.tarball("b")
        self.write_state(ready_after={"sha256:discord-b": "never", "sha256:discord-a": "never"})
        self.assertIn("did not either", self.remote(code=1))
        self.assertEqual(self.runs(), "sha256:discord-a")

    def test_the_same_image_that_turned_red_goes_back_to_the_one_before_it(self) -> None:
        self.deployed("a"), self.deployed("b")
        self.tarball("b")
        self.write_state(ready_after={"sha256:discord-b": "never"})
        self.remote(code=1)
        self.assertEqual(self.runs(), "sha256:discord-a")

    def test_a_bot_that_keeps_ending_is_given_up_early(self) -> None:
        self.deployed("good")
        self.tarball("crash")
        self.write_state(crashing=["sha256:discord-crash"])
        told = self.remote(code=1, READY_TIMEOUT="100000")
        self.assertIn("times since it was started", told)
        self.assertEqual(self.runs(), "sha256:discord-good")

    def test_an_interruption_goes_back(self) -> None:
        self.deployed("good")
        self.tarball("slow")
        self.write_state(ready_after={"sha256:discord-slow": "never"})
        once = self.folder / "interrupted"
        self.program("sleep", f"[ -e {once} ] || {{ touch {once}; kill -INT $PPID; }}")
        told = self.remote(code=1, READY_TIMEOUT="100000")
        self.assertIn("interrupted", told)
        self.assertEqual(self.runs(), "sha256:discord-good")

    def test_a_unit_that_cannot_be_started_is_no_end(self) -> None:
        self.tarball("a")
        self.write_state(start_fails=["pedro-discord"])
        self.assertIn("is stopped now", self.remote(code=1))

    def test_a_tarball_that_is_cut_off_changes_nothing(self) -> None:
        self.tarball("a").write_text('{"pedro-disc')
        told = self.remote(code=1)
        self.assertIn("copy it again", told)
        self.assert_untouched(told)

    def test_a_tarball_with_another_image_changes_nothing(self) -> None:
        self.tarball("v2", holds="v1")
        told = self.remote(code=1)
        self.assertIn("holds pedro-discord:v1 and not pedro-discord:v2", told)
        self.assert_untouched(told)

    def test_a_tarball_without_an_image_changes_nothing(self) -> None:
        self.tarball("v2").write_text("{}")
        told = self.remote(code=1)
        self.assertIn("no pedro-discord:v2 came of it", told)
        self.assert_untouched(told)

    def test_without_prod_env_it_says_what_to_do(self) -> None:
        self.env_file.unlink()
        self.tarball("a")
        told = self.remote(code=1)
        for said in ("prod.env is missing", "install -m 600", "DISCORD_TOKEN and DATABASE_URL", "prod.env.example"):
            self.assertIn(said, told)
        self.assertFalse(self.env_file.exists())
        self.assert_untouched(told)

    def test_values_that_docker_would_take_otherwise_are_told_without_the_value(self) -> None:
        self.env_file.write_text('DISCORD_TOKEN="hush-hush"\nexport DATABASE_URL=x\n')
        self.env_file.chmod(0o644)
        self.tarball("a")
        told = self.remote()
        for said in ("line 1 (DISCORD_TOKEN): docker does not remove quotes", "line 2: docker does not know 'export'", "chmod 600"):
            self.assertIn(said, told)
        self.assertNotIn("hush-hush", told)

    def test_the_other_service_is_deployed_all_the_same(self) -> None:
        self.tarball("a"), self.tarball("b", "twitch")
        self.write_state(ready_after={"sha256:discord-a": "never"})
        told = self.remote(code=1)
        self.assertEqual((self.runs(), self.runs("twitch")), (None, "sha256:twitch-b"))
        self.assertIn("not deployed: discord", told)

    def test_what_nobody_knows_is_refused_or_left_alone(self) -> None:
        (self.home / "pedro-backup-1.tar.gz").write_text("mine")
        told = self.remote(code=1)
        self.assertIn("pedro-backup-1.tar.gz is left alone", told)
        self.assertIn("there is no pedro-discord-TAG.tar.gz", told)
        self.run_in(self.home, "./deploy-discord.sh", "pedro-backup-1.tar.gz", code=1)
        for wrong in ("--now", "a tag"):
            self.run_in(self.home, "./deploy-discord.sh", wrong, code=None)
        self.assertIn("is no image of this bot", self.run_in(self.home, "./deploy-twitch.sh", str(self.tarball("a")), code=1))
        self.assert_untouched(told)

    def test_what_the_host_lacks_is_named(self) -> None:
        for program in ("docker", "curl"):
            (self.bin / program).unlink()
        # The rest of the system, but for these two.
        for path in ("/usr/bin", "/bin"):
            for name in ("bash", "id", "dirname", "cat", "sed", "grep", "env", "test"):
                shutil.which(name, path=path) and self.program(name, f'exec {shutil.which(name, path=path)} "$@"')
        self.tarball("a")
        told = self.run_in(self.home, "/bin/bash", "deploy-discord.sh", code=1, PATH=str(self.bin))
        self.assertIn("this host lacks: docker curl", told)

    def test_a_script_that_was_forgotten_is_named(self) -> None:
        self.tarball("a")
        (self.home / "deploy-lib.sh").unlink()
        self.assertIn("deploy-lib.sh is missing", self.remote(code=1))
        (self.home / "deploy-discord.sh").unlink()
        self.assertIn("deploy-discord.sh is missing", self.remote(code=1))

    def test_two_at_once_do_not_get_into_each_others_way(self) -> None:
        self.tarball("a")
        told = self.run_in(self.home, "flock", "deploy-lib.sh", "./deploy-discord.sh", code=1)
        self.assertIn("another deployment is under way", told)
        self.assert_untouched(told)


if __name__ == "__main__":
    unittest.main()
