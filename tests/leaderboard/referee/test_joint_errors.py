"""Errors of joints: averaged as clips are, and their mean is the error of the result."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from corruptbench.leaderboard import Scored, SubmissionError, check, disagreements
from corruptbench.leaderboard.referee.joint_errors import KEY, joint_errors
from corruptbench.leaderboard.schema import Result
from tests.leaderboard.conftest import (
    Make,
    clip_table_3,
    digest,
    document,
    expected,
    without_units,
)

NAMES = [f"joint_{i}" for i in range(17)]


def of_joints(table: pd.DataFrame, metric: str = "mpjpe") -> pd.DataFrame:
    """Return errors of joints whose mean is that of each row, in another order of rows."""
    shares = np.random.default_rng(1).dirichlet(np.ones(17), len(table)) * 17
    errors = pd.DataFrame(shares * table[[metric]].to_numpy(), columns=NAMES).astype("float32")
    return table[KEY].join(errors).sample(frac=1, random_state=2).reset_index(drop=True)


def by_groups(table: pd.DataFrame, joints: pd.DataFrame) -> pd.DataFrame:
    """Average in plain pandas: frames within an action, actions, severities, corruptions."""
    rows = table[[*KEY, "frames"]].merge(joints, on=KEY)
    rows[NAMES] = rows[NAMES].astype(float).mul(rows["frames"], axis=0)
    sums = rows.groupby(["corruption", "severity", "action"])[["frames", *NAMES]].sum()
    cells = sums[NAMES].div(sums["frames"], axis=0).groupby(["corruption", "severity"]).mean()
    return cells.groupby("corruption").mean()


@pytest.mark.parametrize("make_table", [clip_table_3, without_units])
def test_the_errors_of_joints_are_averaged_as_those_of_clips(make_table: Any) -> None:
    table = make_table()
    metric = "p_mpjpe" if table["mpjpe"].isna().all() else "mpjpe"
    joints = of_joints(table, metric)
    found, right = joint_errors(table, joints, "actions"), by_groups(table, joints)
    for corruption, errors in {"clean": found.clean, **found.corruptions}.items():
        assert errors == pytest.approx(right.loc[corruption].to_dict())
    assert found.corrupted == pytest.approx(right.drop("clean").mean().to_dict())


def test_joints_that_are_not_scored_are_left_out() -> None:
    table = clip_table_3()
    joints = of_joints(table).assign(joint_3=np.nan)
    assert [*joint_errors(table, joints, "frames").clean] == [n for n in NAMES if n != "joint_3"]


def changes(table: pd.DataFrame) -> dict[str, Any]:
    return json.loads(joint_errors(table, of_joints(table), "actions").model_dump_json())


@pytest.fixture
def table() -> pd.DataFrame:
    return clip_table_3()


def test_a_result_with_errors_of_joints_is_accepted(make: Make, table: pd.DataFrame) -> None:
    path = make(table)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"joint_errors": changes(table)}))
    assert check(path).joint_errors == Result.model_validate_json(path.read_text()).joint_errors


def _more(errors: dict[str, Any]) -> None:
    errors["clean"]["joint_0"] += 1.0


def _more_of_one(errors: dict[str, Any]) -> None:
    errors["corruptions"]["erase"]["joint_5"] += 1.0


def _more_corrupted(errors: dict[str, Any]) -> None:
    errors["corrupted"]["joint_5"] += 1.0


def _renamed(errors: dict[str, Any]) -> None:
    errors["corruptions"]["erase"]["elbow"] = errors["corruptions"]["erase"].pop("joint_5")


def _fewer(errors: dict[str, Any]) -> None:
    for joints in (errors["clean"], errors["corrupted"], *errors["corruptions"].values()):
        joints["joint_0"] = (joints["joint_0"] + joints.pop("joint_1")) / 2


def _without(errors: dict[str, Any]) -> None:
    del errors["corruptions"]["erase"]


def _exchanged(errors: dict[str, Any]) -> None:
    """The means over joints stay."""
    joints = errors["corrupted"]
    joints["joint_1"], joints["joint_5"] = joints["joint_5"], joints["joint_1"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (_more, "joint_errors.clean"),
        (_more_of_one, "joint_errors.corruptions.erase"),
        (_more_corrupted, "joint_errors.corrupted"),
        (_renamed, "joint_errors.corruptions.erase"),
        (_fewer, "joint_errors.clean"),
        (_without, "joint_errors.corruptions"),
        (_exchanged, "joint_errors.corrupted.joint_1"),
    ],
)
def test_errors_of_joints_that_are_not_those_of_the_result_are_refused(
    change: Any, field: str, make: Make, table: pd.DataFrame
) -> None:
    path, errors = make(table), changes(table)
    change(errors)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"joint_errors": errors}))
    with pytest.raises(SubmissionError) as caught:
        check(path)
    assert caught.value.problems[0].field == field
    assert "remedy:" in str(caught.value)


def _of_joints(table: pd.DataFrame) -> dict[str, Any]:
    """Errors of joints whose root is where it must be."""
    joints = of_joints(table)
    joints[NAMES[1:]] += joints[["joint_0"]].to_numpy() / 16
    found = joint_errors(table, joints.assign(joint_0=np.float32(0)), "actions")
    return json.loads(found.model_dump_json())


def _unknown(errors: dict[str, Any]) -> None:
    for joints in (errors["clean"], errors["corrupted"], *errors["corruptions"].values()):
        joints["nose"] = joints.pop("joint_4")


def _root(errors: dict[str, Any]) -> None:
    """All joints are exchanged, so that all means stay."""
    for joints in (errors["clean"], errors["corrupted"], *errors["corruptions"].values()):
        joints["joint_0"], joints["joint_16"] = joints["joint_16"], joints["joint_0"]


@pytest.mark.parametrize(
    ("change", "field"), [(_unknown, "joint_errors.clean"), (_root, "joint_errors: joint_0")]
)
def test_the_owner_knows_the_joints_and_the_root(
    change: Any, field: str, make: Make, table: pd.DataFrame
) -> None:
    known = replace(expected(table), joints=tuple(NAMES))
    path, errors = make(table), _of_joints(table)
    plain = json.loads(path.read_text())
    path.write_text(json.dumps(plain | {"joint_errors": errors}))
    assert check(path, known).joint_errors is not None
    change(errors)
    path.write_text(json.dumps(plain | {"joint_errors": errors}))
    check(path)
    with pytest.raises(SubmissionError) as caught:
        check(path, known)
    assert [problem.field for problem in caught.value.problems] == [field]


def test_the_owner_finds_other_shares_of_joints(table: pd.DataFrame) -> None:
    fields = document(table, digest("clips"), joint_errors=changes(table))
    other = deepcopy(fields)
    other["joint_errors"]["clean"]["joint_2"] += 3.0
    other["joint_errors"]["clean"]["joint_3"] -= 3.0
    said, found = (Scored("file", Result.model_validate(f), table) for f in (other, fields))
    assert [line.field for line in disagreements(said, found)] == [
        "joint_errors.clean.joint_2",
        "joint_errors.clean.joint_3",
    ]
    without = Scored("file", said.result.model_copy(update={"joint_errors": None}), table)
    assert disagreements(without, found) == []
