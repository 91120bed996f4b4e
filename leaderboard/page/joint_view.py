"""Compute the table of the errors of each joint of a lifter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from corruptbench.leaderboard.columns import METRIC_COLUMNS
from corruptbench.leaderboard.page.heat import heat
from corruptbench.leaderboard.page.records import CellNumber, JointGrid
from corruptbench.leaderboard.schema import Result


def joint_grid(result: Result, corruptions: Sequence[str]) -> JointGrid | None:
    """Return the errors of joints, clean, corrupted and under each corruption.

    Args:
        result: of the lifter; None is returned if it has no errors of joints.
        corruptions: the order of the columns. One that the lifter was not scored under is empty.
    """
    errors = result.joint_errors
    if errors is None:
        return None
    under = [errors.corruptions.get(name, {}) for name in corruptions]
    columns = [errors.clean, errors.corrupted, *under]
    values = [value for column in columns for value in column.values()]
    mean, ends = METRIC_COLUMNS[result.main_metric], (min(values), max(values))
    return JointGrid(
        key=result.main_metric,
        label=mean.label,
        unit=mean.unit,
        heads=("clean", "corrupted", *corruptions),
        lines=[
            (joint, [_number(column, joint, mean.digits, ends) for column in columns])
            for joint in errors.clean
        ],
    )


def _number(
    column: Mapping[str, float], joint: str, digits: int, ends: tuple[float, float]
) -> CellNumber:
    if joint not in column:
        return CellNumber("")
    return CellNumber(f"{column[joint]:.{digits}f}", heat=heat(column[joint], *ends))
