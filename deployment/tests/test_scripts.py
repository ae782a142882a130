"""What holds for every script."""

import unittest

from host import ROOT, SCRIPTS, HostTest


class Scripts(HostTest):
    def test_each_says_how_it_is_used_and_does_nothing_then(self) -> None:
        for script in SCRIPTS:
            with self.subTest(script):
                told = self.run_in(self.folder, str(ROOT / script), "--help")
                for said in ("usage: ", "--dry-run"):
                    self.assertIn(said, told)
                self.assertEqual(self.calls, [])

    def test_an_unknown_option_is_refused_with_the_usage(self) -> None:
        for script in SCRIPTS:
            with self.subTest(script):
                self.assertIn("usage: ", self.run_in(self.folder, str(ROOT / script), "--unknown", code=2))
                self.assertEqual(self.calls, [])


if __name__ == "__main__":
    unittest.main()
