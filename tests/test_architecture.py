"""The dependency direction, and that nothing private to a machine is in the code."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("corruptbench", "corruptions", "detectors", "leaderboard")


def test_arrows_point_down():
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([command, "--no-cache"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout


def test_libraries_import_on_their_own():
    for package in ("corruptions", "detectors", "leaderboard"):
        code = f"import sys, {package}; print([p for p in {PACKAGES} if p in sys.modules])"
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
        )
        assert done.stdout.strip() == f"['{package}']"


def test_no_absolute_path_of_a_machine():
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"""["'](/(home|root|work|Users|tmp)/|[A-Z]:\\\\)""", line)
    ]
    assert not found
