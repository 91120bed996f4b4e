"""Let rows share a rank that their errors do not separate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from corruptbench.leaderboard.columns import Metric
from corruptbench.leaderboard.ranking.order import Row, rank
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.statistics.wide import TAILS, Array
from corruptbench.leaderboard.status import is_confirmed

#: What equal ranks mean, for the reader of a table.
MEANING = (
    "A rank is 1 plus the number of better rows. Better means that the 95 % interval of the paired "
    "difference leaves out 0"
)


class Resampled(NamedTuple):
    """Mean corrupted errors of a row in bootstrap resamples of its takes.

    Attributes:
        over: the clips, their frames and the cells, hashable. Two rows are paired where these are
            equal.
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

    The rank of a row is 1 plus the number of rows above it that are better: the 95 % interval of
    their paired difference leaves out 0. So each row decides for itself, and no row moves another
    one by more than one rank, nor ties or separates two others. A row below can have a smaller
    number, if its interval is wider. This rule is our own choice. The interval is that of
    `compare.compare`. A row above that cannot be paired counts as better, and with one take there
    is no interval and no tie. A claimed row is never tied with one that the owner confirmed.

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
    above: dict[object, list[Array]] = {}
    found = []
    for place, row in enumerate(drawn):
        if row is None:
            found.append(place + 1)
            continue
        key, means = row
        paired = above.setdefault(key, [])
        found.append(place + 1 - _not_separated(paired, means))
        paired.append(means)
    return found


def is_tied(rows: Sequence[Row]) -> bool:
    """Tell whether two of the rows share a rank."""
    places = [row.rank for row in rows if row.rank is not None]
    return len(set(places)) < len(places)


def _not_separated(rows: Sequence[Array], means: Array) -> int:
    """Return from how many rows, each (R,), a row is not separated."""
    if not rows:
        return 0
    low, high = np.quantile(means - np.array(rows), TAILS, axis=1)
    return int(((low <= 0.0) & (high >= 0.0)).sum())


def _means(result: Result, resampled: ByTable, metric: Metric) -> tuple[object, Array] | None:
    found = resampled.get(result.clips_sha256)
    if found is None or metric not in found.means:
        return None
    return (is_confirmed(result), found.over), found.means[metric]
