"""The mean corruption error (mCE) of a result, against the reference lifter of its benchmark."""

from __future__ import annotations

from corruptbench.leaderboard.columns import METRIC_COLUMNS
from corruptbench.leaderboard.numbers import MeanCorruptionError
from corruptbench.leaderboard.reference import reference_of
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.statistics.robustness import relative_to


def mean_corruption_error(result: Result) -> MeanCorruptionError | None:
    """Compute the mCE of a result from its cells.

    Returns:
        None without a reference (see `reference_of`), and for a result of version 2, of other cells
        than the reference's, or of fewer joints than the benchmark scores.
    """
    whole = result.lifter.scored_joints == result.scoring.joint_count
    reference = reference_of(result) if whole else None
    if reference is None:
        return None
    metric = result.main_metric
    errors, right = (
        {(cell.corruption, cell.severity): getattr(cell, metric) for cell in cells}
        for cells in (result.cells, reference.cells)
    )
    if errors.keys() != right.keys():
        return None
    found = relative_to(errors, right)
    return MeanCorruptionError(
        reference=reference.lifter.name,
        metric=metric,
        value=found.mce,
        corruptions=found.corruptions,
    )


def mce_text(result: Result, named: str | None = None) -> str:
    """Return the mCE of a result in words, or why it has none.

    Args:
        result: of a lifter.
        named: the reference lifter that its manifest names; None if it names none, and then nothing
            is said about an mCE that is missing.

    Returns:
        Nothing if there is nothing to say.
    """
    if result.mce:
        label = METRIC_COLUMNS[result.mce.metric].label
        return f"{result.mce.value:.1f} % of the {label} of {result.mce.reference}"
    if named and reference_of(result) is None:
        detector = result.build.detectors
        return (
            f"none. It compares with the errors of {named} on detections of {detector}, and nobody "
            "has measured those yet for this benchmark. The result is complete without it"
        )
    return ""
