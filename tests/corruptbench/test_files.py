"""Files that exist whole or not at all, and errors of the system that name them."""

from __future__ import annotations

import errno
import os
import resource
from contextlib import contextmanager

import pytest

from corruptbench.cli.system_errors import REMEDIES, described
from corruptbench.errors import InputError, named
from corruptbench.files import atomic, write_together
from corruptbench.lifters.export import export
from corruptbench.process_id import process_in, this_process
from corruptbench.text_files import read_text
from corruptbench.training.config import Schedule
from corruptbench.training.state import State
from corruptbench.training.videopose3d import VideoPose3D
from tests.corruptbench.conftest import contract
from tests.fixtures.lifters import Lift


def failing(number):
    def fail(*_):
        raise OSError(number, os.strerror(number))

    return fail


def test_a_temporary_file_names_its_process(tmp_path):
    with atomic(tmp_path / "a") as temporary:
        temporary.touch()
        assert process_in(temporary.name) == this_process()
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_file_that_cannot_be_written(call, tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(b"before")
    monkeypatch.setattr(os, call, failing(errno.EDQUOT))
    with pytest.raises(OSError, match="quota") as caught, atomic(path) as temporary:
        temporary.write_bytes(b"after")
    assert caught.value.filename == str(path)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a", b"before")]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EBADF, errno.ENOSYS])
def test_a_folder_that_refuses_to_be_put_on_disk(number, tmp_path, monkeypatch):
    sync = os.fsync

    def refuse(handle):
        (failing(number) if os.path.isdir(f"/proc/self/fd/{handle}") else sync)(handle)

    monkeypatch.setattr(os, "fsync", refuse)
    with atomic(tmp_path / "a") as temporary:
        temporary.touch()
    assert (tmp_path / "a").exists()


@pytest.mark.parametrize("fails_at", [1, 2, 3])
def test_files_that_are_written_together(fails_at, tmp_path, monkeypatch):
    """The disk is full at one of them: all others are as they were, too."""
    before = {tmp_path / name: name.encode() for name in "abc"}
    write_together(before)
    calls, sync = [], os.fsync

    def fill(handle):
        calls.append(handle)
        (sync if len(calls) < fails_at else failing(errno.ENOSPC))(handle)

    monkeypatch.setattr(os, "fsync", fill)
    with pytest.raises(OSError, match="No space") as caught:
        write_together(dict.fromkeys(before, b"new"))
    assert caught.value.filename == str(list(before)[fails_at - 1])
    assert {p: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_what_has_a_name_keeps_it(tmp_path):
    with pytest.raises(OSError, match="other") as caught, named(tmp_path):
        (tmp_path / "other").read_bytes()
    assert caught.value.filename == str(tmp_path / "other")
    with pytest.raises(OSError, match="no number"), named(tmp_path):
        raise OSError("no number")


@pytest.mark.parametrize("number", REMEDIES)
def test_an_error_of_the_system_is_one_sentence(number):
    said = described(OSError(number, os.strerror(number), "x"), "; the same command resumes")
    assert said == f"x: {os.strerror(number)}; {REMEDIES[number]}; the same command resumes"
    assert described(OSError(errno.ENOENT, "No such file", "x"), "; y") == "x: No such file"


@contextmanager
def small_files():
    """Let no file grow beyond 2,000 bytes, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("suffix", [".pt", ".pt2"])
def test_a_model_that_finds_the_disk_full(suffix, tmp_path):
    """Torch's own writer ends the process then."""
    path = tmp_path / f"model{suffix}"
    with pytest.raises(OSError, match="too large") as caught, small_files():
        export(Lift(), contract(frames=1), path)
    assert caught.value.filename == str(path)
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_that_finds_the_disk_full(tmp_path):
    state = State(VideoPose3D(17, 2, widths=(3,), features=4), Schedule(epochs=1))
    path = tmp_path / "checkpoint"
    with pytest.raises(OSError, match="too large") as caught, small_files():
        state.save(path, "this run")
    assert caught.value.filename == str(path)
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_is_neither_waited_for_nor_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(InputError, match="a device or pipe; expected a text file"):
        read_text(pipe)
    with pytest.raises(OSError, match="expected a regular file"), atomic(pipe):
        pass
    assert pipe.is_fifo()
