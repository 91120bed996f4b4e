"""The library works without the rest of the project."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
import sysconfig
import textwrap
from pathlib import Path
from shutil import copy2, copytree

from corruptbench import corruptions

SETTING = """
import numpy as np
F, H, W = 3, 40, 50
boxes = np.tile([15.0, 5.0, 35.0, 38.0], (F, 1))
frames = np.full((F, H, W, 3), 90, dtype=np.uint8)
"""

CHECK = """
import sys
ours = {m.split(".")[1] for m in sys.modules if m.startswith("corruptbench.")}
assert ours == {"corruptions"}, ours
assert noisy.shape == frames.shape and noisy.dtype == np.uint8
assert noisy.std() > 1  # the person has 33 px
from corruptbench import corruptions
assert len(corruptions.all_corruptions()) > 3
print(corruptions.__file__)
"""


def test_its_docstrings_examples_run_with_nothing_but_the_package(tmp_path):
    package = tmp_path / "corruptbench"
    copytree(Path(corruptions.__file__).parent, package / "corruptions")
    copy2(Path(corruptions.__file__).parents[1] / "__init__.py", package)
    blocks = re.findall(r"::\n\n((?:(?:    .*)?\n?)+)", inspect.getdoc(corruptions))
    assert len(blocks) == 2
    examples = "".join(textwrap.dedent(block) for block in blocks)
    # -S: no .pth file is followed, so an installation of this project is not seen.
    where = os.pathsep.join([str(tmp_path), sysconfig.get_path("purelib")])
    done = subprocess.run(
        [sys.executable, "-S", "-c", SETTING + examples + CHECK],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": where}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(package / "corruptions" / "__init__.py")
