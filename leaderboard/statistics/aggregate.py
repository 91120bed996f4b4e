"""Compute the numbers of a result from the per-clip table: cell means, aggregates, intervals.

How clips are averaged is said in `wide`. Intervals are 95 % percentile bootstrap intervals over
takes. A take is one recorded sequence of a subject. Its cameras saw the same movement at the same
time, so they are drawn together. All cells use the same resamples, so that differences between
cells (degradation) are paired.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from corruptbench.leaderboard.columns import METRIC_COLUMNS, METRICS, Metric, version_of
from corruptbench.leaderboard.numbers import (
    Aggregate,
    Cell,
    Intervals,
    Occlusion,
    PercentAggregate,
    Robustness,
)
from corruptbench.leaderboard.statistics.occlusion import occlusion
from corruptbench.leaderboard.statistics.robustness import robustness_of
from corruptbench.leaderboard.statistics.wide import (
    CLEAN,
    TAILS,
    Array,
    Average,
    Wide,
    by_corruption,
    cell_means,
    interval,
    widen,
)

#: The metrics with intervals, by version of the schema; the first that a table has ranks it.
_BOUNDED: dict[int, tuple[Metric, ...]] = {2: ("mpjpe",), 3: ("mpjpe", "p_mpjpe")}


class Summary(NamedTuple):
    """Everything that a result says about errors, under the field names of ``Result``.

    None stands for what the lifter or the version of the table does not have.
    """

    cells: tuple[Cell, ...]
    mpjpe: Aggregate | None
    p_mpjpe: Aggregate
    mpjve: Aggregate | None
    n_mpjpe: Aggregate | None
    acceleration: Aggregate | None
    pck: PercentAggregate | None
    auc: PercentAggregate | None
    bone_error: Aggregate | None
    bone_deviation: Aggregate | None
    best_mpjpe: Aggregate | None
    best_p_mpjpe: Aggregate | None
    mean_mpjpe: Aggregate | None
    spread: Aggregate | None
    mpjpe_intervals: Intervals | None
    p_mpjpe_intervals: Intervals | None
    occlusion: Occlusion | None
    robustness: Robustness | None


def summarize(table: pd.DataFrame, average: Average) -> Summary:
    """Compute every number of a result from its per-clip table.

    Args:
        table: columns of a version of the schema (`columns.COLUMNS`), one row per (clip, cell), in
            any order; units as in `columns.MEANS`.
        average: "actions" (weighted mean within each action, then the plain mean over actions) or
            "frames" (weighted mean over everything).

    Returns:
        For a table of version 2, only what a result of version 2 has.

    Raises:
        ValueError: the table is empty, has a (clip, cell) twice or not at all, has no clean or no
            corrupted cell, lacks a value that its count asks for, or has MPJPE but no two
            successive frames, so that MPJVE is undefined.
        KeyError: a column is missing.
    """
    version, wide = version_of(table.columns), widen(table, average)
    needed = METRICS if version == 2 else ("p_mpjpe",)
    present = [m for m in METRIC_COLUMNS if m in needed or wide.has(m)]
    means = {metric: cell_means(wide, metric, wide.once)[0] for metric in present}
    if "mpjpe" in present and np.isnan(means.get("mpjve", np.nan)).any():
        raise ValueError("mpjve is undefined: no clip of the table has two successive frames")
    drawn = {m: cell_means(wide, m, wide.resamples) for m in _BOUNDED[version] if m in present}
    cells = _cells(wide, means, drawn)
    main = next(iter(drawn))
    numbers: dict[str, Any] = {
        **{m: aggregate(cells, m) if m in present else None for m in METRIC_COLUMNS},
        **{
            f"{m}_intervals": _intervals(wide, drawn[m]) if m in drawn else None
            for m in _BOUNDED[3]
        },
        "occlusion": occlusion(wide) if version == 3 else None,
        "robustness": robustness_of(wide, main, drawn[main]) if version == 3 else None,
    }
    return Summary(cells=cells, **numbers)


def aggregate(cells: tuple[Cell, ...], metric: Metric) -> Aggregate | PercentAggregate:
    """Average one metric over the whole benchmark, in the unit of the metric.

    A corruption's value is the plain mean over its severities. ``corrupted`` is the plain mean over
    corruptions. ``degradation`` is ``corrupted`` minus ``clean``.

    Raises:
        ValueError: there is no clean cell, or no other.
    """
    keys = tuple((cell.corruption, cell.severity) for cell in cells)
    columns = by_corruption(keys)
    values = np.array([getattr(cell, metric) for cell in cells])
    clean = float(values[keys.index(CLEAN)])
    corruptions = {name: float(values[places].mean()) for name, places in columns.items()}
    corrupted = float(np.mean(list(corruptions.values())))
    kind = PercentAggregate if METRIC_COLUMNS[metric].grows else Aggregate
    return kind(
        clean=clean, corrupted=corrupted, degradation=corrupted - clean, corruptions=corruptions
    )


def _cells(wide: Wide, means: dict[Metric, Array], drawn: dict[Metric, Array]) -> tuple[Cell, ...]:
    """Return the cells, from the means (K,) and the resampled means (R, K) of each metric."""
    values: dict[str, Array] = {str(metric): means[metric] for metric in means}
    for metric, resampled in drawn.items():
        low, high = np.quantile(resampled, TAILS, axis=0)
        values |= {f"{metric}_low": low, f"{metric}_high": high}
    return tuple(
        Cell.model_validate(
            {"corruption": corruption, "severity": severity}
            | {name: float(column[k]) for name, column in values.items()}
        )
        for k, (corruption, severity) in enumerate(wide.cells)
    )


def _intervals(wide: Wide, drawn: Array) -> Intervals:
    columns = by_corruption(wide.cells).values()
    corrupted = np.mean([drawn[:, places].mean(axis=1) for places in columns], axis=0)
    return Intervals(
        clean=interval(drawn[:, 0]),
        corrupted=interval(corrupted),
        degradation=interval(corrupted - drawn[:, 0]),
    )
