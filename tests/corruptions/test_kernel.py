"""Compiled code is kept where a folder can be written; where none can, all works all the same."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from shutil import copy2, copytree, ignore_patterns
from unittest.mock import Mock

import pytest
from numba.core import caching

from corruptbench import corruptions
from corruptbench.corruptions._kernel import kernel

CHECKOUT = Path(__file__).parents[2]
#: A user id without an entry in the system's list of users, so without a home.
STRANGER = 54321

CODE = """
import hashlib, os, sys, numba, numpy
numba.njit(lambda a: a + 1)(numpy.zeros(3))  # the compiler's own modules

def digest():
    from corruptbench.corruptions import corrupt
    frames = numpy.arange(2 * 40 * 30 * 3, dtype=numpy.uint8).reshape(2, 40, 30, 3)
    return hashlib.sha256(corrupt(frames, "erase").tobytes()).hexdigest()

checkout, installed, stranger = sys.argv[1:]
sys.path.insert(0, checkout)
expected = digest()  # loads all libraries: the interpreter's own folder may be closed to strangers
for name in [name for name in sys.modules if name.startswith("corruptbench")]:
    del sys.modules[name]
sys.path[0] = installed
os.chdir(os.environ["FOLDER"])
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(int(stranger))
    os.setuid(int(stranger))
assert digest() == expected
print(sys.modules["corruptbench.corruptions"].__file__)
"""


@pytest.fixture(scope="module")
def installed():
    """A copy of the package that only root can write to, and that everybody can read."""
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "corruptbench"
        sources = ignore_patterns("__pycache__")
        copytree(Path(corruptions.__file__).parent, package / "corruptions", ignore=sources)
        copy2(Path(corruptions.__file__).parents[1] / "__init__.py", package)
        folders = (package / "corruptions", package, Path(folder))
        for path in folders:
            path.chmod(0o555)
        yield Path(folder)
        for path in folders:
            path.chmod(0o755)


@pytest.fixture
def folder():
    """A working folder that belongs to the stranger."""
    with tempfile.TemporaryDirectory() as name:
        if os.getuid() == 0:
            os.chown(name, STRANGER, STRANGER)
        yield Path(name)


def run(installed, folder, **environment):
    """Corrupt a clip as another user, with the copy; the bytes are those of this installation."""
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "TMPDIR")}
    done = subprocess.run(
        [sys.executable, "-P", "-c", CODE, str(CHECKOUT), str(installed), str(STRANGER)],
        cwd=CHECKOUT, env=kept | {"FOLDER": str(folder)} | environment,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(installed / "corruptbench/corruptions/__init__.py")


@pytest.mark.parametrize("environment", [{}, {"HOME": "/nowhere"}], ids=["no HOME", "no home"])
def test_nothing_that_can_be_written_to_is_needed(installed, folder, environment):
    run(installed, folder, **environment)
    assert not list(folder.iterdir())  # no folder named ~


def test_the_folder_that_the_user_names_is_used(installed, folder):
    run(installed, folder, NUMBA_CACHE_DIR=str(folder / "cache"))
    assert list((folder / "cache").rglob("*.nbi"))


def test_a_folder_that_cannot_be_used_costs_only_the_time_to_compile(monkeypatch):
    full = OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
    monkeypatch.setattr(caching.IndexDataCacheFile, "save", Mock(side_effect=full))
    cut = EOFError("Ran out of input")
    monkeypatch.setattr(caching.IndexDataCacheFile, "load", Mock(side_effect=cut))
    assert kernel(lambda a, b: a + 2 * b)(1, 3) == 7


def test_a_path_that_is_not_utf_8_is_no_error(monkeypatch):
    """Numba encodes the path of the source's folder, to make a name of it."""
    error = UnicodeEncodeError("utf-8", "caf\udce9", 3, 4, "surrogates not allowed")
    monkeypatch.setattr(
        caching._CacheLocator, "get_suitable_cache_subpath", Mock(side_effect=error)
    )
    monkeypatch.setattr(caching.InTreeCacheLocator, "from_function", Mock(return_value=None))
    assert kernel(lambda a: a + 5)(1) == 6
