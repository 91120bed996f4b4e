"""Rows that are another one again: the same model, or the same numbers, under another name."""

from __future__ import annotations

from typing import NamedTuple

from corruptbench.leaderboard.columns import METRIC_COLUMNS
from corruptbench.leaderboard.schema import Result

#: Scores of one model are equal up to this, mm or percent. Our own choice: far above the rounding
#: between machines and batches of other shapes (3e-6 mm), far below what a table shows.
CLOSE = 0.001


class Twin(NamedTuple):
    """Describe what two rows have in common although they should not, for messages.

    Attributes:
        field: its place in a result.
        found: what it is.
        expected: what each row should have.
        remedy: for the authors of a new row, with ``{}`` for the name of the other one.
    """

    field: str
    found: str
    expected: str
    remedy: str


_OWNER = "else ask the owner of the board, who finds out which of the two is right"
_MODEL = Twin(
    "lifter.sha256", "model and shards", "one row for each model and its shards",
    f"if it is the same row, submit it as {{}}, or supersede that row; {_OWNER}",
)  # fmt: skip
_NUMBERS = Twin(
    "cells", "numbers", "numbers of its own: different models do not agree in every cell",
    f"if it is the same model, that row is enough, or supersede it; {_OWNER}",
)  # fmt: skip


def same_shards(result: Result) -> tuple[object, ...]:
    """Return what the rows on the same shards have in common."""
    build = result.build
    shards = (build.detector, build.weights_sha256, build.boxes, build.pixels_sha256)
    return (result.benchmark, *shards)


def twin_of(result: Result, other: Result) -> Twin | None:
    """Return what two rows on the same shards have in common although they should not, or None.

    They are the same model with the same filter and calibration, or have the same numbers in every
    cell up to `CLOSE`, as a copy with another digest has. A filter or calibration that changes
    nothing is no copy, and neither is a row that supersedes the other one.
    """
    if result.lifter.name == other.supersedes or other.lifter.name == result.supersedes:
        return None
    if result.lifter.sha256 == other.lifter.sha256:
        return _MODEL if _prepared(result) == _prepared(other) else None
    return _NUMBERS if _is_equal(result, other) else None


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


def _is_equal(result: Result, other: Result) -> bool:
    """Compare all scores. Those of two versions of the schema are compared in what both have."""
    if abs(result.p_mpjpe.corrupted - other.p_mpjpe.corrupted) > CLOSE:
        return False  # as for nearly all pairs, of which a board has many
    ours, theirs = scores(result), scores(other)
    if result.schema_version == other.schema_version and ours.keys() != theirs.keys():
        return False
    return all(abs(ours[name] - theirs[name]) <= CLOSE for name in ours.keys() & theirs.keys())


def _prepared(result: Result) -> tuple[str | None, str | None]:
    return result.lifter.filter, result.lifter.calibration_sha256
