"""Submissions at the same time are added one after the other."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from corruptbench.leaderboard import load, submit
from corruptbench.leaderboard.board import lock as board_lock
from corruptbench.leaderboard.board import store
from corruptbench.leaderboard.problem import SubmissionError
from tests.leaderboard.conftest import Make, digest

#: Submits a result, but waits before the row is written until the folder ``go`` is there.
WAITING = """if True:
    import sys, time
    from pathlib import Path
    from corruptbench.leaderboard.board import store
    path, board, ready, go = map(Path, sys.argv[1:])
    add = store._add
    def late(*arguments):
        ready.mkdir()
        while not go.exists():
            time.sleep(0.01)
        add(*arguments)
    store._add = late
    store.submit(path, board, None)
"""


def start(path: Path, board: Path, ready: Path, go: Path) -> subprocess.Popen[bytes]:
    """Start a process that submits a result; return when it is about to write the row."""
    words = [sys.executable, "-c", WAITING, *map(str, (path, board, ready, go))]
    process = subprocess.Popen(words)
    while not ready.exists():
        assert process.poll() is None
    return process


@pytest.mark.parametrize(
    ("name", "sha256"), [("plain", "another"), ("P1ain", "another"), ("Plain", "another")]
)
def test_two_at_once_do_not_both_land(make: Make, tmp_path: Path, name: str, sha256: str) -> None:
    """Names that differ in case only, names that look alike, and one name twice."""
    board, go = tmp_path / "board", tmp_path / "go"
    process = start(make(name="Plain"), board, tmp_path / "ready", go)
    second = make(name=name, lifter={"sha256": digest(sha256)})
    waits = board_lock.locked

    def told(folder: Path):
        go.mkdir()  # the first goes on when the second begins to wait
        return waits(folder)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "locked", told)
        with pytest.raises(SubmissionError):
            submit(second, board, None)
    assert process.wait(60) == 0
    assert [result.lifter.name for result in load(board)] == ["Plain"]
    assert [path.name for path in board.iterdir()] == ["toy-c-v1"]


def test_a_process_that_was_killed_is_no_obstacle(make: Make, tmp_path: Path) -> None:
    board = tmp_path / "board"
    process = start(make(name="killed"), board, tmp_path / "ready", tmp_path / "go")
    process.kill()
    process.wait(60)
    assert (board / board_lock.LOCK_FILE).exists()
    left = board / "toy-c-v1" / ".honest.abcdefgh"
    left.mkdir(parents=True)
    submit(make(name="honest"), board, None)
    assert [result.lifter.name for result in load(board)] == ["honest"]
    assert not left.exists()
    assert not (board / board_lock.LOCK_FILE).exists()


def test_a_lock_that_is_not_released_is_named(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = tmp_path / "board"
    board.mkdir()
    lock = board / board_lock.LOCK_FILE
    lock.write_text(f"{os.getppid()}\n{socket.gethostname()}\n")
    monkeypatch.setattr(board_lock, "PATIENCE", 0.1)
    with pytest.raises(OSError, match="remove the file") as caught:
        submit(make(), board, None)
    assert caught.value.filename == str(lock)
    assert list(board.iterdir()) == [lock]


def test_a_refusal_leaves_no_board(make: Make, tmp_path: Path) -> None:
    path = make()
    with pytest.raises(SubmissionError):
        submit(path, tmp_path / "new" / "board", None, supersedes="nobody")
    assert not (tmp_path / "new").exists()
