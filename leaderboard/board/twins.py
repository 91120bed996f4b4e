"""Rows that are another one again: the same model, or the same numbers, under another name."""

from __future__ import annotations

from typing import NamedTuple

from corruptbench.leaderboard.columns import METRIC_COLUMNS
from corruptbench.leaderboard.schema import Result

#: Scores of one model are equal up to this, mm or percent. Our own choice: far above the rounding
#: between machines and batches of other shapes (3e-6 mm), far below what a table shows.
CLOSE = 0.001


class Twin(NamedTuple):
    """What two rows have in common and may not, for messages: its field, what it is, expected."""

    field: str
    found: str
    expected: str


_MODEL = Twin("lifter.sha256", "model and shards", "one row for each model and its shards")
_NUMBERS = Twin("cells", "numbers", "numbers of its own: no two models agree in every cell")


def same_shards(result: Result) -> tuple[object, ...]:
    """Return what the rows on the same shards have in common."""
    build = result.build
    shards = (build.detector, build.weights_sha256, build.boxes, build.pixels_sha256)
    return (result.benchmark, *shards)


def twin_of(result: Result, other: Result) -> Twin | None:
    """Return what two rows on the same shards have in common and may not; None for two rows.

    They are the same model with the same filter and calibration, or have the same numbers in every
    cell up to `CLOSE`, as a copy with another digest has. A filter or calibration that changes
    nothing is no copy.
    """
    if result.lifter.sha256 == other.lifter.sha256:
        return _MODEL if _prepared(result) == _prepared(other) else None
    return _NUMBERS if _is_equal(scores(result), scores(other)) else None


def scores(result: Result) -> dict[str, float]:
    """Return the clean and the corrupted mean, and every cell, of each metric of a result."""
    errors = {metric: getattr(result, metric) for metric in METRIC_COLUMNS}
    means = {
        f"{metric}.{part}": getattr(error, part)
        for metric, error in errors.items()
        if error
        for part in ("clean", "corrupted")
    }
    cells = {
        f"cells[{cell.corruption}/{cell.severity}].{metric}": getattr(cell, metric)
        for cell in result.cells
        for metric, error in errors.items()
        if error
    }
    return means | cells


def _is_equal(one: dict[str, float], other: dict[str, float]) -> bool:
    """Compare what both have: results of two versions of the schema have other metrics."""
    return all(abs(one[name] - other[name]) <= CLOSE for name in one.keys() & other.keys())


def _prepared(result: Result) -> tuple[str | None, str | None]:
    return result.lifter.filter, result.lifter.calibration_sha256
