"""Check that the columns of a clips table can be of the same poses.

Each rule follows from what the metrics are (`corruptbench.evaluation.metrics`). A rule that holds
in each frame holds for means over frames, too. They do not prove that numbers are true: a
table that somebody invented can follow all of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import pandas as pd

from corruptbench.leaderboard.problem import Problem
from corruptbench.leaderboard.referee.rows import bad_rows
from corruptbench.leaderboard.schema import Result

#: mm. Poses are float32, and their numbers are up to a meter. No mean error of a clip is smaller.
#: Our own choice: a hundredth of the rounding.
LEAST = 1e-6
#: Errors of poses, which are never exactly 0. Those of motion and of bones can be, of a still pose.
_OF_POSES = (
    "mpjpe", "p_mpjpe", "n_mpjpe", "best_mpjpe", "best_p_mpjpe", "mean_mpjpe",
)  # fmt: skip
#: Rounding, relative and absolute. Our own choice: the tables of the board differ by 1e-13.
_CLOSE = 1e-6
_PCK = 150.0  # mm
#: Thresholds of the AUC: a joint that is within the last one counts in one of them at least.
_STEPS = 30
#: A velocity is off by at most the errors of two frames, and an acceleration by four times those of
#: a frame. The means over the n-1 or n-2 steps of a run of n frames count n times: n/(n-1) is at
#: most 2, n/(n-2) at most 3.
_MOST_MOTION = {"mpjve": ("run_frames", 4.0), "acceleration": ("acceleration_frames", 12.0)}
_COVERS = ("covered", "after", "free")


def relation_problems(file: str, table: pd.DataFrame, result: Result) -> Iterator[Problem]:
    """Yield the columns that contradict each other, with the first such row.

    Args:
        file: name of the table's file, for the messages.
        table: `columns.COLUMNS` of the result's version, with possible values in each column.
        result: whose table it is.
    """
    for column, bad, expected in _contradictions(table, result):
        yield from bad_rows(file, table, column, bad, expected)


def _contradictions(
    table: pd.DataFrame, result: Result
) -> Iterator[tuple[str, pd.Series[bool], str]]:
    """Yield the column, the rows that are wrong, and what was expected."""
    main = result.main_metric
    for column in (name for name in _OF_POSES if name in table.columns):
        yield column, table[column] < LEAST, f"at least {LEAST:g} mm, as poses are float32"
    if main == "mpjpe":
        yield from _aligned(table, result)
        yield from _motion(table)
    if result.schema_version == 3:
        yield from _shares(table)
        yield "best_mpjpe", _more(table.best_mpjpe, table.mean_mpjpe), "at most mean_mpjpe"
        if result.lifter.samples == 1:  # errors under a cover are those of the first sample
            yield from _covers(table, main)
            yield from _hidden(table, result)


def _aligned(table: pd.DataFrame, result: Result) -> Iterator[tuple[str, pd.Series[bool], str]]:
    """Bound errors after alignment, which is the best one in squares.

    The mean of J distances is at most their root mean square, which the alignment lowers. That is
    at most the root of J times the mean.
    """
    joints = result.lifter.scored_joints or result.scoring.joint_count
    if not joints:
        return
    for column in (name for name in ("p_mpjpe", "n_mpjpe") if name in table.columns):
        bad = _more(table[column], math.sqrt(joints) * table["mpjpe"])
        yield column, bad, f"at most {math.sqrt(joints):.2f} times mpjpe, the root of its joints"


def _motion(table: pd.DataFrame) -> Iterator[tuple[str, pd.Series[bool], str]]:
    total = table["mpjpe"] * table["frames"]
    for column, (count, most) in _MOST_MOTION.items():
        if column in table.columns:
            bad = _more(table[column] * table[count], most * total)
            yield column, bad, f"what errors of mpjpe permit: {most:g} of them in {count}"


def _shares(table: pd.DataFrame) -> Iterator[tuple[str, pd.Series[bool], str]]:
    """Compare percentages: a joint that is not within a threshold is as far away, or farther."""
    for column in ("pck", "auc"):
        least = _PCK * (1.0 - table[column] / 100.0)
        bad = _more(least, table["mpjpe"])
        yield column, bad, f"at least 100 - mpjpe / {_PCK / 100:g}: other joints are as far away"
    farthest = _PCK * (1.0 - table.auc / 100.0) + _PCK / _STEPS
    bad = (table.pck == 100.0) & _more(table["mpjpe"], farthest)
    yield "auc", bad, f"less: all joints are within {_PCK:g} mm, but farther away than this"
    yield "auc", _more(table.auc, table.pck), "at most pck"
    yield "auc", _more(table.pck / _STEPS, table.auc), f"at least pck / {_STEPS}"


def _covers(table: pd.DataFrame, main: str) -> Iterator[tuple[str, pd.Series[bool], str]]:
    """Compare the mean over all frames with those of its parts, where there are parts."""
    count, total = _sums(table, _COVERS, "frames")
    whole = table[main] * table["frames"]
    bad = (count > 0) & (_more(total, whole) | _more(whole, total))
    yield "covered_error", bad, f"errors of covered, after and free frames whose mean is {main}"


def _hidden(table: pd.DataFrame, result: Result) -> Iterator[tuple[str, pd.Series[bool], str]]:
    """Compare the mean over all joints with those over hidden and visible ones."""
    count, total = _sums(table, ("hidden", "visible"), "joints")
    joints = table["frames"] * float(result.lifter.scored_joints or 0)
    whole = table[result.main_metric] * joints
    bad = _more(total, whole) | ((count == joints) & _more(whole, total))
    yield "hidden_error", bad, f"errors of joints whose mean is {result.main_metric}"


def _sums(
    table: pd.DataFrame, parts: Sequence[str], of: str
) -> tuple[pd.Series[float], pd.Series[float]]:
    """Return how many frames or joints the parts have, and the sums of their errors."""
    counts = table[[f"{name}_{of}" for name in parts]].fillna(0).astype(float)
    errors = table[[f"{name}_error" for name in parts]].fillna(0.0).to_numpy()
    return counts.sum(axis=1), (counts * errors).sum(axis=1)


def _more(values: pd.Series[float], most: pd.Series[float]) -> pd.Series[bool]:
    """Return where values are more than they can be; nothing where one of both is null."""
    return values > most * (1.0 + _CLOSE) + _CLOSE
