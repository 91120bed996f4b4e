"""Compute what the page shows of one lifter."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from corruptbench.leaderboard.all_numbers import all_numbers
from corruptbench.leaderboard.columns import METRIC_COLUMNS, Metric
from corruptbench.leaderboard.page import figures
from corruptbench.leaderboard.page.figure_view import DRAWN
from corruptbench.leaderboard.page.heat import heat
from corruptbench.leaderboard.page.joint_view import joint_grid
from corruptbench.leaderboard.page.records import CellNumber, Grid, LifterView
from corruptbench.leaderboard.ranking.order import Row, failed
from corruptbench.leaderboard.schema import Cell, Result
from corruptbench.leaderboard.text import between

#: What each kind of training data is, for readers of the page (see `about.TrainingData`).
TRAINED_ON = {
    "clean": "uncorrupted video of the benchmark's training split",
    "augmented": "noise added to its keypoints",
    "corrupted": "detections of corrupted video",
    "extra": "other data sets",
}
_SEVERITIES = range(1, 6)
_DASH = "\N{EN DASH}"


def lifter_view(
    place: int, row: Row, metrics: Sequence[Metric], corruptions: Sequence[str]
) -> LifterView:
    """Compute the panel of a lifter.

    Args:
        place: its place among the rows of its benchmark, which decides color and mark.
        row: the result, and whether it is ranked.
        metrics: those that have a table of all cells.
        corruptions: the order of the lines of those tables, and of the columns of the joints'.
    """
    return LifterView(
        lifter=place,
        result=row.result,
        apart=row.apart,
        failed=failed(row.result),
        mark=figures.mark(place) if place < DRAWN else Markup(),
        trained_on=trained_on(row.result),
        grids=[_grid(metric, row.result, corruptions) for metric in metrics],
        joints=joint_grid(row.result, corruptions),
        more=all_numbers(row.result),
    )


def trained_on(result: Result) -> str:
    """Return what a lifter was trained on, in words; "not stated" if nobody said it."""
    about = result.lifter.about
    kinds = (about.training_data if about else None) or ()
    return ", ".join(TRAINED_ON[kind] for kind in kinds) or "not stated"


def _grid(metric: Metric, result: Result, corruptions: Sequence[str]) -> Grid:
    mean = METRIC_COLUMNS[metric]
    cells = {(cell.corruption, cell.severity): cell for cell in result.cells}
    values = [getattr(cell, metric) for cell in result.cells]
    ends = min(values), max(values)
    lines = [
        (name, [_number(metric, cells.get((name, s)), ends) for s in _SEVERITIES])
        for name in corruptions
    ]
    return Grid(metric, mean.label, mean.unit, _number(metric, cells["clean", 0], ends), lines)


def _number(metric: Metric, cell: Cell | None, ends: tuple[float, float]) -> CellNumber:
    """Return the text of a cell, its interval, and its color between the two ends."""
    if cell is None:
        return CellNumber("")
    value, digits = getattr(cell, metric), METRIC_COLUMNS[metric].digits
    low, high = (getattr(cell, f"{metric}_{end}", None) for end in ("low", "high"))
    interval = "" if low is None or high is None else between(low, high).replace(" to ", _DASH)
    return CellNumber(f"{value:.{digits}f}", interval, heat(value, *ends))
