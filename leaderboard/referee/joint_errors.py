"""The mean error of each joint in a result: which corruption hurts which joint.

They are made from the errors of joints that an evaluation keeps beside its clips table. A board
does not hold that table. But the mean over joints must be the error of the result, so that only
the shares of the joints are the word of the submitter until the owner verifies the row.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from corruptbench.leaderboard.clips import CELL_KEY, CLIP_KEY
from corruptbench.leaderboard.numbers import Aggregate, JointErrors
from corruptbench.leaderboard.problem import Problem
from corruptbench.leaderboard.referee.submission import RERUN
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.statistics.wide import (
    Array,
    Average,
    Wide,
    by_corruption,
    cell_means,
    widen,
)

KEY = [*CLIP_KEY, *CELL_KEY]
#: Relative and absolute (mm) difference up to which a mean over joints is the error. Our own
#: choice: the errors of joints are float32.
RELATIVE, ABSOLUTE = 1e-5, 1e-3


def joint_errors(table: pd.DataFrame, joints: pd.DataFrame, average: Average) -> JointErrors:
    """Average the errors of joints as those of clips are averaged.

    Args:
        table: the clips table, one row for each clip and cell.
        joints: the same rows in any order, by their key (`KEY`). A column for each joint has its
            mean error in mm, after the alignment of P-MPJPE where the table has no MPJPE. Joints
            that are not scored are NaN.
        average: as for the clips.

    Raises:
        ValueError: see `wide.widen`.
        KeyError: a row of the table is missing.
    """
    rows = widen(table.assign(mpjpe=np.arange(len(table))), average)
    at = rows.columns["mpjpe"].astype(int)  # the row of each clip and cell
    scored = joints.set_index(_keys(joints)).loc[_keys(table)].drop(columns=KEY).dropna(axis=1)
    means = {
        str(name): _cell_means(rows, errors.to_numpy(float)[at]) for name, errors in scored.items()
    }
    columns = by_corruption(rows.cells)
    corruptions = {corruption: _at(means, cells) for corruption, cells in columns.items()}
    corrupted = {
        name: float(np.mean([of_joint[name] for of_joint in corruptions.values()]))
        for name in means
    }
    return JointErrors(clean=_at(means, [0]), corrupted=corrupted, corruptions=corruptions)


def _keys(table: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(table[KEY].astype("str"))


def _cell_means(rows: Wide, errors: Array) -> Array:
    """Average errors (C, K) over the clips of each cell, weighted by frames."""
    wide = replace(rows, columns=rows.columns | {"mpjpe": errors})
    return np.asarray(cell_means(wide, "mpjpe", wide.once)[0])


def _at(means: dict[str, Array], places: list[int]) -> dict[str, float]:
    return {name: float(values[places].mean()) for name, values in means.items()}


def joint_problems(file: str, result: Result) -> Iterator[Problem]:
    """Check that the mean over joints is the error of the result, clean and corrupted.

    The error of each joint under corruption must be the mean of those under each corruption.

    Args:
        file: name of the result's JSON, for the messages.
        result: a result whose errors are right; one without errors of joints is right, too.
    """
    if result.joint_errors is None:
        return
    said, errors = result.joint_errors, result.errors
    if said.corruptions.keys() != errors.corruptions.keys():
        found, expected = ", ".join(said.corruptions), ", ".join(errors.corruptions)
        yield Problem(file, "joint_errors.corruptions", found, expected, RERUN)
        return
    for field, joints, error in _pairs(said, errors):
        if joints.keys() != said.clean.keys():
            found, expected = ", ".join(joints), ", ".join(said.clean)
            yield Problem(file, field, found, expected, RERUN)
        elif (count := result.lifter.scored_joints) and len(joints) != count:
            yield Problem(file, field, f"{len(joints)} joints", f"{count} (scored_joints)", RERUN)
        elif not math.isclose(
            mean := float(np.mean([*joints.values()])), error, rel_tol=RELATIVE, abs_tol=ABSOLUTE
        ):
            yield Problem(
                file,
                field,
                f"a mean of {mean:.4f}",
                f"{error:.4f}, the {result.main_metric}",
                RERUN,
            )
    for name, error in said.corrupted.items():
        each = [joints.get(name, math.nan) for joints in said.corruptions.values()]
        if not math.isclose(
            error, mean := float(np.mean(each)), rel_tol=RELATIVE, abs_tol=ABSOLUTE
        ):
            expected = f"{mean:.4f}, its mean over the corruptions"
            yield Problem(file, f"joint_errors.corrupted.{name}", f"{error:.4f}", expected, RERUN)
            return


def _pairs(said: JointErrors, errors: Aggregate) -> Iterator[tuple[str, dict[str, float], float]]:
    """Yield the errors of joints, and the error that is their mean, with the names of fields."""
    yield "joint_errors.clean", said.clean, errors.clean
    yield "joint_errors.corrupted", said.corrupted, errors.corrupted
    for name, joints in said.corruptions.items():
        yield f"joint_errors.corruptions.{name}", joints, errors.corruptions[name]
