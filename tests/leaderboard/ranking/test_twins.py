"""Rows that state the same model or numbers: nobody blocks a row, and the verified one decides."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from corruptbench.leaderboard import (
    About,
    Result,
    SubmissionError,
    audit,
    change_problems,
    load,
    placed_rows,
    rank,
    submit,
)
from corruptbench.leaderboard.board.store import confirm
from corruptbench.leaderboard.page.render import html
from corruptbench.leaderboard.ranking.notes import contradictions
from corruptbench.leaderboard.ranking.superseding import history, superseded
from corruptbench.leaderboard.ranking.twins import doubtful, excluded, twin_of
from corruptbench.leaderboard.referee.submission import read_result
from corruptbench.leaderboard.status import Status
from tests.leaderboard.board.test_audit import rewrite
from tests.leaderboard.conftest import (
    Make,
    clip_table,
    clip_table_3,
    digest,
    document,
    named_table,
    without_units,
)
from tests.leaderboard.page.test_page import words
from tests.leaderboard.test_status import RESCORED, VERIFIED, mark
from tests.leaderboard.test_table import printed

TABLE = named_table("honest")
NOISE = 1e-9 * np.random.default_rng(0).random(len(TABLE))


#: What a forged row takes from another one.
MODEL: dict[str, Any] = {"lifter": {"sha256": digest("honest")}}
COPIES = pytest.mark.parametrize(
    "copy",
    [
        TABLE,
        TABLE.assign(mpjpe=TABLE.mpjpe + NOISE, p_mpjpe=TABLE.p_mpjpe - NOISE),
        TABLE.sample(frac=1.0, random_state=1),
        clip_table_3().assign(mpjpe=TABLE.mpjpe, p_mpjpe=TABLE.p_mpjpe, mpjve=TABLE.mpjve),
    ],
    ids=["the same", "noise", "another order", "another version"],
)


@pytest.fixture
def board(make: Make, tmp_path: Path) -> Path:
    submit(make(name="honest"), tmp_path / "board", None)
    return tmp_path / "board"


def verify(row: Path) -> None:
    """Confirm a row as its owner does, whose numbers are those of the row."""
    result = read_result(row / "result.json")
    confirm(row, row.parents[1], result, Status.model_validate_json(STATUS), None)


STATUS = '{"kind": "verified", "date": "2026-11-27", "version": "0.1.0"}'


def ranks(board: Path) -> dict[str, tuple[int | None, str]]:
    return {r.result.lifter.name: (r.rank, r.apart) for r in rank(load(board))}


@COPIES
def test_numbers_of_a_verified_row_are_refused(make: Make, board: Path, copy: pd.DataFrame) -> None:
    """The digest of the model is that of no other row: whoever writes a result chooses it."""
    mark(board / "toy-c-v1" / "honest", VERIFIED)
    with pytest.raises(SubmissionError, match="cells: found the numbers of honest") as caught:
        submit(make(copy, name="copied"), board, None)
    assert "ask the owner of the board" in str(caught.value)
    assert [result.lifter.name for result in load(board)] == ["honest"]


def test_the_model_of_a_verified_row_is_refused(make: Make, board: Path) -> None:
    mark(board / "toy-c-v1" / "honest", VERIFIED)
    with pytest.raises(SubmissionError, match="found the model of honest"):
        submit(make(name="copied", **MODEL), board, None)


@pytest.mark.parametrize("status", [None, RESCORED])
@pytest.mark.parametrize("name", ["a-forged", "z-forged"])
@pytest.mark.parametrize("forged", [{"table": TABLE}, MODEL], ids=["numbers", "model"])
def test_no_other_row_keeps_the_true_one_away(
    make: Make, tmp_path: Path, name: str, forged: dict[str, Any], status: dict[str, str] | None
) -> None:
    """Digest and numbers are public. A re-scored row says nothing of its model, too."""
    board, before = tmp_path / "board", tmp_path / "before"
    row = submit(make(name=name, **forged), board, None)
    if status:
        mark(row, status)
    shutil.copytree(board, before)
    honest = submit(make(TABLE, name="honest"), board, None)
    assert change_problems(board, before) == audit(board, lambda _: None) == []
    told = f"{', '.join(sorted((name, 'honest')))} state the same model or the same numbers"
    assert told in " ".join(printed(load(board)).split())
    assert all(rank for rank, _ in ranks(board).values())
    verify(honest)
    field = "numbers" if forged is not MODEL else "model"
    assert ranks(board) == {
        "honest": (1, ""),
        name: (None, f"states the {field} of honest, which is verified"),
    }
    assert "state the same" not in printed(load(board))
    (problem,) = audit(board, lambda _: None)
    assert Path(problem.file).parent == row


def test_each_row_says_that_another_one_states_the_same(make: Make, board: Path) -> None:
    submit(make(name="forged", **MODEL), board, None)
    submit(make(name="other"), board, None)
    same = {p.result.lifter.name: list(p.same_as) for p in placed_rows(load(board))}
    assert same == {"honest": ["forged"], "forged": ["honest"], "other": []}
    page = words(html(load(board)))
    for name in ("forged", "honest"):
        assert f"the same model or numbers {name}; the owner of the board verified none" in page
    assert page.count("forged, honest state the same model or the same numbers") >= 1


def test_a_copy_of_a_line_of_rows_is_told_once(make: Make, board: Path) -> None:
    submit(make(name="copy", **MODEL), board, None)
    submit(make(name="newer", **MODEL), board, None, OURS, supersedes="honest")
    (told,) = contradictions(load(board))
    assert told.startswith("copy, honest, newer state the same")


def test_a_claimed_row_says_nothing_of_a_confirmed_one(make: Make, board: Path) -> None:
    """However many there are."""
    for name in ("a", "b"):
        submit(make(name=name, **MODEL), board, None)
    mark(board / "toy-c-v1" / "honest", RESCORED)
    found = doubtful(load(board))
    assert sorted(found) == ["a", "b"]
    assert found["a"] == ["b", "honest"]


def test_the_owner_may_verify_the_second_one_too(make: Make, board: Path) -> None:
    """Two authors have the same public model, and both rows are true."""
    other = submit(make(TABLE, name="other", **MODEL), board, None)
    for row in (board / "toy-c-v1" / "honest", other):
        verify(row)
    assert sorted(rank for rank, _ in ranks(board).values() if rank) == [1, 2]
    assert audit(board, lambda _: None) == []


@pytest.mark.parametrize(
    ("lifter", "name"),
    [({"filter": "one_euro"}, "honest+one_euro"), ({"calibration_sha256": digest("c")}, "other")],
)
def test_what_changes_nothing_before_a_lifter_is_no_copy(
    lifter: dict[str, object], name: str
) -> None:
    table = clip_table_3()
    contract = {"contract": {"scores": "calibrated"}, "sha256": digest("honest")}
    honest, other = (
        Result.model_validate(document(table, digest("t"), name=n, lifter=contract | own))
        for n, own in (("honest", {}), (name, lifter))
    )
    assert twin_of(honest, other) is None
    assert twin_of(honest, honest) is not None


def test_a_row_on_other_shards_is_no_copy(make: Make, board: Path) -> None:
    build = {"detector": "other:net", "weights_sha256": digest("other")}
    submit(make(TABLE, name="other", build=build), board, None)
    assert audit(board, lambda _: None) == []


def test_another_row_may_agree_in_all_but_one_cell(make: Make, board: Path) -> None:
    cell = (TABLE.corruption == "erase") & (TABLE.severity == 5)
    submit(make(TABLE.assign(mpjpe=TABLE.mpjpe + 0.1 * cell), name="other"), board, None)
    assert len(load(board)) == 2


@pytest.mark.parametrize("name", ["a-copy", "z-copy", "Honest", "h0nest"])
@pytest.mark.parametrize("field", ["lifter.sha256", "cells"])
def test_the_check_finds_the_copy_and_not_the_verified_row(
    board: Path, name: str, field: str
) -> None:
    """Wherever its name stands among the others."""
    honest = board / "toy-c-v1" / "honest"
    copy = shutil.copytree(honest, honest.with_name(name))
    mark(honest, VERIFIED)
    new = digest(name) if field == "cells" else digest("honest")
    rewrite(copy / "result.json", lambda row: row["lifter"].update(name=name, sha256=new))
    problems = audit(board, lambda _: None)
    assert field in [problem.field for problem in problems]
    assert all(copy in (Path(p.file), Path(p.file).parent) for p in problems)


def test_the_same_poses_in_another_unit_are_no_copy() -> None:
    """A row of unknown units has its own table, and fewer metrics."""
    bare = {"contract": {"units": "none"}}
    rows = [
        Result.model_validate(document(table, digest("t"), name=name, lifter=own))
        for table, name, own in ((clip_table_3(), "known", {}), (without_units(), "unknown", bare))
    ]
    assert twin_of(*rows) is None


OURS = About(authors="A. Author")


def test_a_model_that_was_exported_again_may_supersede_its_row(make: Make, board: Path) -> None:
    submit(make(TABLE, name="honest"), board, None, OURS)
    mark(board / "toy-c-v1" / "honest", VERIFIED)
    with pytest.raises(SubmissionError, match="supersede it"):
        submit(make(TABLE, name="second"), board, None, OURS)
    second = submit(make(TABLE, name="second"), board, None, OURS, supersedes="honest")
    assert audit(board, lambda _: None) == []
    assert ranks(board)["second"] == (2, "")
    verify(second)
    assert ranks(board)["honest"] == (None, "superseded by second")


def test_a_row_may_be_superseded_twice_by_the_same_model(make: Make, board: Path) -> None:
    """Such as where its authors were misspelled twice."""
    names = ["honest", "second", "third"]
    submit(make(TABLE, name="honest"), board, None, About(authors="A. Authro"))
    verify(board / "toy-c-v1" / "honest")
    for old, new, authors in (("honest", "second", "A. Auhtor"), ("second", "third", "A. Author")):
        path = make(TABLE, name=new, **MODEL)
        row = submit(path, board, None, About(authors=authors), supersedes=old)
        assert audit(board, lambda _: None) == []
        assert ranks(board)[new] == (2, "")
        verify(row)
    assert [ranks(board)[name][0] for name in names] == [None, None, 1]
    assert history("second", superseded(load(board))) == names


def test_a_row_does_not_supersede_a_verified_one_with_other_numbers(
    make: Make, board: Path
) -> None:
    """The owner ran that model, so that the new numbers are not its numbers."""
    mark(board / "toy-c-v1" / "honest", VERIFIED)
    better = named_table("better", level=20)
    with pytest.raises(SubmissionError, match="found the model of honest"):
        submit(make(better, name="thief", **MODEL), board, None, OURS, supersedes="honest")


def test_a_verified_row_corrects_the_claimed_one_before(make: Make, board: Path) -> None:
    """The same model with other numbers, as after an error in an older version was corrected."""
    path = make(named_table("right", level=45), name="right", **MODEL)
    verify(submit(path, board, None, OURS, supersedes="honest"))
    assert ranks(board) == {"right": (1, ""), "honest": (None, "superseded by right")}
    assert audit(board, lambda _: None) == []


def test_many_rows_of_the_same_mean_are_told_apart() -> None:
    """All of their scores are compared, in arrays."""
    fields = document(clip_table(), digest("t"))
    rows = []
    for number in range(60):
        lifter = {**fields["lifter"], "name": f"r{number}", "sha256": digest(str(number))}
        cells = [dict(cell) for cell in fields["cells"]]
        cells[1 + number % 15]["mpjpe"] += 0.01 * (1 + number // 15)
        rows.append(Result.model_validate({**fields, "lifter": lifter, "cells": cells}))
    assert doubtful(rows) == excluded(rows) == {}
    rows[7] = rows[3].model_copy(update={"lifter": rows[7].lifter})
    assert doubtful(rows) == {"r3": ["r7"], "r7": ["r3"]}


def test_the_best_forged_row_does_not_outrank_the_verified_model(make: Make, board: Path) -> None:
    """In whatever order the rows and the status come."""
    forged = make(named_table("forged", level=5), name="forged", **MODEL)
    submit(forged, board, None)
    assert ranks(board)["forged"][0] == 1
    verify(board / "toy-c-v1" / "honest")
    assert ranks(board) == {
        "honest": (1, ""),
        "forged": (None, "states the model of honest, which is verified"),
    }
