"""An ONNX model that never returns: Ctrl-C and SIGTERM end the build all the same."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from tests.corruptbench.conftest import build_arguments
from tests.fixtures.onnx_poses import write_endless


def processor_time(pid):
    """Seconds of processor time of a process and of its children that have ended."""
    fields = open(f"/proc/{pid}/stat", "rb").read().rpartition(b")")[2].split()  # noqa: SIM115
    return sum(map(int, fields[11:13])) / 100


@pytest.mark.parametrize(
    ("brighter_than", "workers", "number"),
    [
        (-1, 1, signal.SIGINT),  # it does not even return for a black picture, when it is loaded
        (0, 1, signal.SIGTERM),  # within the build, in its own process
        (0, 2, signal.SIGINT),  # in its workers, which do not hear Ctrl-C
    ],
)
def test_a_signal_ends_a_build(brighter_than, workers, number, mini, mini_manifest, tmp_path):
    model = write_endless(tmp_path / "endless.onnx", brighter_than)
    words = build_arguments(
        mini, mini_manifest, tmp_path / "out", "--severity", 1, "--corruption", "erase",
        "--detector", f"onnx:{model}", "--workers", workers,
    )  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "corruptbench", *words], stderr=subprocess.PIPE, text=True
    )
    try:
        _wait_until_it_hangs(process, brighter_than < 0, workers)
        process.send_signal(number)
        said = process.communicate(timeout=60)[1]  # without the repair it never ends
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 128 + number
    assert "interrupted; the same command resumes" in said
    assert not list((tmp_path / "out").rglob("*.part"))
    assert not (tmp_path / "out/.build.lock").exists()


def _wait_until_it_hangs(process, at_once, workers):
    """Wait for the announcement of the work, if there will be one, and for the model to run."""
    if not at_once:
        while "MB" not in process.stderr.readline():
            assert process.poll() is None
    before, busy = processor_time(process.pid), 3.0 if workers == 1 else 0.0
    deadline = time.monotonic() + (60 if workers == 1 else 6)
    while time.monotonic() < deadline and (not busy or processor_time(process.pid) < before + busy):
        time.sleep(0.2)
