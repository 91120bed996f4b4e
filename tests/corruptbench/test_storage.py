"""Builds on storage that fails: one sentence that names the file, and then the bytes of any build.

Each fault happens in a real build in a process of its own. The same command runs again without it.
"""

from __future__ import annotations

import errno
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from corruptbench.builder.lock_file import LOOK, STALE
from corruptbench.cli import main
from corruptbench.files import _mark
from corruptbench.process_id import process_in, this_process
from tests.corruptbench.conftest import build_arguments, run_process
from tests.corruptbench.test_parts import files
from tests.fixtures.faults import compiled, environment
from tests.fixtures.folder import write_manifest

pytestmark = pytest.mark.detector

#: Two clips of two cells.
FEW = ("--severity", "1", "--corruption", "erase", "--workers", "1")
SHARD = "keypoints/mini/A2/step_1.cam1.parquet"


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return compiled(tmp_path_factory.mktemp("faults"))


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The manifest of a benchmark that scores one subject."""
    return write_manifest(tmp_path_factory.mktemp("small") / "m.toml", **{'"A1", "A2"': '"A2"'})


@pytest.fixture(scope="module")
def clean(mini, small, tmp_path_factory):
    """A build that nothing disturbed."""
    out = tmp_path_factory.mktemp("clean") / "out"
    main(build_arguments(mini, small, out, *FEW, "--videos"))
    return files(out)


@pytest.fixture
def words(mini, small, tmp_path):
    return build_arguments(mini, small, tmp_path / "out", *FEW)


def without_videos(content):
    return {k: v for k, v in content.items() if not k.startswith("videos")}


def temporary(name):
    """A part of the name of a file's temporary file."""
    return f"/.{_mark(Path(name))}."


@pytest.mark.parametrize(
    ("call", "error", "where", "named", "remedy"),
    [
        ("write", errno.ENOSPC, "keypoints", SHARD, "make room"),
        ("write", errno.EDQUOT, "keypoints", SHARD, "make room, or ask for more"),
        ("open", errno.EROFS, "keypoints", SHARD, "mount the file system for writing"),
        ("rename", errno.EBUSY, "keypoints", SHARD, "end that program"),
        ("fsync", errno.EIO, "keypoints", SHARD, "dmesg"),
        ("mkdir", errno.EACCES, "keypoints", "keypoints/mini/A2", "get the permission"),
        ("write", errno.ENOSPC, ".build.lock", ".build.lock", "make room"),
        ("rename", errno.ESTALE, "/out/lock.json", "lock.json", "mount it again"),
        ("unlink", errno.EBUSY, "/.left.", "keypoints/mini/A2/.left.", "end that program"),
        ("write", errno.EIO, "clean.mp4", "clean.mp4", "dmesg"),
    ],
)  # fmt: skip
def test_a_fault_and_the_next_run(
    call, error, where, named, remedy, words, clean, library, tmp_path, cli
):
    out = tmp_path / "out"
    if "mp4" in named:
        words, named = [*words, "--videos"], f"videos/mini/A2/step_1.cam1/{named}"
        where = temporary("clean.mp4")
    else:
        clean = without_videos(clean)
    left = out / f"keypoints/mini/A2/.left.{replace(this_process(), start=1)}.part"
    if "left" in named:
        left.parent.mkdir(parents=True)
        left.touch()
        named += left.name.removeprefix(".left.")
    times = 1 if call != "write" or "lock" in where else 2
    rule = f"{call}:{error}:{where}:{times}"
    done = run_process(*words, env=environment(library, rule))
    assert done.returncode == 2, done.stderr
    (said,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    expected = f"error: {out / named}: {os.strerror(error)}; "
    assert said.startswith(expected)
    assert remedy in said
    assert said.endswith("; the same command resumes")
    assert "Traceback" not in done.stderr
    assert not set(files(out)) - {*clean, str(left.relative_to(out))}, "no lock, nothing begun"
    assert cli(*words).code == 0
    assert files(out) == clean


def test_a_file_system_that_can_do_little(words, clean, library, tmp_path):
    """No locks, no links, and nothing puts the names in a folder on disk."""
    rules = (
        f"flock:{errno.ENOLCK}::1",
        f"link:{errno.EPERM}::1",
        f"fsync-folder:{errno.EINVAL}::1",
    )
    for step in (("--part", "0/1"), ("--finish",)):
        done = run_process(*words, *step, env=environment(library, *rules))
        assert (done.returncode, "warning" in done.stderr) == (0, False), done.stderr
    assert files(tmp_path / "out") == without_videos(clean)


def test_a_disk_that_is_really_full(words, clean, tmp_path):
    """A file system in memory, which gets more room before the second run."""
    out, copy = tmp_path / "out", tmp_path / "copy"
    out.mkdir()
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    mount = f"mount -t tmpfs -o size=12k tmpfs {out}"
    if subprocess.run([*command, mount], capture_output=True).returncode:
        pytest.skip("this system does not permit unprivileged mounts")
    build = shlex.join([sys.executable, "-m", "corruptbench", *words])
    script = (
        f"{mount}; {build}; echo ended with $? >&2; find {out} -name '.*'; "
        f"mount -o remount,size=1m {out}; {build}; echo ended with $? >&2; cp -r {out} {copy}"
    )
    done = subprocess.run([*command, script], capture_output=True, text=True, timeout=300)
    assert re.findall("ended with (.*)", done.stderr) == ["2", "0"], done.stderr
    assert re.findall("error: (.*)", done.stderr) == [
        f"{out / SHARD}: No space left on device; make room; the same command resumes"
    ]
    assert "/." not in done.stdout, "a temporary file or a lock is left"
    assert files(copy) == without_videos(clean)


def test_two_hosts(words, clean, library, tmp_path, cli):
    """The second is refused; when the first sleeps it takes over; the first notices and stops."""
    out, lock = tmp_path / "out", tmp_path / "out/.build.lock"
    first = subprocess.Popen(
        [sys.executable, "-m", "corruptbench", *words],
        stderr=subprocess.PIPE, text=True, env=environment(library, host="node1"),
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 120
        while not list(out.rglob("*.parquet")) and time.monotonic() < deadline:
            assert first.poll() is None, "it ended before it could be stopped"
            time.sleep(0.001)
        os.kill(first.pid, signal.SIGSTOP)
        assert process_in(lock.read_text()).host == "node1"
        refused = cli(*words)
        assert refused.code == 2
        assert re.search(rf"another build is running .*process {first.pid} on node1", refused.err)
        os.utime(lock, (time.time() - STALE - 30,) * 2)
        assert cli(*words).code == 0
        assert files(out) == without_videos(clean)
        time.sleep(LOOK)
        os.kill(first.pid, signal.SIGCONT)
        _, said = first.communicate(timeout=120)
    finally:
        first.kill()
        first.wait()
    assert first.returncode == 2
    assert "does not hold the folder any more: its lock was removed" in said
    assert "Traceback" not in said
    assert files(out) == without_videos(clean)
