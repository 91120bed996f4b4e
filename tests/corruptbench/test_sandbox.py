"""Untrusted input in a child process: limits, crashes, restarts, and what comes back."""

from __future__ import annotations

import os
import pickle
import signal
import socket
import struct
import sys
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from corruptbench import sandbox
from corruptbench.datasets.human36m import poses
from corruptbench.errors import InputError
from corruptbench.sandbox import Child, Limits, serving, transfer
from tests.corruptbench.safe_pickle.conftest import content, same
from tests.fixtures.processes import ends

ROOT = Path(__file__).parents[2]
HANG = ROOT / "tests/fixtures/cases/hang.cdf"
FEW = Limits(memory=2**27, seconds=1, output=2**20)


def run(function, *arguments, limits=FEW):
    return sandbox.run(
        f"tests.fixtures.sandboxed:{function}", *arguments,
        name="a.bin", remedy="fetch it again", limits=limits,
    )  # fmt: skip


@pytest.mark.parametrize(
    "value",
    [
        content(),
        [1.5, float("inf"), -0.0, "\ud800", "a\0b", b"", b"\xff", 2**63, -(2**200), True, None],
        [*range(1000)],
        [*map(float, range(1000))],
        [2**63] * 100,
        [True] * 100,
        ["one", "two"] * 1000,
        [str(i) for i in range(1000)],
        {(1, "a"): OrderedDict(b=()), 2.5: [], None: {}},
        np.zeros((3, 0)), np.array(3.0), np.str_(""), np.float32(1.5), np.bool_(True),
        np.array(["a", "bcd"]), np.array([b"x"]), np.zeros((2, 0), "U"), np.arange(3, dtype=">i4"),
        np.zeros(2, [("a", "i4"), ("b", "f8", (2,))]), np.array(["2020"], "M8[D]"),
        np.array([{"a": (1,)}, np.arange(3)], dtype=object),
    ],
)  # fmt: skip
def test_plain_data_comes_back_as_it_was(value):
    assert same(run("same", value), value)


def test_large_arrays_come_back_as_they_were():
    """They are the caller's alone and can be written to."""
    rng = np.random.default_rng(0)
    large = rng.random((2**20, 3))
    value = [large, large, large[::2], np.asfortranarray(large), np.arange(3)]
    found = run("same", value, limits=Limits())
    assert all(map(same, found, value))
    assert found[0] is found[1]
    found[0][0, 0] = 7
    assert same(run("same", value, limits=Limits()), value)


def test_one_child_serves_all_calls():
    assert len({run("child") for _ in range(50)} | {os.getpid()}) == 2


@pytest.mark.parametrize(
    ("function", "arguments", "said"),
    [
        ("loop", (), r"stopped at the limit of (1 s of processor time|10 s)"),
        ("fill", (2**28,), r"stopped at the limit of 134 MB of memory"),
        ("swallowed", (), r"stopped at the limit of 134 MB of memory"),
        ("zeros", (2**21,), r"stopped at the limit of 1\.05 MB of output"),
        ("crash", (), r"its reader crashed \(signal SIGSEGV\)"),
        ("end", (3,), r"its reader crashed \(exit code 3\)"),
        ("killed", (), r"the system killed its reader \(out of memory\?\)"),
        ("fail", ("x",), r"cannot be read \(KeyError: 'x'\), it may be damaged or truncated"),
        ("strange", (), r"cannot be read \(\w+: .*\), it may be .*"),
        ("missing", (), r"cannot be read \(AttributeError: .* 'missing'\), it may be .*"),
    ],
)
def test_whatever_happens_is_one_sentence(function, arguments, said):
    with pytest.raises(InputError, match=rf"^a\.bin: {said}; fetch it again$"):
        run(function, *arguments)
    assert run("same", 1) == 1  # the next call finds a child that works


def test_waiting_without_computing_is_limited():
    with pytest.raises(InputError, match=r"^a\.bin: stopped at the limit of 2 s; fetch it again$"):
        run("wait", limits=Limits(seconds=0.2))


