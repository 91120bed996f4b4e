"""Rows whose scores are equal in every cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from corruptbench.leaderboard.columns import METRIC_COLUMNS
from corruptbench.leaderboard.schema import Result

#: Scores of one model are equal up to this, mm or percent. Our own choice: far above the rounding
#: between machines and batches of other shapes (3e-6 mm), far below what a table shows.
CLOSE = 0.001


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


def equal_pairs(results: Sequence[Result]) -> Iterator[tuple[Result, Result]]:
    """Yield the pairs of rows whose scores are all equal up to `CLOSE`, each pair once.

    All scores are compared only where one mean agrees, as for few rows of a board.

    Args:
        results: rows on the same shards.
    """
    rows = sorted(results, key=lambda result: result.p_mpjpe.corrupted)
    means = np.array([result.p_mpjpe.corrupted for result in rows])
    for part in np.split(np.arange(len(rows)), np.flatnonzero(np.diff(means) > CLOSE) + 1):
        if len(part) > 1:
            yield from _equal_in([rows[place] for place in part])


def _equal_in(rows: Sequence[Result]) -> Iterator[tuple[Result, Result]]:
    """Compare all scores. Those of two versions of the schema are compared in what both have."""
    said = [scores(row) for row in rows]
    names = [*dict.fromkeys(name for own in said for name in own)]
    table = np.array([[own.get(name, np.nan) for name in names] for own in said])
    numbers: dict[frozenset[str], int] = {}
    kinds = [numbers.setdefault(frozenset(own), len(numbers)) for own in said]
    for i, row in enumerate(rows):
        is_apart = (abs(table[i + 1 :] - table[i]) > CLOSE).any(axis=1)
        for j in map(int, np.flatnonzero(~is_apart) + i + 1):
            if kinds[i] == kinds[j] or row.schema_version != rows[j].schema_version:
                yield row, rows[j]
