"""A new row can supersede an older one of the same authors, and nobody else's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from corruptbench.leaderboard import About, Result, SubmissionError, audit, load, rank, submit
from corruptbench.leaderboard.board.store import confirm
from corruptbench.leaderboard.ranking.superseding import history, rows_by_authors, superseded
from corruptbench.leaderboard.referee.submission import read_result
from corruptbench.leaderboard.status import Status
from tests.leaderboard.conftest import (
    BOXES,
    Make,
    clip_table,
    clip_table_3,
    digest,
    document,
    named_table,
    without_units,
)
from tests.leaderboard.test_status import RESCORED, VERIFIED, mark
from tests.leaderboard.test_table import printed

OURS, THEIRS = About(authors="A. Author, B. Author"), About(authors="C. Author")


@pytest.fixture
def board(make: Make, tmp_path: Path) -> Path:
    """A board with a row "old" of ours."""
    submit(make(clip_table(0, level=30), name="old"), tmp_path / "board", None, OURS)
    return tmp_path / "board"


def add(
    make: Make, board: Path, name: str, old: str, about: About | None = OURS, **how: Any
) -> Path:
    path = make(how.pop("table", named_table(name, level=50)), name=name, **how)
    return submit(path, board, None, about, supersedes=old)


def ranks(board: Path) -> dict[str, tuple[int | None, str]]:
    return {r.result.lifter.name: (r.rank, r.apart) for r in rank(load(board))}


@pytest.mark.parametrize("status", [VERIFIED, RESCORED])
def test_the_older_row_stays_without_a_rank(
    make: Make, board: Path, status: dict[str, str]
) -> None:
    before = (board / "toy-c-v1" / "old" / "result.json").read_bytes()
    mark(add(make, board, "new", "old"), status)
    assert ranks(board) == {"new": (1, ""), "old": (None, "superseded by new")}
    assert (board / "toy-c-v1" / "old" / "result.json").read_bytes() == before
    assert audit(board, lambda _: None) == []


@pytest.mark.parametrize("status", [None, VERIFIED])
def test_a_claimed_row_takes_no_rank_away(
    make: Make, board: Path, status: dict[str, str] | None
) -> None:
    """Whoever knows the names of the authors can write them into a row."""
    if status:
        mark(board / "toy-c-v1" / "old", status)
    add(make, board, "thief", "old")
    assert ranks(board) == {"old": (1, ""), "thief": (2, "")}
    assert superseded(load(board)) == {}
    assert "thief: says that it supersedes old, not confirmed" in printed(load(board))
    assert audit(board, lambda _: None) == []


def test_a_claimed_row_blocks_no_other(make: Make, board: Path) -> None:
    thief = add(make, board, "thief", "old")
    mark(add(make, board, "new", "old"), VERIFIED)
    assert ranks(board) == {
        "new": (1, ""), "thief": (2, ""), "old": (None, "superseded by new")
    }  # fmt: skip
    (problem,) = audit(board, lambda _: None)
    assert Path(problem.file).parent == thief
    assert problem.expected == "a row that new does not supersede"


def test_the_owner_confirms_no_second_successor(make: Make, board: Path) -> None:
    thief = add(make, board, "thief", "old")
    mark(add(make, board, "new", "old"), VERIFIED)
    before = (thief / "result.json").read_bytes()
    with pytest.raises(SubmissionError, match="a row that new does not supersede"):
        confirm(thief, board, read_result(thief / "result.json"), Status.model_validate(VERIFIED))
    assert (thief / "result.json").read_bytes() == before


@pytest.mark.parametrize("about", [None, THEIRS, About(venue="CVPR")])
def test_nobody_supersedes_the_row_of_others(make: Make, board: Path, about: About | None) -> None:
    with pytest.raises(SubmissionError, match=r"supersedes: found authors .*A\. Author"):
        add(make, board, "thief", "old", about)
    assert ranks(board) == {"old": (1, "")}


def test_two_rows_without_authors_do_not_supersede_each_other(make: Make, tmp_path: Path) -> None:
    board = tmp_path / "board"
    submit(make(name="old"), board, None)
    with pytest.raises(SubmissionError, match="found authors none"):
        add(make, board, "new", "old", None)


def test_a_confirmed_row_supersedes_a_confirmed_one(make: Make, board: Path) -> None:
    new = add(make, board, "new", "old")
    mark(board / "toy-c-v1" / "old", VERIFIED)
    assert ranks(board) == {"old": (1, ""), "new": (2, "")}
    mark(new, RESCORED)
    assert ranks(board)["old"] == (None, "superseded by new")
    assert audit(board, lambda _: None) == []


@pytest.mark.parametrize("name", ["new", "nobody", "toy-c-v2/old", "../toy-c-v1/old", ""])
def test_a_row_supersedes_a_row_that_is_there(make: Make, board: Path, name: str) -> None:
    with pytest.raises(SubmissionError, match="the name of another row of the same table"):
        add(make, board, "new", name)
    assert ranks(board) == {"old": (1, "")}


@pytest.mark.parametrize(
    "how",
    [
        {"benchmark": {"version": 2}},
        {"benchmark": {"id": "other-c"}},
        {"benchmark": {"manifest_sha256": digest("another")}},
        {"table": clip_table_3(), "build": {"boxes": BOXES}},
        {"table": without_units(), "lifter": {"contract": {"units": "none"}}},
    ],
)
def test_a_row_of_another_table_is_not_superseded(
    make: Make, board: Path, how: dict[str, Any]
) -> None:
    with pytest.raises(SubmissionError, match="of the same table"):
        add(make, board, "new", "old", **how)


def test_a_row_is_superseded_once_and_rows_form_a_line(make: Make, board: Path) -> None:
    mark(add(make, board, "second", "old"), VERIFIED)
    with pytest.raises(SubmissionError, match="a row that second does not supersede"):
        add(make, board, "rival", "old")
    mark(add(make, board, "third", "second"), VERIFIED)
    assert ranks(board) == {
        "third": (1, ""),
        "old": (None, "superseded by second"),
        "second": (None, "superseded by third"),
    }
    newer = superseded(load(board))
    for name in ("old", "second", "third"):
        assert history(name, newer) == ["old", "second", "third"]
    assert audit(board, lambda _: None) == []


def test_a_row_that_is_there_cannot_begin_to_supersede(make: Make, board: Path) -> None:
    """Whoever submits somebody's result again would say it in their name."""
    path = make(name="new")
    submit(path, board, None, OURS)
    with pytest.raises(SubmissionError, match="supersedes: found old, expected nothing"):
        submit(path, board, None, supersedes="old")
    assert ranks(board)["old"] == (1, "")