def test_what_a_function_refuses_is_said_in_its_words():
    before = run("child")
    with pytest.raises(InputError, match=r"^b\.bin: no$"):
        run("refuse", "b.bin: no")
    assert run("child") == before


def test_limits_are_those_of_the_call():
    assert run("fill", 2**28, limits=Limits(memory=2**29)) == 1
    with pytest.raises(InputError, match="MB of memory"):
        run("fill", 2**28)


def test_a_child_that_died_between_calls():
    os.kill(run("child"), signal.SIGKILL)
    time.sleep(0.1)
    assert run("same", 2) == 2


def test_threads_take_turns():
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda i: run("same", i), range(40))) == [*range(40)]


def test_a_request_that_ends_the_child_costs_no_other_its_answer():
    """The next request is with the child already, and is asked again of another child."""
    with ThreadPoolExecutor(6) as pool:
        crashes = [pool.submit(run, "crash") for _ in range(3)]
        others = [pool.submit(run, "same", i) for i in range(9)]
        assert [other.result(60) for other in others] == [*range(9)]
        assert all("SIGSEGV" in str(crash.exception(60)) for crash in crashes)


def asked(child, pool, *calls):
    """The answers of a child, to be, and the process that is at work on the first one."""
    waiting = []
    for function, *arguments in calls:
        call = f"tests.fixtures.sandboxed:{function}"
        waiting.append(pool.submit(child.ask, call, arguments, Limits(seconds=60)))
        time.sleep(0.5)
    return waiting


def test_no_request_outlives_a_child_that_was_stopped():
    """The one that waits must not start another process, which would work on it."""
    child = Child("a reader", {})
    child.ask("tests.fixtures.sandboxed:child", [], Limits())
    with ThreadPoolExecutor(2) as pool:
        waiting = asked(child, pool, ("wait",), ("child",))
        child.stop()
        assert [one.result(60)[0] for one in waiting] == ["ended", "ended"]
    assert not child.is_running


def test_what_a_child_has_started_ends_with_it(tmp_path):
    child, pid_file = Child("a reader", {}), tmp_path / "pid"
    with ThreadPoolExecutor(1) as pool:
        (waiting,) = asked(child, pool, ("fork", str(pid_file)))
        while not (pid_file.exists() and pid_file.read_text()):
            time.sleep(0.05)
        child.stop()
        assert ends(int(pid_file.read_text()))
        assert waiting.result(60)[0] == "ended"


@pytest.mark.parametrize("text", [b"I1\n.", b"]."])
def test_plain_data_that_is_no_answer_is_one_sentence(text):
    with pytest.raises(InputError, match="gave no pair of a kind and an answer"):
        run("answer", text)


def test_an_answer_beyond_the_memory_is_one_sentence(monkeypatch):
    def full(*_):
        raise MemoryError

    monkeypatch.setattr(transfer, "receive", full)
    with pytest.raises(InputError, match="gave more than there is memory for"):
        run("same", 1)


def test_an_answer_that_names_a_function_runs_nothing(tmp_path):
    """The child may be in the hands of the file that it reads."""
    with pytest.raises(InputError, match=r"gave another answer than plain data \(.*system"):
        run("answer", f"cos\nsystem\n(S'touch {tmp_path / 'made'}'\ntR.".encode())
    assert not [*tmp_path.iterdir()]
    assert run("same", 2) == 2


class Pointers:
    """An array of objects that a pickle of numpy makes out of any bytes."""

    def __reduce__(self):
        """Return what makes it: the flags of its type say that it holds no objects."""
        return np._core.numeric._frombuffer, (b"A" * 16, Pointers.Type(), (2,), "C")

    class Type:
        """The type of its elements."""

        def __reduce__(self):
            """Return what makes it."""
            state = 3, "|", None, None, None, -1, -1, 0
            return np.dtype, ("O8", False, True), state


