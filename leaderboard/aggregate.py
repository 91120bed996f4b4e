"""Compute the numbers of a result from the per-clip table: cell means, aggregates, intervals.

A cell is one (corruption, severity). Its mean over clips is weighted by the number of frames that
each clip's own mean was taken over: ``frames`` for MPJPE and P-MPJPE, ``run_frames`` for MPJVE.
The latter are the scored frames that have a scored neighbor. With ``average="actions"`` the
weighted mean is taken within each action and all actions count equally, as in VideoPose3D's
evaluation (Pavllo et al., CVPR 2019). With ``"frames"`` all frames count equally.

Intervals are 95 % percentile bootstrap intervals over takes. A take is one recorded sequence of a
subject. Its cameras saw the same movement at the same time, so they are drawn together. All cells
use the same resamples, so that differences between cells (degradation) are paired.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from corruptbench.leaderboard.clips import CELL_KEY, CLIP_KEY
from corruptbench.leaderboard.schema import METRICS, Aggregate, Cell, Interval, Intervals, Metric

Average = Literal["actions", "frames"]
Array = npt.NDArray[np.float64]

#: The cell without corruption.
CLEAN = ("clean", 0)
RESAMPLES = 1000
#: The fields that clips of the same take share.
TAKE_KEY = ("subject", "sequence")

_PHILOX_KEY = 0x636F727275707462  # an arbitrary constant; another one changes every interval
_TAILS = (0.025, 0.975)


class Summary(NamedTuple):
    """Everything that a result says about errors, under the field names of ``Result``."""

    cells: tuple[Cell, ...]
    mpjpe: Aggregate
    p_mpjpe: Aggregate
    mpjve: Aggregate
    mpjpe_intervals: Intervals


@dataclass(frozen=True)
class _Wide:
    """The table as matrices of C clips by K cells.

    Attributes:
        cells: K; the clean cell first, then the corruptions in the order of their first
            appearance, severities ascending.
        weights: (C, K) float64 for each metric, the numbers of frames behind ``errors``.
        errors: (C, K) float64 for each metric, means in mm (MPJVE: mm per frame).
        groups: row numbers of each set of clips that is averaged by frames.
        takes: (C,) intp, the number of the take that a clip belongs to.
    """

    cells: tuple[tuple[str, int], ...]
    weights: dict[Metric, Array]
    errors: dict[Metric, Array]
    groups: tuple[npt.NDArray[np.intp], ...]
    takes: npt.NDArray[np.intp]


def summarize(table: pd.DataFrame, average: Average) -> Summary:
    """Compute every number of a result from its per-clip table.

    Args:
        table: ``schema.CLIP_COLUMNS``, one row per (clip, cell), in any order; errors in mm
            (MPJVE: mm per frame).
        average: "actions" (frame-weighted mean within each action, then the plain mean over
            actions) or "frames" (frame-weighted mean over everything).

    Raises:
        ValueError: the table is empty, has a (clip, cell) twice or not at all, has no clean or no
            corrupted cell, lacks an error, or has no two successive frames (MPJVE is undefined).
        KeyError: a column is missing.
    """
    wide = _widen(table, average)
    once = np.ones((1, len(wide.takes)))
    means = {metric: _cell_means(wide, metric, once)[0] for metric in METRICS}
    counts = resample_counts(int(wide.takes.max()) + 1)[:, wide.takes]
    drawn = _cell_means(wide, "mpjpe", counts)
    low, high = np.quantile(drawn, _TAILS, axis=0)
    cells = tuple(
        Cell(
            corruption=corruption,
            severity=severity,
            **{metric: float(means[metric][k]) for metric in METRICS},
            mpjpe_low=float(low[k]),
            mpjpe_high=float(high[k]),
        )
        for k, (corruption, severity) in enumerate(wide.cells)
    )
    return Summary(
        cells=cells,
        mpjpe=aggregate(cells, "mpjpe"),
        p_mpjpe=aggregate(cells, "p_mpjpe"),
        mpjve=aggregate(cells, "mpjve"),
        mpjpe_intervals=_intervals(wide.cells, drawn),
    )


def aggregate(cells: tuple[Cell, ...], metric: Metric) -> Aggregate:
    """Average one metric over the whole benchmark, in mm (MPJVE: mm per frame).

    A corruption's value is the plain mean over its severities. ``corrupted`` is the plain mean over
    corruptions. ``degradation`` is ``corrupted`` minus ``clean``.

    Raises:
        ValueError: there is no clean cell, or no other.
    """
    keys = tuple((cell.corruption, cell.severity) for cell in cells)
    values = np.array([getattr(cell, metric) for cell in cells])
    clean, by_corruption = _split(keys)
    corruptions = {name: float(values[columns].mean()) for name, columns in by_corruption.items()}
    corrupted = float(np.mean(list(corruptions.values())))
    return Aggregate(
        clean=float(values[clean]),
        corrupted=corrupted,
        degradation=corrupted - float(values[clean]),
        corruptions=corruptions,
    )


def resample_counts(takes: int, resamples: int = RESAMPLES) -> Array:
    """Draw bootstrap resamples: how often each take is in each, (resamples, takes) float64.

    Every row sums to ``takes``. The same arguments give the same draws on every machine and
    numpy version: the draws use Philox's raw 64-bit words, which numpy promises to keep, and no
    distribution method, which numpy may change.
    """
    words = np.random.Philox(key=_PHILOX_KEY).random_raw(resamples * takes)
    drawn = ((words >> np.uint64(32)) * np.uint64(takes) >> np.uint64(32)).astype(np.int64)
    drawn += np.repeat(np.arange(resamples) * takes, takes)
    counts = np.bincount(drawn, minlength=resamples * takes)
    return counts.reshape(resamples, takes).astype(np.float64)


def _widen(table: pd.DataFrame, average: Average) -> _Wide:
    if table.empty:
        raise ValueError("the per-clip table has no rows")
    text = table.astype(dict.fromkeys((*CLIP_KEY, "corruption"), "str"))
    index = [*CLIP_KEY]
    if text.duplicated([*CLIP_KEY, *CELL_KEY]).any():
        raise ValueError("the per-clip table has a (clip, cell) twice")
    by_cell = text.pivot(
        index=index, columns=[*CELL_KEY], values=["frames", "run_frames", *METRICS]
    )
    cells = _ordered(text)
    frames, runs = (_matrix(by_cell, column, cells) for column in ("frames", "run_frames"))
    if np.isnan(frames).any():
        raise ValueError("a clip of the per-clip table lacks a cell that others have")
    if np.isnan(runs).any():
        raise ValueError("the per-clip table lacks a value of run_frames")
    actions = by_cell.index.get_level_values("action").to_numpy()
    groups = (
        tuple(np.flatnonzero(actions == action) for action in np.unique(actions))
        if average == "actions"
        else (np.arange(len(actions)),)
    )
    weights: dict[Metric, Array] = {"mpjpe": frames, "p_mpjpe": frames, "mpjve": runs}
    errors: dict[Metric, Array] = {metric: _matrix(by_cell, metric, cells) for metric in METRICS}
    by_take = by_cell.index.to_frame(index=False).groupby([*TAKE_KEY], sort=False)
    takes = np.asarray(by_take.ngroup(), dtype=np.intp)
    return _Wide(cells, weights, errors, groups, takes)


def _matrix(by_cell: pd.DataFrame, column: str, cells: tuple[tuple[str, int], ...]) -> Array:
    """Return a column of the table as (C, K), NaN where it has no value."""
    return by_cell[column][list(cells)].to_numpy(dtype=np.float64, na_value=np.nan)


def _ordered(table: pd.DataFrame) -> tuple[tuple[str, int], ...]:
    pairs = table[[*CELL_KEY]].drop_duplicates()
    rank = {name: place for place, name in enumerate(pairs["corruption"].drop_duplicates())}
    keys = [(str(name), int(severity)) for name, severity in pairs.itertuples(index=False)]
    return tuple(sorted(keys, key=lambda key: (key != CLEAN, rank[key[0]], key[1])))


def _cell_means(wide: _Wide, metric: Metric, counts: Array) -> Array:
    """Average the clips in each cell, (R, K), for R resamples given as (R, C) counts.

    A group (action) without frames in a resample is left out of that resample's mean.
    """
    weights = wide.weights[metric]
    sums = np.where(weights > 0, weights * wide.errors[metric], 0.0)
    if np.isnan(sums).any():
        raise ValueError(f"the per-clip table lacks a value of {metric}")
    total = np.zeros((len(counts), len(wide.cells)))
    present = np.zeros_like(total)
    for rows in wide.groups:
        drawn = counts[:, rows]
        weight = drawn @ weights[rows]
        some = weight > 0
        total += np.divide(drawn @ sums[rows], weight, out=np.zeros_like(weight), where=some)
        present += some
    if not present.all():
        raise ValueError(f"{metric} is undefined: no clip of the table has two successive frames")
    means: Array = total / present
    return means


def _intervals(cells: tuple[tuple[str, int], ...], drawn: Array) -> Intervals:
    clean, by_corruption = _split(cells)
    per_corruption = [drawn[:, columns].mean(axis=1) for columns in by_corruption.values()]
    corrupted = np.mean(per_corruption, axis=0)
    return Intervals(
        clean=_interval(drawn[:, clean]),
        corrupted=_interval(corrupted),
        degradation=_interval(corrupted - drawn[:, clean]),
    )


def _interval(values: Array) -> Interval:
    low, high = np.quantile(values, _TAILS)
    return Interval(low=float(low), high=float(high))


def _split(cells: tuple[tuple[str, int], ...]) -> tuple[int, dict[str, list[int]]]:
    """Find the index of the clean cell, and the indices of each corruption's cells."""
    if CLEAN not in cells:
        raise ValueError("there is no clean cell (corruption 'clean', severity 0)")
    by_corruption: dict[str, list[int]] = {}
    for place, (corruption, _) in enumerate(cells):
        if cells[place] != CLEAN:
            by_corruption.setdefault(corruption, []).append(place)
    if not by_corruption:
        raise ValueError("there is no corrupted cell, only the clean one")
    return cells.index(CLEAN), by_corruption
