"""Compare results with each other: paired differences over the takes that they share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np

from corruptbench.leaderboard.all_numbers import prepared
from corruptbench.leaderboard.columns import METRIC_COLUMNS, Metric
from corruptbench.leaderboard.comparison.comparable import pair_problems
from corruptbench.leaderboard.problem import Problem, SubmissionError
from corruptbench.leaderboard.ranking.order import marks
from corruptbench.leaderboard.referee.inspection import Scored
from corruptbench.leaderboard.referee.submission import RERUN
from corruptbench.leaderboard.schema import Benchmark
from corruptbench.leaderboard.statistics.robustness import relative_errors
from corruptbench.leaderboard.statistics.significance import (
    LEVEL,
    can_separate,
    holm,
    sign_flip,
    smallest_p,
)
from corruptbench.leaderboard.statistics.wide import (
    TAILS,
    Array,
    Wide,
    by_corruption,
    cell_means,
    corrupted_weights,
    widen,
)
from corruptbench.leaderboard.text import counted

Verdict = Literal["first better", "second better", "not distinguishable"]


class Difference(NamedTuple):
    """One difference of two lifters, in mm: ``second`` minus ``first``.

    Attributes:
        name: "clean", "corrupted", "degradation", or a corruption.
        first: error of the first lifter.
        second: error of the second lifter.
        difference: below 0 where the second is better.
        low: lower end of the 95 % interval of the difference, from the bootstrap over takes.
        high: upper end.
        p: of a sign-flip test over takes.
        p_holm: corrected for all comparisons of the call.
        verdict: which one is better, by ``p_holm``.
    """

    name: str
    first: float
    second: float
    difference: float
    low: float
    high: float
    p: float
    p_holm: float
    verdict: Verdict


class Pair(NamedTuple):
    """Two results, by their places, and how they differ.

    ``mce`` is the mean corruption error of the second in percent of the first (see
    `robustness.relative_errors`); None where the first makes no error.
    """

    first: int
    second: int
    differences: tuple[Difference, ...]
    mce: float | None


@dataclass(frozen=True)
class Comparison:
    """All pairs of some results.

    Attributes:
        benchmark: that all were scored on.
        metric: what is compared, MPJPE or P-MPJPE.
        lifters: names of the lifters, in the order of the call.
        takes: number of takes.
        comparisons: number of differences that Holm's correction counts.
        smallest_p: the smallest p that so many takes can give.
        pairs: each two results once.
        notes: what to know when reading the numbers, one line each.
    """

    benchmark: Benchmark
    metric: Metric
    lifters: tuple[str, ...]
    takes: int
    comparisons: int
    smallest_p: float
    pairs: tuple[Pair, ...]
    notes: tuple[str, ...]


def compare(entries: Sequence[Scored]) -> Comparison:
    """Compare each two results over the takes that they share.

    Both are resampled together, so that what is hard for both does not widen the intervals. P-MPJPE
    is compared if the units of a lifter are unknown.

    Args:
        entries: two or more results with their tables, from `referee.read`.

    Raises:
        SubmissionError: the results are of different benchmarks, shards, clips or joints, or a
            table cannot be averaged; names the field.
        ValueError: there are fewer than two results.
    """
    if len(entries) < 2:
        raise ValueError("a comparison needs two or more results")
    wides = [_wide(entry) for entry in entries]
    for entry, wide in zip(entries[1:], wides[1:], strict=True):
        problems = list(pair_problems(entries[0], entry, wides[0], wide))
        if problems:
            raise SubmissionError(f"a comparison of {entries[0].file} and {entry.file}", problems)
    metric: Metric = "mpjpe" if all(w.has("mpjpe") for w in wides) else "p_mpjpe"
    places = list(combinations(range(len(entries)), 2))
    raw = [_differences(wides[i], wides[j], metric) for i, j in places]
    corrected = holm(np.array([d.p for differences in raw for d in differences]))
    comparisons = len(corrected)
    judged = iter(corrected.tolist())
    pairs = tuple(
        Pair(i, j, tuple(_judged(d, next(judged)) for d in found), _mce(entries[i], entries[j]))
        for (i, j), found in zip(places, raw, strict=True)
    )
    takes = int(wides[0].takes.max()) + 1
    return Comparison(
        benchmark=entries[0].result.benchmark,
        metric=metric,
        lifters=tuple(entry.result.lifter.name for entry in entries),
        takes=takes,
        comparisons=comparisons,
        smallest_p=smallest_p(takes),
        pairs=pairs,
        notes=tuple(_notes(entries, metric, takes, comparisons)),
    )


def _wide(entry: Scored) -> Wide:
    try:
        wide = widen(entry.table, entry.result.scoring.average)
        by_corruption(wide.cells)
    except ValueError as error:
        problem = Problem(entry.file, "table", str(error), "a table that can be averaged", RERUN)
        raise SubmissionError(entry.file, [problem]) from error
    return wide


def _differences(one: Wide, other: Wide, metric: Metric) -> list[Difference]:
    """Return the differences of a pair, not yet corrected for the number of comparisons."""
    names, mix = numbers_of(one)
    order = [other.cells.index(cell) for cell in one.cells]
    once, drawn = (
        [cell_means(one, metric, counts) @ mix, cell_means(other, metric, counts)[:, order] @ mix]
        for counts in (one.once, one.resamples)
    )
    low, high = np.quantile(drawn[1] - drawn[0], TAILS, axis=0)
    p = sign_flip(_parts(one, (other.columns[metric][:, order] - one.columns[metric]) @ mix))
    first, second = once[0][0], once[1][0]
    return [
        Difference(
            name=name,
            first=float(first[k]),
            second=float(second[k]),
            difference=float(second[k] - first[k]),
            low=float(low[k]),
            high=float(high[k]),
            p=float(p[k]),
            p_holm=1.0,
            verdict="not distinguishable",
        )
        for k, name in enumerate(names)
    ]


def numbers_of(wide: Wide) -> tuple[list[str], Array]:
    """Return the names of the M compared numbers and their weights of the K cells, (K, M)."""
    parts = by_corruption(wide.cells)
    each = np.zeros((len(wide.cells), len(parts)))
    for column, places in enumerate(parts.values()):
        each[places, column] = 1.0 / len(places)
    clean = np.zeros(len(wide.cells))
    clean[0] = 1.0
    corrupted = corrupted_weights(wide.cells)
    mix = np.column_stack([clean, corrupted, corrupted - clean, each])
    return ["clean", "corrupted", "degradation", *parts], mix


def _parts(wide: Wide, differences: Array) -> Array:
    """Return what each take adds to the mean difference, (T, M), from those of clips (C, M)."""
    frames, shares = wide.columns["frames"][:, 0], np.zeros(len(wide.takes))
    for rows in wide.groups:
        shares[rows] = frames[rows] / frames[rows].sum() / len(wide.groups)
    parts = np.zeros((int(wide.takes.max()) + 1, differences.shape[1]))
    np.add.at(parts, wide.takes, shares[:, None] * differences)
    return parts


def _judged(difference: Difference, p_holm: float) -> Difference:
    verdict: Verdict = "not distinguishable"
    if p_holm < LEVEL:
        verdict = "second better" if difference.difference < 0 else "first better"
    return difference._replace(p_holm=p_holm, verdict=verdict)


def _mce(first: Scored, second: Scored) -> float | None:
    try:
        return relative_errors(second.table, first.table, first.result.scoring.average).mce
    except ValueError:
        return None


def _notes(
    entries: Sequence[Scored], metric: Metric, takes: int, comparisons: int
) -> Iterator[str]:
    if not can_separate(takes, comparisons):
        least, needed = smallest_p(takes), LEVEL / comparisons
        yield (
            f"{counted(takes, 'take')} cannot separate lifters: the smallest possible p is "
            f"{least:.2g}, and {counted(comparisons, 'comparison')} need {needed:.2g}"
        )
    if metric != "mpjpe":
        yield f"{METRIC_COLUMNS[metric].label} is compared: the units of a lifter are unknown"
    for entry in entries:
        if mark := marks(entry.result):
            yield f"{entry.result.lifter.name} {mark} (allowed)"
        if told := prepared(entry.result):
            yield f"{entry.result.lifter.name}: {told}"
    if len({entry.result.build.detections_sha256 for entry in entries}) > 1:
        yield "the detections differ between the shards (build.detections_sha256)"
