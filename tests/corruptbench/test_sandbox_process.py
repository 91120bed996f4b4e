"""The child process of the sandbox beside its parent: signals, ends, and standard streams."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.fixtures.processes import ends

ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
from corruptbench import sandbox
assert "numpy" not in sys.modules
assert sandbox._readers._running is None
print("ready", flush=True)
limits = sandbox.Limits(seconds=600)
call = "tests.fixtures.sandboxed:loop"
sandbox.run(call, sys.argv[1], name="a", remedy="b", limits=limits)
"""


@pytest.fixture
def looping(tmp_path):
    """A process, not its child, that waits for a child which loops."""
    pid_file = tmp_path / "pid"
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(pid_file)], cwd=ROOT, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    while not (pid_file.exists() and pid_file.read_text()) and process.poll() is None:
        time.sleep(0.05)
    time.sleep(0.2)
    yield process, int(pid_file.read_text())
    process.kill()
    process.wait()


def test_ctrl_c_reaches_the_parent_at_once_and_the_child_says_nothing(looping):
    process, pid = looping
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert said.decode().count("Traceback") == 1
    assert said.decode().rstrip().endswith("KeyboardInterrupt")
    assert process.returncode == -signal.SIGINT
    assert ends(pid)


def test_the_child_dies_with_its_parent(looping):
    process, pid = looping
    process.kill()
    assert ends(pid)


def test_standard_streams_may_be_closed(tmp_path):
    """With low numbers free, the socket must not be mistaken for one of them."""
    script = tmp_path / "a.py"
    script.write_text(
        "import os, sys\nos.closerange(0, 3)\nsys.path.insert(0, sys.argv[1])\n"
        "from corruptbench import sandbox\n"
        "limits = sandbox.Limits()\n"
        "call = 'tests.fixtures.sandboxed:same'\n"
        "found = sandbox.run(call, 1, name='a', remedy='b', limits=limits)\n"
        "open(sys.argv[2], 'a').write(str(found))\n"
    )
    done = tmp_path / "done"
    subprocess.run([sys.executable, script, ROOT, done], check=True, timeout=60)
    assert done.read_text() == "1"  # once: the child does not run the script
