"""Let rows share a rank that their errors do not separate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from corruptbench.leaderboard.columns import Metric
from corruptbench.leaderboard.ranking import Row, rank
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.status import is_confirmed
from corruptbench.leaderboard.wide import TAILS, Array

#: What equal ranks mean, for the reader of a table.
MEANING = (
    "Rows with the same rank are tied: the 95 % interval of the paired difference to the first of "
    "them includes 0"
)


class Resampled(NamedTuple):
    """Mean corrupted errors of a row in bootstrap resamples of its takes.

    Attributes:
        over: the clips, their frames and the cells. Two rows are paired where these are equal.
        means: (R,) for each metric, in its unit.
    """

    over: tuple[object, ...]
    means: Mapping[Metric, Array]


#: By `schema.Result.clips_sha256`, the digest of the clips table.
ByTable = Mapping[str, Resampled]


def ranked(
    results: Sequence[Result],
    resampled: Mapping[str, Resampled] | None = None,
    metric: Metric | None = None,
) -> list[Row]:
    """Sort results of one section as `ranking.rank` does, and let rows be tied.

    Going down the rows, a row shares the rank of the first row of its group if the 95 % interval
    of their paired difference includes 0. Otherwise it begins a new group, whose rank is its place:
    1, 1, 3. This rule is our own choice. The interval is that of `compare.compare`. Rows that
    cannot be paired are not tied, and with one take there is no interval and no tie. A claimed row
    is never tied with one that the owner confirmed.

    Args:
        results: of one benchmark and one section.
        resampled: from `resampling.read_resampled`; without it no rows are tied.
        metric: to sort and compare by; by default MPJPE, or P-MPJPE in a section of unknown units.

    Raises:
        ValueError: the results belong to several benchmarks or sections.
    """
    rows = rank(results, metric)
    by = metric or (results[0].main_metric if results else "mpjpe")
    in_order = [row for row in rows if row.rank is not None]
    shared = ranks([_means(row.result, resampled or {}, by) for row in in_order])
    tied = [row._replace(rank=place) for row, place in zip(in_order, shared, strict=True)]
    return tied + rows[len(tied) :]


def ranks(drawn: Sequence[tuple[object, Array] | None]) -> list[int]:
    """Return the ranks of rows in their order, the best first; see `ranked`.

    Args:
        drawn: for each row what it can be paired by, and its means in the resamples, (R,). None
            for a row that cannot be paired.
    """
    first, found = 0, []
    for place, row in enumerate(drawn):
        if place and _separated(drawn[first], row):
            first = place
        found.append(first + 1)
    return found


def is_tied(rows: Sequence[Row]) -> bool:
    """Tell whether two of the rows share a rank."""
    places = [row.rank for row in rows if row.rank is not None]
    return len(set(places)) < len(places)


def _separated(one: tuple[object, Array] | None, other: tuple[object, Array] | None) -> bool:
    if one is None or other is None or one[0] != other[0]:
        return True
    low, high = np.quantile(other[1] - one[1], TAILS)
    return not low <= 0.0 <= high


def _means(result: Result, resampled: ByTable, metric: Metric) -> tuple[object, Array] | None:
    found = resampled.get(result.clips_sha256)
    if found is None or metric not in found.means:
        return None
    return (is_confirmed(result), found.over), found.means[metric]