def test_the_same_result_again_still_supersedes(make: Make, board: Path) -> None:
    for old in ("old", "old", None):
        path = make(name="new")
        submit(path, board, None, OURS, supersedes=old)
    (new,) = (result for result in load(board) if result.lifter.name == "new")
    assert new.supersedes == "old"


def on_table(name: str, supersedes: str | None, authors: str | None = "A") -> Result:
    """A row that the owner confirmed."""
    about = {"about": {"authors": authors}} if authors else {}
    fields = document(clip_table(), digest(name), name=name, lifter=about) | {"status": VERIFIED}
    return Result.model_validate({**fields, **({"supersedes": supersedes} if supersedes else {})})


@pytest.mark.parametrize(
    "rows",
    [
        {"a": "a"},
        {"a": "b", "b": "a"},
        {"a": "b", "b": "c", "c": "a"},
        {"a": "b", "b": "c", "c": "b"},
        {"a": "c", "b": "c", "c": None},
    ],
)
def test_a_board_that_was_edited_by_hand_keeps_its_ranks(rows: dict[str, str | None]) -> None:
    """Circles, and two rows that supersede the same one."""
    found = rank([on_table(name, old) for name, old in rows.items()])
    assert sorted(r.rank or 0 for r in found) == list(range(1, len(rows) + 1))


def test_a_board_that_was_edited_by_hand_is_reported(make: Make, board: Path) -> None:
    add(make, board, "new", "old")
    path = board / "toy-c-v1" / "old" / "result.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "supersedes": "new"}))
    problems = audit(board, lambda _: None)
    assert {Path(p.file).parent.name for p in problems} == {"old", "new"}
    assert all("circle" in p.found for p in problems)


def test_rows_are_counted_by_authors() -> None:
    rows = [on_table("a", None, "A. Author"), on_table("b", None, " a.  author"),
            on_table("c", None, "\u00c9va"), on_table("e", None, "E\u0301va"),
            on_table("d", None, None)]  # fmt: skip
    assert rows_by_authors(rows) == {"a. author": 2, "\u00e9va": 2}
