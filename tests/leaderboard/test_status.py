"""Only the owner of a board marks a row, and a claimed row never stands above a marked one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from corruptbench.leaderboard import Result, SubmissionError, check, load, rank, standing, submit
from corruptbench.leaderboard.status import kind_of
from tests.leaderboard.conftest import Make, clip_table, clip_table_3, digest, document
from tests.leaderboard.test_table import printed

VERIFIED = {"kind": "verified", "date": "2026-11-27", "version": "0.1.0"}
RESCORED = {**VERIFIED, "kind": "re-scored"}


def row(name: str, level: float, status: dict[str, str] | None = None, **changes: Any) -> Result:
    fields = document(clip_table(level=level), digest(name), name=name, **changes)
    return Result.model_validate({**fields, **({"status": status} if status else {})})


def mark(folder: Path, status: dict[str, str]) -> None:
    """Give a row of a board a status, as its owner does."""
    path = folder / "result.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "status": status}, indent=2) + "\n")


@pytest.mark.parametrize("status", [VERIFIED, RESCORED])
def test_a_submission_cannot_mark_itself(make: Make, tmp_path: Path, status: object) -> None:
    path = make()
    path.write_text(json.dumps({**json.loads(path.read_text()), "status": status}))
    with pytest.raises(SubmissionError, match="only the owner of the board") as caught:
        submit(path, tmp_path / "board", None)
    assert "status: found" in str(caught.value)
    assert not (tmp_path / "board").exists()


@pytest.mark.parametrize(
    "status",
    [
        {**VERIFIED, "kind": "claimed"},
        {**VERIFIED, "kind": "trusted"},
        {**VERIFIED, "date": "2026-13-01"},
        {**VERIFIED, "date": "yesterday"},
        {**VERIFIED, "date": 0},
        {**VERIFIED, "version": ""},
        {**VERIFIED, "version": "\x1b[31m"},
        {**VERIFIED, "by": "me"},
        {"kind": "verified"},
        "verified",
    ],
)
def test_a_status_has_one_form(make: Make, tmp_path: Path, status: Any) -> None:
    folder = submit(make(), tmp_path / "board", None)
    mark(folder, status)
    with pytest.raises(SubmissionError, match="status"):
        check(folder / "result.json")


@pytest.mark.parametrize("table", [clip_table(), clip_table_3()])
def test_rows_without_it_keep_their_bytes(make: Make, tmp_path: Path, table: Any) -> None:
    text = (submit(make(table), tmp_path / "board", None) / "result.json").read_text()
    assert not {"status", "supersedes"} & json.loads(text).keys()
    (result,) = load(tmp_path / "board")
    assert f"{result.model_dump_json(indent=2)}\n" == text
    marked = Result.model_validate({**json.loads(text), "status": VERIFIED})
    assert json.loads(marked.model_dump_json()) == {**json.loads(text), "status": VERIFIED}


def test_the_same_result_again_keeps_the_status(make: Make, tmp_path: Path) -> None:
    board = tmp_path / "board"
    folder = submit(make(), board, None)
    mark(folder, VERIFIED)
    before = (folder / "result.json").read_bytes()
    assert standing(check(make()), board) == "same"
    submit(make(), board, None)
    assert (folder / "result.json").read_bytes() == before
    submit(make(lifter={"about": {"venue": "CVPR"}}), board, None)
    assert [kind_of(result) for result in load(board)] == ["verified"]


def test_a_claimed_row_never_stands_above_a_confirmed_one() -> None:
    rows = [row("best", 30), row("v", 45, VERIFIED), row("r", 40, RESCORED), row("worst", 50)]
    found = rank(rows)
    assert [(r.result.lifter.name, r.rank) for r in found] == [
        ("r", 1), ("v", 2), ("best", 3), ("worst", 4)
    ]  # fmt: skip


def test_claimed_rows_rank_by_error() -> None:
    found = rank([row("c", 50), row("a", 30), row("b", 40)])
    assert [(r.result.lifter.name, r.rank) for r in found] == [("a", 1), ("b", 2), ("c", 3)]


def test_a_status_gives_no_rank_to_what_does_not_compare() -> None:
    other = {"pixels_sha256": digest("other")}
    found = rank(
        [row("a", 50, VERIFIED), row("b", 40, VERIFIED), row("c", 30, RESCORED, build=other)]
    )
    assert [(r.result.lifter.name, r.rank) for r in found] == [("b", 1), ("a", 2), ("c", None)]


def test_claimed_rows_do_not_outvote_the_shards_of_a_confirmed_one() -> None:
    forged = [row(name, 20, build={"pixels_sha256": digest("forged")}) for name in ("f", "g")]
    honest = row("honest", 40, VERIFIED)
    assert [r.result.lifter.name for r in rank([*forged, honest]) if r.rank] == ["honest"]


def test_the_table_tells_the_status_where_one_is_not_claimed() -> None:
    rows = [row("claimed-row", 30), row("v", 45, VERIFIED), row("r", 40, RESCORED)]
    text = printed(rows)
    assert max(map(len, text.splitlines())) <= 80
    assert [line.split()[:3] for line in text.splitlines() if line.split()[:1] in (["1"], ["2"])][
        :2
    ] == [["1", "r", "R"], ["2", "v", "V"]]
    assert "V: verified, the owner ran the model again" in text
    assert "C: claimed, numbers of the submitter" in text
    assert "claimed," not in printed(rows[:1])


def test_rows_without_a_rank_have_the_same_order() -> None:
    """Below all ranked rows, whatever their status; a claimed one is not above a confirmed one."""
    failed = {"lifter": {"scored_joints": 17, "hypotheses": 1, "samples": 1, "allowed": ["lag"]}}
    rows = [
        Result.model_validate(
            {**document(clip_table_3(level=level), digest(name), name=name, **failed), **status}
        )
        for name, level, status in (("claimed", 10, {}), ("sure", 50, {"status": VERIFIED}))
    ]
    found = rank([*rows, Result.model_validate(document(clip_table_3(), digest("r"), name="r"))])
    assert [(r.result.lifter.name, r.rank) for r in found] == [
        ("r", 1), ("sure", None), ("claimed", None)
    ]  # fmt: skip
