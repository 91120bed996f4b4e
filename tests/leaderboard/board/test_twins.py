"""A row is no copy of another one: not of its model, and not of its numbers."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from corruptbench.leaderboard import Result, SubmissionError, audit, load, submit
from corruptbench.leaderboard.board.twins import twin_of
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
from tests.leaderboard.test_status import VERIFIED, mark

TABLE = named_table("honest")
NOISE = 1e-9 * np.random.default_rng(0).random(len(TABLE))


@pytest.fixture
def board(make: Make, tmp_path: Path) -> Path:
    submit(make(name="honest"), tmp_path / "board", None)
    return tmp_path / "board"


@pytest.mark.parametrize(
    "copy",
    [
        TABLE,
        TABLE.assign(mpjpe=TABLE.mpjpe + NOISE, p_mpjpe=TABLE.p_mpjpe - NOISE),
        TABLE.sample(frac=1.0, random_state=1),
        clip_table_3().assign(mpjpe=TABLE.mpjpe, p_mpjpe=TABLE.p_mpjpe, mpjve=TABLE.mpjve),
    ],
    ids=["the same", "noise", "another order", "another version"],
)
def test_numbers_of_another_row_are_refused(make: Make, board: Path, copy: pd.DataFrame) -> None:
    """The digest of the model is that of no other row: whoever writes a result chooses it."""
    with pytest.raises(SubmissionError, match="cells: found the numbers of honest") as caught:
        submit(make(copy, name="copied"), board, None)
    assert "ask the owner of the board" in str(caught.value)
    assert [result.lifter.name for result in load(board)] == ["honest"]


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
def test_the_check_finds_the_copy_and_not_the_confirmed_row(
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


def test_of_two_claimed_rows_the_second_one_is_found(board: Path) -> None:
    honest = board / "toy-c-v1" / "honest"
    copy = shutil.copytree(honest, honest.with_name("other"))
    rewrite(copy / "result.json", lambda row: row["lifter"].update(name="other"))
    assert [Path(problem.file).parent for problem in audit(board, lambda _: None)] == [copy]


def test_the_same_poses_in_another_unit_are_no_copy() -> None:
    """A row of unknown units has its own table, and fewer metrics."""
    bare = {"contract": {"units": "none"}}
    rows = [
        Result.model_validate(document(table, digest("t"), name=name, lifter=own))
        for table, name, own in ((clip_table_3(), "known", {}), (without_units(), "unknown", bare))
    ]
    assert twin_of(*rows) is None


def test_a_model_that_was_exported_again_may_supersede_its_row(make: Make, board: Path) -> None:
    about = {"authors": "A. Author"}
    submit(make(clip_table(5), name="first", lifter={"about": about}), board, None)
    again = {"about": about, "sha256": digest("again")}
    with pytest.raises(SubmissionError, match="supersede it"):
        submit(make(clip_table(5), name="second", lifter=again), board, None)
    submit(make(clip_table(5), name="second", lifter=again, supersedes="first"), board, None)
    assert audit(board, lambda _: None) == []
