"""Find results that cannot mean what they seem: by size, axes, joints, motion and lag."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations, product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from corruptbench.agreement.fit import vertex
from corruptbench.evaluation.likeness import LAGS, Likeness
from corruptbench.frame_runs import listed
from corruptbench.leaderboard.schema import Aggregate, Interval, WarningName

Array = NDArray[np.float64]
#: Name and text of each warning.
Warnings = Iterator[tuple[WarningName, str]]

#: All limits are our own choice. The shipped baseline on studio-C has size 1.00 (clips 0.93 to
#: 1.06), motion 0.80 (clips 0.55 to 1.04), lag -0.1 +- 0.07 frames, and likeness of axes 0.95. That
#: falls to 0.31 with sides exchanged or one axis reversed.
SIZE, MOTION, LAG, AXES, AXES_GAIN = 1.25, 0.2, 0.75, 0.6, 0.3
#: Another order of the joints leaves less than this share of the squared distances. Orders with
#: both arms or both legs exchanged leave 0.08 to 0.24, neck and head exchanged 0.81.
JOINTS = 0.6
#: A lag is beyond its standard error by this factor, from this number of clips on.
LAG_SURE, LAG_CLIPS = 4.0, 4
#: Clean MPJPE above this multiple of P-MPJPE says that poses are turned. The shipped baseline has
#: 1.23, and 2.2 where its poses are turned by 25 to 30 degrees. Published lifters on Human3.6M have
#: 1.2 to 1.4.
ROTATED = 2.2
#: Warnings about predictions that faults of the labels explain.
OF_LABELS = {"lag", "sides", "axes", "joints", "rotation"}
#: Degradation below this, mm, with the whole interval below 0, is an improvement by corruption.
DEGRADATION = -1.0


def warnings_of(
    clips: Sequence[Likeness], mpjpe: Aggregate | None, aligned: Aggregate, interval: Interval
) -> Warnings:
    """Yield what the predictions of the clean cells, and the degradation, say against a result.

    Args:
        clips: from `likeness`.
        mpjpe: of MPJPE; None for poses of unknown size.
        aligned: of P-MPJPE.
        interval: of the degradation, of MPJPE if it is known.
    """
    result = mpjpe or aligned
    if result.degradation < DEGRADATION and interval.high < 0:
        yield (
            "degradation",
            f"corrupted video gives better poses than clean video ({result.degradation:+.1f} mm): "
            "the errors of clean video have another cause; look at the other warnings, and at "
            "P-MPJPE",
        )
    if clips:
        sizes, motion, axes, squares, apart = (
            np.sum([getattr(c, name) for c in clips], axis=0)
            for name in ("sizes", "motion", "axes", "squares", "apart")
        )
        yield from _motion(motion / sizes)
        placed = [*(_size(sizes) if mpjpe else ()), *_axes(axes, squares)]
        placed += [] if placed else _joints(apart)
        if mpjpe and not placed and mpjpe.clean > ROTATED * aligned.clean:
            placed.append(_rotated(mpjpe.clean, aligned.clean))
        yield from placed
        if not placed:
            yield from _lag(np.stack([c.lagged for c in clips]))


def _rotated(mpjpe: float, aligned: float) -> tuple[WarningName, str]:
    return (
        "rotation",
        f"clean MPJPE is {mpjpe / aligned:.1f} times P-MPJPE, and size and axes are right: poses "
        "are turned as a whole (another camera tilt than in training, or world axes), or the root "
        "joint is displaced; read P-MPJPE",
    )


def _size(sizes: Array) -> Warnings:
    ratio = sizes[0] / sizes[1]
    if 1 / SIZE < ratio < SIZE:
        return
    shown = f"{ratio:.3g}" if ratio > 100 else f"{ratio:.1f}" if ratio > 1 else f"{ratio:.2g}"
    unit = ratio > 100 or ratio < 1 / 100
    cause = (
        "its contract names another unit than it gives, or another normalization; correct units "
        "or normalize"
        if unit
        else "it knows other cameras, people or units; read P-MPJPE"
    )
    yield "size", f"predicted people are {shown} times as large as the labels: {cause}"


def _motion(motion: Array) -> Warnings:
    """Warn about the motion (2,) of predictions and labels, as a share of their sizes."""
    if motion[0] < MOTION * motion[1]:
        yield (
            "constant",
            f"predicted poses hardly change: they move {100 * motion[0] / motion[1]:.0f} % as much "
            "as the labels; the lifter does not use its input (is it normalized as the contract "
            "says?)",
        )


def _axes(axes: Array, squares: Array) -> Warnings:
    norm = np.sqrt(np.outer(squares[0], squares[1]))
    alike = axes / np.where(norm > 0, norm, 1)
    cases = product((0, 1), permutations(range(3)), product((1, -1), repeat=3))
    found = {
        (sides, order, signs): float(np.mean(signs * alike[sides, order, range(3)]))
        for sides, order, signs in cases
    }
    best = max(found, key=lambda case: found[case])
    sides, order, signs = best
    if found[best] < max(AXES, found[0, (0, 1, 2), (1, 1, 1)] + AXES_GAIN):
        return
    if sides:
        yield (
            "sides",
            ("left and right of the predictions are exchanged: correct the order of the joints"),
        )
    if order != (0, 1, 2) or signs != (1, 1, 1):
        fitting = ", ".join(
            f"{'-' if sign < 0 else ''}{'xyz'[a]}" for a, sign in zip(order, signs, strict=True)
        )
        yield (
            "axes",
            f"the predictions fit the labels as ({fitting}) rather than (x, y, z): expected x "
            "right, y down, z forward",
        )


def _joints(apart: Array) -> Warnings:
    """Warn where another order of the joints fits much better."""
    given, fitting = linear_sum_assignment(apart)
    gain = apart[given, fitting].sum() / np.trace(apart)
    if gain < JOINTS:
        moved = [f"{j} is the label's {k}" for j, k in zip(given, fitting, strict=True) if j != k]
        yield (
            "joints",
            f"the predicted joints fit the labels better in another order ({listed(moved)}): "
            "correct the order of the joints of output or input",
        )


def _lag(lagged: Array) -> Warnings:
    """Warn about a lag (clips, 3, lags), if leaving out any one clip would not change it much."""
    total = lagged.sum(axis=0)
    lag = _peak(total)
    if len(lagged) < LAG_CLIPS or not abs(lag) >= LAG:
        return
    others = np.array([_peak(total - clip) for clip in lagged])
    others = np.where(np.isnan(others), -lag, others)  # another answer altogether
    spread = np.sqrt((len(others) - 1) * np.var(others))  # the jackknife's standard error
    if abs(lag) > LAG_SURE * spread:
        word = "late" if lag > 0 else "early"
        yield (
            "lag",
            f"predictions come {abs(lag):.1f} frames {word}: correct the window (a model that only "
            "looks back is not centered), or the frames that the model pads or cuts",
        )


def _peak(lagged: Array) -> float:
    """Return the lag of the highest correlation, to a part of a frame; NaN without motion."""
    norm = np.sqrt(lagged[1] * lagged[2])
    alike = np.where(norm > 0, lagged[0] / np.where(norm > 0, norm, 1), -1)
    best = int(alike.argmax())
    if alike[best] <= 0:
        return float("nan")
    if best in (0, len(LAGS) - 1):  # no peak within the lags that are tried
        return float("nan")
    return float(LAGS[best] + vertex(*alike[best - 1 : best + 2]))