class Objects:
    """The same, by the function that makes arrays of plain data."""

    def __reduce__(self):
        """Return what makes it."""
        return transfer._array, (b"A" * 16, "|O", (2,), "C")


@pytest.mark.parametrize("forged", [Pointers(), Objects()])
def test_no_bytes_of_an_answer_become_pointers(forged):
    """Numpy would follow them in this process."""
    with pytest.raises(InputError, match="gave another answer than plain data"):
        run("answer", pickle.dumps(["value", forged]))
    assert run("same", 2) == 2


@pytest.mark.parametrize("text", [b"", b"\x80", b"I1", b"N" * 7])
def test_an_answer_that_is_no_message_is_one_sentence(text):
    with pytest.raises(InputError, match="gave another answer than plain data"):
        run("answer", text)


def test_an_answer_that_comes_byte_by_byte_is_not_waited_for(monkeypatch):
    """The child may have removed its own limit."""
    monkeypatch.setattr("corruptbench.sandbox.child.START", 0)
    with pytest.raises(InputError, match="stopped at the limit of 1 s"):
        run("trickle", limits=Limits(elapsed=1))


def test_a_forked_process_has_a_child_of_its_own():
    ours = run("child")
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        os.write(write, str(run("child")).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    assert int(os.read(read, 100)) != ours
    assert run("child") == ours


def test_nothing_is_printed(capfd):
    run("speak")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("header", [(2, 10, 99999999999), (1, 2**62, 0), (2**62, 0, 2**63)])
def test_a_large_message_is_not_taken(header):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(struct.pack(f"<{len(header)}Q", *header))
        with pytest.raises(OverflowError):
            transfer.receive(ours, 2**30)


def test_a_cdf_whose_reader_loops_for_ever(monkeypatch):
    monkeypatch.setattr(Limits, "for_file", lambda _: Limits(seconds=1))
    with pytest.raises(InputError, match=r"hang\.cdf: stopped at the limit of 1 s of .*fetch or"):
        poses.read(HANG)


def test_limits_follow_the_size_of_a_file(tmp_path):
    path = tmp_path / "a"
    assert Limits.for_file(path) == Limits()
    path.write_bytes(bytes(10**7))
    assert Limits.for_file(path) == Limits(2**30 + 3 * 10**7, 8.1, 2**30 + 2 * 10**7)


def test_relative_names_are_those_of_the_caller(tmp_path, monkeypatch):
    run("child")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"^a\.cdf: missing"):
        poses.read(Path("a.cdf"))
    (tmp_path / "a.cdf").write_bytes(HANG.read_bytes()[:100])
    with pytest.raises(InputError, match=r"^a\.cdf: cannot be read .* damaged or truncated"):
        poses.read(Path("a.cdf"))


def test_a_child_that_cannot_be_limited_in_memory_is_limited_otherwise(monkeypatch):
    """As on macOS, and on Linux without /proc; here in this process."""
    monkeypatch.setattr(serving, "STATM", Path("nowhere"))
    with serving._limited(1, 100, 1000):
        assert len(bytes(2**20)) == 2**20
    monkeypatch.setattr(sys, "platform", "darwin")
    with serving._limited(1, 100, 1000):
        assert len(bytes(2**20)) == 2**20


@pytest.mark.parametrize("python", [None, "", "/nowhere/python"])
def test_a_child_that_cannot_be_started_is_said(python, monkeypatch):
    sandbox.stop()
    monkeypatch.setattr(sys, "executable", python)
    with pytest.raises(InputError, match=r"^a\.bin: its reader.* cannot be started .*; fetch it"):
        run("same", 1)
    monkeypatch.undo()
    assert run("same", 1) == 1


def test_limits_hold_where_the_caller_blocks_their_signals():
    sandbox.stop()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    try:
        with pytest.raises(InputError, match="stopped at the limit"):
            run("wait", limits=Limits(seconds=0.2))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        sandbox.stop()
