"""Locks without `flock`: who holds one, when it may be taken over, and how its holder notices."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest

from corruptbench import process_id
from corruptbench.builder import lock_file
from corruptbench.builder.lock_file import STALE, held, holder_of
from corruptbench.builder.parts import Part
from corruptbench.builder.reservation import reserved, reserved_for
from corruptbench.errors import InputError
from corruptbench.files import atomic
from corruptbench.process_id import process_in, this_process

ELSEWHERE = replace(this_process(), host="node7", machine="0" * 12, pid=4711)
HOLDS = """
import sys, time
from pathlib import Path
from corruptbench.builder.reservation import reserved
with reserved(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def lock(tmp_path):
    return tmp_path / ".build.lock"


def written(path, process, age=0.0):
    """A lock of a process, whose last sign of life is so many seconds old."""
    path.write_text(f"{process} 0123456789abcdef\n")
    os.utime(path, (time.time() - age,) * 2)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(lock_file, "PULSE", 0.05)
    monkeypatch.setattr(lock_file, "SETTLED", 0.05)


def test_a_lock_is_there_while_it_is_held(lock):
    with held(lock, "taken") as check:
        assert process_in(lock.read_text()) == this_process()
        check()
        with pytest.raises(InputError, match=rf"^taken \(process {os.getpid()} on [^;]*\)$"):
            held(lock, "taken").__enter__()
        assert holder_of(lock).process == this_process()
    assert not lock.exists()
    assert holder_of(lock) is None


@pytest.mark.parametrize(
    ("process", "age", "is_gone"),
    [
        (this_process(), STALE + 60, False),  # it is seen to run: it may be stopped by Ctrl-Z
        (replace(this_process(), start=1), 0, True),  # the number was given to another process
        (replace(this_process(), pid=2**22 + 1), 0, True),  # above the highest number of Linux
        (ELSEWHERE, STALE - 30, False),
        (ELSEWHERE, -STALE, False),  # a clock that is ahead
        (ELSEWHERE, STALE + 30, True),
        ("", STALE - 30, False),  # created, but not yet written
        ("", STALE + 30, True),
    ],
)
def test_when_a_lock_may_be_taken_over(lock, process, age, is_gone, quick):  # noqa: ARG001
    written(lock, process, age)
    if is_gone:
        with held(lock, "taken"):
            assert process_in(lock.read_text()) == this_process()
        assert list(lock.parent.iterdir()) == []
    else:
        with pytest.raises(InputError, match="taken"):
            held(lock, "taken").__enter__()
        assert [p.name for p in lock.parent.iterdir()] == [lock.name]


def test_a_lock_from_the_time_ahead_tells_how_to_remove_it(lock):
    """After a clock was set back its age would not pass `STALE` for years."""
    written(lock, ELSEWHERE, age=-1e6)
    with pytest.raises(InputError, match=f"lies 1?[0-9]{{6}} s ahead.*delete {lock}") as caught:
        held(lock, "taken").__enter__()
    assert "counts as ended" not in str(caught.value)


def test_a_pipe_in_place_of_a_lock_is_not_waited_for(lock):
    os.mkfifo(lock)
    for attempt in (lambda: holder_of(lock), lambda: held(lock, "taken").__enter__()):
        with pytest.raises(OSError, match=r"expected a regular file: .*\.build\.lock"):
            attempt()
    assert lock.is_fifo()


def test_a_pipe_that_replaces_a_held_lock_ends_the_build(lock, monkeypatch):
    monkeypatch.setattr(lock_file, "LOOK", 0)
    with held(lock, "taken") as check:
        lock.unlink()
        os.mkfifo(lock)
        with pytest.raises(OSError, match="expected a regular file"):
            check()


def test_a_holder_elsewhere_is_named(lock):
    written(lock, ELSEWHERE, 30)
    with pytest.raises(InputError, match=r"process 4711 on node7; .* (29|30|31) s ago, .* 120 s"):
        held(lock, "taken").__enter__()


@pytest.mark.parametrize("wrong", [1e6, 4e9])
def test_the_clock_of_this_machine_does_not_count(lock, wrong, monkeypatch):
    written(lock, ELSEWHERE, 30)
    monkeypatch.setattr(time, "time", lambda: wrong)
    assert 29 < holder_of(lock).age < 60


def test_a_killed_process_that_nobody_waited_for_holds_nothing(tmp_path, quick):  # noqa: ARG001
    """Its parent has not asked for its end, so the system still lists it."""
    out = tmp_path / "out"
    process = subprocess.Popen([sys.executable, "-c", HOLDS, out], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(InputError, match=f"process {process.pid}"), reserved(out):
            pass
        os.kill(process.pid, signal.SIGKILL)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        with reserved(out):
            pass
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_heartbeat_renews_the_time(lock, quick):  # noqa: ARG001
    with held(lock, "taken"):
        os.utime(lock, (1, 1))
        deadline = time.monotonic() + 30
        while lock.stat().st_mtime == 1 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert lock.stat().st_mtime > 1


@pytest.mark.parametrize("how", ["taken", "removed"])
def test_a_holder_notices_that_its_lock_is_lost(lock, how, quick):  # noqa: ARG001
    with pytest.raises(InputError, match=r"not hold the folder any more: .*finished clips stay"):  # noqa: PT012, SIM117
        with held(lock, "taken") as check:
            if how == "taken":
                written(lock, ELSEWHERE)
            else:
                lock.unlink()
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                check()
                time.sleep(0.01)
    assert lock.exists() == (how == "taken"), "the lock of the other one stays"


def test_a_holder_that_slept_notices_before_its_heartbeat_does(lock, monkeypatch):
    """The thread has not run yet when the machine wakes up."""
    with pytest.raises(InputError, match="process 4711 on node7"):  # noqa: PT012, SIM117
        with held(lock, "taken") as check:
            written(lock, ELSEWHERE)
            check()  # nothing is known yet
            now = time.time()
            monkeypatch.setattr(time, "time", lambda: now + 3600)
            check()


def test_a_lost_lock_explains_what_else_went_wrong(lock):
    """The new holder removed the temporary file."""
    with pytest.raises(InputError, match="process 4711 on node7"):  # noqa: PT012, SIM117
        with held(lock, "taken"), atomic(lock.parent / "shard") as temporary:
            written(lock, ELSEWHERE)
            temporary.touch()
            temporary.unlink()


def test_a_file_system_that_does_not_answer_takes_no_lock_away(lock, monkeypatch):
    def stale(*_):
        raise OSError(errno.ESTALE, "Stale file handle")

    monkeypatch.setattr(lock_file, "LOOK", -1)
    with held(lock, "taken") as check:
        monkeypatch.setattr(lock_file.Path, "read_bytes", stale)
        check()
        monkeypatch.undo()
    assert not lock.exists()


def test_of_several_that_take_over_at_once_one_succeeds(lock, monkeypatch):
    """All have found that the holder is gone before the first one replaces its lock."""
    written(lock, ELSEWHERE, STALE + 30)
    found, done, ended = threading.Barrier(4), threading.Event(), []

    def together(path, own, replace_lock=lock_file._replace):
        found.wait(60)
        replace_lock(path, own)

    def take():
        try:
            with held(lock, "taken"):
                done.wait(60)
                ended.append("held")
        except InputError:
            ended.append("refused")
            if len(ended) == 3:
                done.set()

    monkeypatch.setattr(lock_file, "_replace", together)
    threads = [threading.Thread(target=take, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert ended == ["refused"] * 3 + ["held"]
    assert list(lock.parent.iterdir()) == []


def test_a_lock_that_is_released_meanwhile_is_taken(lock, monkeypatch):
    tries = []

    def late(path, own, create=lock_file._created):
        tries.append(path)
        return len(tries) > 1 and create(path, own)

    monkeypatch.setattr(lock_file, "_created", late)
    with held(lock, "taken"):
        assert len(tries) == 2


def test_a_killed_part_does_not_hinder_a_whole_build(tmp_path, quick):  # noqa: ARG001
    killed = tmp_path / ".part-0-of-2.lock"
    written(killed, replace(this_process(), start=1))
    with reserved(tmp_path):
        assert not killed.exists()
    written(killed, ELSEWHERE, 10)
    with pytest.raises(InputError, match=r"another build is running.*node7"), reserved(tmp_path):
        pass
    written(tmp_path / ".build.lock", ELSEWHERE, STALE + 30)
    with reserved_for(Part(1, 2), tmp_path):
        pass


@pytest.mark.parametrize("host", ["node7", "a.b.c", "x" * 64, "odd name/\udcff", ""])
def test_a_process_in_the_name_of_a_file(host, tmp_path):
    process = replace(this_process(), host=host)
    (tmp_path / f".{'0' * 12}.{process}.part").touch()
    (path,) = tmp_path.iterdir()
    assert replace(process_in(path.name), host=host) == process
    assert process_in(".0123456789ab.77.part") is None


def test_a_process_of_another_user_that_proc_hides(monkeypatch):
    """As on login nodes that mount /proc with hidepid=2; process 1 belongs to root."""

    def hidden(_):
        raise FileNotFoundError

    monkeypatch.setattr(process_id, "_stat", hidden)
    assert not replace(this_process(), pid=1).has_ended
    assert replace(this_process(), pid=2**22 + 1).has_ended


def test_machines_that_do_not_tell_their_boot_are_not_taken_for_one(monkeypatch):
    """Containers on two hosts may have the same name, and hide /proc/sys."""

    def hidden(path, **_):
        raise FileNotFoundError(path)

    monkeypatch.setattr(process_id.Path, "read_text", hidden)
    here = this_process()
    assert here.is_here
    monkeypatch.setattr(process_id, "_UNKNOWN", "that of another process")
    assert not here.is_here
    assert not replace(here, pid=2**22 + 1).has_ended


def test_a_lock_that_leads_nowhere_is_no_endless_loop(lock):
    lock.symlink_to("nowhere")
    with pytest.raises(FileExistsError, match=r"remove it.*\.build\.lock"):
        held(lock, "taken").__enter__()
