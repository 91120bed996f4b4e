"""What a pull request may do to a board: add rows, complete what is said of a lifter, no more."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corruptbench.leaderboard import About, audit, change_problems, changed_rows, submit
from corruptbench.leaderboard.board.changes import completed
from corruptbench.leaderboard.problem import SubmissionError
from tests.leaderboard.conftest import Make, clip_table, digest
from tests.leaderboard.test_status import RESCORED, VERIFIED, mark


@pytest.fixture
def boards(make: Make, tmp_path: Path) -> tuple[Path, Path]:
    """A board before a change, with a claimed and a verified row, and the same to be changed."""
    before, board = tmp_path / "before", tmp_path / "board"
    submit(make(name="old"), before, None, About(authors="A. Author"))
    mark(submit(make(name="sure"), before, None), VERIFIED)
    shutil.copytree(before, board)
    return board, before


def edit(board: Path, name: str, change: Callable[[dict[str, Any]], None]) -> None:
    path = board / "toy-c-v1" / name / "result.json"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document, indent=2) + "\n")


def test_a_new_row_is_all_right(make: Make, boards: tuple[Path, Path]) -> None:
    board, before = boards
    assert changed_rows(*boards) == change_problems(*boards) == []
    row = submit(make(name="new"), board, None)
    assert changed_rows(board, before) == [row]
    assert change_problems(board, before) == []


@pytest.mark.parametrize("name", ["old", "sure"])
def test_what_is_said_of_a_lifter_may_be_completed(
    make: Make, boards: tuple[Path, Path], name: str
) -> None:
    board, before = boards
    row = submit(make(name=name), board, None, About(venue="CVPR"))
    assert changed_rows(board, before) == [row]
    assert change_problems(board, before) == []
    assert completed(row, board, before) == {"venue": "CVPR"}


@pytest.mark.parametrize(
    ("name", "change", "field"),
    [
        ("old", lambda d: d.update(status=VERIFIED), "status"),
        ("sure", lambda d: d.update(status=RESCORED), "status"),
        ("sure", lambda d: d["status"].update(date="2026-11-28"), "status"),
        ("sure", lambda d: d.pop("status"), "status"),
        ("sure", lambda d: d["mpjpe"].update(corrupted=1.0), "mpjpe"),
        ("old", lambda d: d.update(command="other"), "command"),
        ("old", lambda d: d.update(supersedes="sure"), "supersedes"),
        ("old", lambda d: d["lifter"].update(sha256=digest("x")), "lifter"),
        ("old", lambda d: d["lifter"].pop("about"), "lifter.about.authors"),
        ("old", lambda d: d["lifter"]["about"].update(authors="B"), "lifter.about.authors"),
        (
            "old",
            lambda d: d["lifter"]["about"].update(training_data=["corrupted"]),
            "lifter.about.training_data",
        ),
    ],
)
def test_a_row_that_was_there_does_not_change(
    boards: tuple[Path, Path], name: str, change: Callable[[dict[str, Any]], None], field: str
) -> None:
    edit(boards[0], name, change)
    (problem,) = change_problems(*boards)
    assert problem.field == field
    assert problem.file.endswith(f"toy-c-v1/{name}/result.json")


@pytest.mark.parametrize(
    "more",
    [
        '"status": {"kind": "verified", "date": "2026-11-27", "version": "0.1.0"}, "status": null',
        '"status": null',
        '"supersedes":null',
    ],
)
@pytest.mark.parametrize("name", ["old", "new"])
def test_a_row_is_no_other_text_than_what_is_read_of_it(
    make: Make, boards: tuple[Path, Path], more: str, name: str
) -> None:
    """A field may stand there twice. The last one counts here, and the first one for others."""
    path = submit(make(name=name), boards[0], None) / "result.json"
    path.write_text(f"{path.read_text().rstrip()[:-1]}, {more}}}\n")
    (problem,) = change_problems(*boards)
    assert (problem.field, problem.found) == ("document", "another text")


@pytest.mark.parametrize("status", [VERIFIED, RESCORED])
def test_a_new_row_has_no_status(
    make: Make, boards: tuple[Path, Path], status: dict[str, str]
) -> None:
    mark(submit(make(name="new"), boards[0], None), status)
    (problem,) = change_problems(*boards)
    assert "only the owner of the board" in problem.expected
    assert problem.file.endswith("new/result.json")


def test_a_status_does_not_move_to_another_model(make: Make, boards: tuple[Path, Path]) -> None:
    """A whole new row, with a table of its own, in the place of a verified one."""
    board, _ = boards
    shutil.rmtree(board / "toy-c-v1" / "sure")
    mark(submit(make(clip_table(5, level=20), name="sure"), board, None), VERIFIED)
    assert audit(board, lambda _: None) == []
    assert {"mpjpe", "cells"} <= {problem.field for problem in change_problems(*boards)}


def test_a_row_is_not_removed(boards: tuple[Path, Path]) -> None:
    shutil.rmtree(boards[0] / "toy-c-v1" / "old")
    found = [(p.file, p.found) for p in change_problems(*boards)]
    assert found == [(f"toy-c-v1/old/{n}", "nothing") for n in ("clips.parquet", "result.json")]


@pytest.mark.parametrize(
    "name",
    [".lock", "setup.py", "toy-c-v1/notes.md", "toy-c-v1/old/model.pt2", "toy-c-v1/.x/result.json",
     "toy-c-v1/old/more/result.json"],
)  # fmt: skip
def test_no_other_file_is_added(boards: tuple[Path, Path], name: str) -> None:
    path = boards[0] / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}")
    (problem,) = change_problems(*boards)
    assert (problem.file, problem.remedy) == (name, "remove it")


@pytest.mark.parametrize("place", ["toy-c-v1/new", "toy-c-v1/old/result.json", "other-v1"])
def test_links_are_told(boards: tuple[Path, Path], place: str, tmp_path: Path) -> None:
    path = boards[0] / place
    if path.exists():
        path.rename(tmp_path / "moved")
    path.symlink_to(tmp_path / "moved")
    assert "a link or a special file" in [p.found for p in change_problems(*boards)]


def test_both_boards_must_be_there(boards: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(SubmissionError, match="expected a folder"):
        change_problems(boards[0], tmp_path / "nowhere")
