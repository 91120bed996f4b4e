"""Sums and means over segments of successive frames: of runs, of clips."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Indices = NDArray[np.intp]


def starts_of(labels: Indices) -> Indices:
    """Return where each segment of equal successive labels (N,) begins; N is at least 1."""
    return np.concatenate([[0], np.flatnonzero(labels[1:] != labels[:-1]) + 1])


def sums(values: Array, labels: Indices, count: int) -> Array:
    """Return the sums of values (N, ...) by label (N,) of 0 to ``count - 1``, (count, ...).

    The labels must ascend. A label without values has the sum 0.
    """
    found = np.zeros((count, *values.shape[1:]))
    if len(labels):
        starts = starts_of(labels)
        found[labels[starts]] = np.add.reduceat(values, starts, axis=0)
    return found


def means(values: Array, labels: Indices, count: int) -> Array:
    """Return the means by label as `sums` does the sums; NaN for a label without values."""
    number = np.bincount(labels, minlength=count).reshape(count, *[1] * (values.ndim - 1))
    return np.divide(
        sums(values, labels, count), number, where=number > 0,
        out=np.full((count, *values.shape[1:]), np.nan),
    )  # fmt: skip


def weighted_by_run(
    values: Array, runs: Indices, run_frames: Indices, clips: Indices, count: int
) -> tuple[Array, Indices]:
    """Average values between frames over the runs of each clip, each weighted by its frames.

    Args:
        values: (V,) of steps or accelerations.
        runs: (V,) the run of each, ascending.
        run_frames: (R,) frames of each run.
        clips: (R,) clip of each run, ascending.
        count: number of clips.

    Returns:
        (count,) means, NaN without a value; (count,) frames of the runs that have values.
    """
    of_run = means(values, runs, len(run_frames))
    weight = np.where(np.isfinite(of_run), run_frames, 0)
    total = sums(weight.astype(np.float64), clips, count)
    weighted = sums(np.where(weight > 0, weight * of_run, 0.0), clips, count)
    mean = np.divide(weighted, total, where=total > 0, out=np.full(count, np.nan))
    return mean, total.astype(np.intp)
