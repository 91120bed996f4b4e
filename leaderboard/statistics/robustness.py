"""How much corruption costs: relative degradation, area under the severity curve, mCE.

Functions take a per-clip table (`columns.COLUMNS`, any version) or what is averaged from it. Errors
are MPJPE in mm, or P-MPJPE where the table has no MPJPE (lifters of unknown units).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from corruptbench.leaderboard.columns import Metric
from corruptbench.leaderboard.numbers import Robustness, WorstCell
from corruptbench.leaderboard.statistics.wide import (
    CLEAN,
    Array,
    Average,
    Wide,
    by_corruption,
    cell_means,
    interval,
    widen,
)

#: A clip gets worse by more than this, mm. Our own choice: about a sixth of the shipped baseline's
#: clean error on studio-C, and more than what the choice between published lifters changes.
WORSE = 10.0

#: Mean error of each (corruption, severity), mm.
CellErrors = Mapping[tuple[str, int], float]


class RelativeErrors(NamedTuple):
    """Errors of a lifter in percent of those of a reference lifter.

    Attributes:
        mce: mean over corruptions of ``corruptions``.
        corruptions: the sum of a corruption's errors over severities, divided by that of the
            reference (Hendrycks & Dietterich, ICLR 2019).
        relative_mce: the same of the errors less the clean error; None where the reference loses
            nothing to a corruption.
    """

    mce: float
    corruptions: dict[str, float]
    relative_mce: float | None


def main_metric(wide: Wide) -> Metric:
    """Return the metric of a table that stands for its errors: MPJPE if there is one."""
    return "mpjpe" if wide.has("mpjpe") else "p_mpjpe"


def robustness(table: pd.DataFrame, average: Average) -> Robustness:
    """Compute how much corruption costs a lifter.

    Args:
        table: per-clip table, one row per (clip, cell).
        average: how clips are averaged (see `wide`).

    Raises:
        ValueError: the table cannot be averaged (see `aggregate.summarize`).
    """
    wide = widen(table, average)
    metric = main_metric(wide)
    return robustness_of(wide, metric, cell_means(wide, metric, wide.resamples))


def robustness_of(wide: Wide, metric: Metric, drawn: Array) -> Robustness:
    """Compute `robustness` of matrices.

    Args:
        wide: the matrices.
        metric: MPJPE or P-MPJPE.
        drawn: (R, K) means of its cells in the bootstrap resamples.
    """
    means = cell_means(wide, metric, wide.once)
    place = _worst(means[0])
    corruption, severity = wide.cells[place]
    areas, drawn_areas = _areas(wide, means), _areas(wide, drawn)
    share, drawn_share = (_worse(wide, metric, c) for c in (wide.once, wide.resamples))
    return Robustness.model_validate(
        {
            "metric": metric,
            **_relative_loss(wide, means, drawn),
            "area": float(_mean(areas)[0]),
            "area_interval": interval(_mean(drawn_areas)),
            "areas": {name: float(area[0]) for name, area in areas.items()},
            "worst": WorstCell(
                corruption=corruption, severity=severity, error=float(means[0, place])
            ),
            "worse": float(share[0]),
            "worse_interval": interval(drawn_share),
        }
    )


def relative_errors(
    table: pd.DataFrame, reference: pd.DataFrame, average: Average
) -> RelativeErrors:
    """Compute the mean corruption error (mCE) of a lifter against a reference lifter, in percent.

    Args:
        table: per-clip table of the lifter.
        reference: that of the reference, with the same cells. P-MPJPE is taken of both if one of
            them has no MPJPE.
        average: how clips are averaged.

    Raises:
        ValueError: the tables have different cells, the reference makes no error in a corruption,
            or a table cannot be averaged.
    """
    sides = [widen(table, average), widen(reference, average)]
    metric: Metric = "mpjpe" if all(side.has("mpjpe") for side in sides) else "p_mpjpe"
    found, right = (
        dict(zip(side.cells, cell_means(side, metric, side.once)[0].tolist(), strict=True))
        for side in sides
    )
    return relative_to(found, right)


def relative_to(found: CellErrors, reference: CellErrors) -> RelativeErrors:
    """Compute `relative_errors` from the mean errors of all cells.

    Raises:
        ValueError: the cells differ, or the reference makes no error in a corruption.
    """
    if found.keys() != reference.keys():
        raise ValueError("the lifter and the reference were scored in different cells")
    (errors, losses), (right, lost) = _sums(found), _sums(reference)
    if not all(right.values()):
        raise ValueError("the reference makes no error in a corruption")
    corruptions = {name: 100.0 * errors[name] / right[name] for name in errors}
    defined = all(value > 0.0 for value in lost.values())
    relative = np.mean([100.0 * losses[name] / lost[name] for name in losses]) if defined else None
    return RelativeErrors(
        float(np.mean(list(corruptions.values()))),
        corruptions,
        None if relative is None else float(relative),
    )


def _sums(found: CellErrors) -> tuple[dict[str, float], dict[str, float]]:
    """Return each corruption's errors summed over severities, and those less the clean error."""
    means = list(found.values())
    parts = by_corruption(tuple(found))
    errors = {name: sum(means[k] for k in columns) for name, columns in parts.items()}
    losses = {name: errors[name] - len(parts[name]) * found[CLEAN] for name in parts}
    return errors, losses


def _worst(means: Array) -> int:
    """Return the place of the worst corrupted cell in the means (K,); the first of equal ones.

    Means that differ by rounding are equal, so that every machine names the same cell.
    """
    corrupted = means[1:]
    return int(np.flatnonzero(corrupted >= corrupted.max() * (1 - 1e-9))[0]) + 1


def _relative_loss(wide: Wide, means: Array, drawn: Array) -> dict[str, object]:
    """Return the relative degradation and its interval; nothing if a clean error is 0."""
    if not (means[:, 0].all() and drawn[:, 0].all()):
        return {}
    return {
        "relative": float(_relative(wide, means)[0]),
        "relative_interval": interval(_relative(wide, drawn)),
    }


def _relative(wide: Wide, means: Array) -> Array:
    """Return the degradation in percent of the clean error, (R,), from cell means (R, K)."""
    parts = [means[:, columns].mean(axis=1) for columns in by_corruption(wide.cells).values()]
    clean = means[:, 0]
    return np.asarray(100.0 * (np.mean(parts, axis=0) - clean) / clean)


def _areas(wide: Wide, means: Array) -> dict[str, Array]:
    """Return the mean height (R,) of each severity curve from cell means (R, K).

    The curve begins with the clean cell at severity 0. The area under it, by the trapezoid rule,
    is divided by the last severity.
    """
    areas = {}
    for name, columns in by_corruption(wide.cells).items():
        severities = np.array([0.0, *(float(wide.cells[k][1]) for k in columns)])
        curve = means[:, [0, *columns]]
        areas[name] = np.asarray(np.trapezoid(curve, severities, axis=1) / severities[-1])
    return areas


def _mean(areas: dict[str, Array]) -> Array:
    return np.asarray(np.mean(list(areas.values()), axis=0))


def _worse(wide: Wide, metric: Metric, counts: Array) -> Array:
    """Return the percentage (R,) of (clip, corrupted cell) that get worse by more than `WORSE`."""
    errors = wide.columns[metric]
    shares = (errors[:, 1:] - errors[:, :1] > WORSE).mean(axis=1)
    return np.asarray(100.0 * (counts @ shares) / counts.sum(axis=1))
