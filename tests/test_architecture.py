"""The dependency direction, and that nothing private to a machine is in the code."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("corruptbench", "corruptions", "detectors", "leaderboard")
LIBRARIES = ("corruptions", "detectors", "leaderboard")


def test_arrows_point_down():
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([command, "--no-cache"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout


def test_libraries_import_on_their_own():
    for library in LIBRARIES:
        code = (
            f"import sys, corruptbench.{library}\n"
            "ours = {m.split('.')[1] for m in sys.modules if m.startswith('corruptbench.')}\n"
            "print(sorted(ours))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
        )
        assert done.stdout.strip() == f"['{library}']"


def test_no_absolute_path_of_a_machine():
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.py")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"""["'](/(home|root|work|Users|tmp)/|[A-Z]:\\\\)""", line)
    ]
    assert not found
