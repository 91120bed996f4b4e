"""What differs between a row and its numbers that were found again."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from corruptbench.leaderboard import (
    Result,
    Scored,
    Status,
    SubmissionError,
    confirm,
    disagreements,
    load,
    submit,
)
from corruptbench.leaderboard.board.disagreement import CLOSE_SHARE
from corruptbench.leaderboard.ranking.equal_numbers import CLOSE
from tests.leaderboard.conftest import Make, clip_table, clip_table_3, digest, document

TABLE = clip_table_3()
VERIFIED = Status(kind="verified", date=date(2026, 11, 27), version="0.1.0")


def scored(table: pd.DataFrame, **changes: Any) -> Scored:
    fields = document(table, digest("clips"), **changes)
    return Scored("file", Result.model_validate(fields), table)


def fields(row: Scored, again: Scored) -> list[str]:
    return [line.field for line in disagreements(row, again)]


def test_the_same_again_agrees() -> None:
    again = scored(TABLE, software={"torch": "2.14"}, command="again", name="renamed")
    again = again._replace(result=renamed(again.result))
    assert disagreements(scored(TABLE), again) == []


def test_lines_in_another_order_and_texts_of_another_type_agree() -> None:
    names = list(dict.fromkeys(TABLE["corruption"]))
    kind = pd.CategoricalDtype(names[::-1])  # as evaluate makes it: in the order of the manifest
    again = scored(TABLE.iloc[::-1].astype({"corruption": kind}))
    assert fields(scored(TABLE), again) == []


def renamed(result: Result) -> Result:
    """A result of the model "baseline" whose row has another name."""
    lifter = result.lifter.model_copy(update={"sha256": digest("baseline")})
    return result.model_copy(update={"lifter": lifter})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"benchmark": {"manifest_sha256": digest("x")}}, "benchmark"),
        ({"build": {"detector": "other:net"}}, "build.detector"),
        ({"build": {"pixels_sha256": digest("x")}}, "build.pixels_sha256"),
        ({"lifter": {"sha256": digest("x")}}, "lifter.sha256"),
        ({"lifter": {"parameters": 5}}, "lifter.parameters"),
        ({"lifter": {"allowed": ["batch"]}}, "lifter.allowed"),
        ({"lifter": {"scored_joints": 16}}, "lifter.scored_joints"),
        ({"lifter": {"contract": {"window": 27}}}, "lifter.contract.channels"),
        ({"coverage": {"excluded": ["S1/walk"]}}, "coverage"),
        ({"name": "baseline+one_euro", "lifter": {"filter": "one_euro"}}, "lifter.filter"),
    ],
)
def test_what_the_numbers_are_of_is_compared(changes: dict[str, Any], field: str) -> None:
    assert field in fields(scored(TABLE), scored(TABLE, **changes))


@pytest.mark.parametrize("column", ["mpjpe", "p_mpjpe", "mpjve", "hidden_error", "recovery"])
def test_every_number_in_mm_or_s_is_compared(column: str) -> None:
    hidden = TABLE.corruption == "erase"
    for change, agrees in ((CLOSE / 3, True), (CLOSE * 5, False)):
        again = scored(TABLE.assign(**{column: TABLE[column] + change * hidden}))
        assert (fields(scored(TABLE), again) == []) == agrees


def test_the_slack_of_percentages_is_not_that_of_mm() -> None:
    """The tables are the same, and the results differ by less than percentages may."""
    row = scored(TABLE)
    error = row.result.mpjpe
    changed = error.model_copy(update={"clean": error.clean + (CLOSE + CLOSE_SHARE) / 2})
    again = row._replace(result=row.result.model_copy(update={"mpjpe": changed}))
    assert fields(row, again) == ["mpjpe.clean"]


def test_one_joint_over_a_threshold_is_rounding_and_more_are_not() -> None:
    frames = TABLE.frames.sum() / TABLE[["corruption", "severity"]].drop_duplicates().shape[0]
    clip = TABLE.index[0]
    for joints, agrees in ((1, True), (frames, False)):
        lost = 100.0 * joints / (17 * TABLE.frames[clip])
        table = TABLE.copy()
        table.loc[clip, "pck"] -= min(lost, table.pck[clip])
        found = fields(scored(TABLE), scored(table))
        assert (found == []) == agrees, (joints, found)
    assert CLOSE_SHARE < 0.05  # below what tables show


def test_a_table_with_the_same_means_is_told() -> None:
    """The line of one clip differs, and the result says the same."""
    table = TABLE.copy()
    first, other = table.index[:2]
    table.loc[first, "hidden_joints"] = table.loc[other, "frames"]
    row = scored(TABLE)
    found = disagreements(row, Scored("again", row.result, table))
    assert [line.field.split(" of ")[0] for line in found] == ["clips table: hidden_joints"]


def test_other_clips_are_told() -> None:
    row = scored(TABLE)
    fewer = Scored("again", row.result, TABLE.iloc[1:])
    assert [line.field.split("/")[0] for line in disagreements(row, fewer)] == ["clips table: S1"]


def test_versions_of_the_schema_are_compared_in_what_both_have() -> None:
    old = clip_table()
    new = TABLE.assign(**{name: old[name] for name in old.columns})
    assert fields(scored(old), scored(new)) == []
    assert fields(scored(old), scored(new.assign(mpjpe=new.mpjpe + 1)))


def test_a_row_that_changed_meanwhile_is_not_marked(make: Make, tmp_path: Path) -> None:
    board = tmp_path / "board"
    row = submit(make(), board, None)
    (checked,) = load(board)
    submit(make(lifter={"about": {"venue": "CVPR"}}), board, None)
    with pytest.raises(SubmissionError, match="is not written"):
        confirm(row, board, checked, VERIFIED)
    (now,) = load(board)
    assert confirm(row, board, now, VERIFIED) == load(board)[0].status == VERIFIED


@pytest.mark.parametrize(
    ("lifter", "field"),
    [
        ({"allowed": ["probes"]}, "lifter.allowed"),
        ({"scored_joints": 15}, "lifter.scored_joints"),
        ({"samples": 4}, "lifter.samples"),
    ],
)
def test_a_row_of_version_2_hides_nothing(lifter: dict[str, Any], field: str) -> None:
    """Whoever writes the result chooses its version, and version 2 has no field for these."""
    row = scored(clip_table())
    table = TABLE.assign(spread=1.0) if "samples" in lifter else TABLE
    assert fields(row, scored(TABLE)) == []
    assert fields(row, scored(table, lifter=lifter)) == [field]
