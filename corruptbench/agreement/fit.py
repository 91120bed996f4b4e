"""Fit labels of other moments to detections: later, earlier, at another rate.

Detector and labels place joints in different ways. So the mean offset of each joint is left out of
the comparison. Everything is float32, because this takes most of the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corruptbench.agreement.found import Found

Array = NDArray[np.float64]

#: An error of a joint counts at most this fraction of the person's height, so that a few detections
#: of somebody else, or of a chair, do not decide. Our own choice.
CAP = 0.15
#: Lags in frames that are tried with every rate.
RATE_LAGS = np.array([-2, 0, 2])
#: Labels for one frame of the video: the ratios of the frame rates 24 (23.976), 25, 30, 48, 50, 60
#: (59.94), 100 and 120. People confuse some of these pairs.
RATES = np.array(
    [
        1 / 4, 2 / 5, 1 / 2, 3 / 5, 4 / 5, 5 / 6, 24 / 25, 1000 / 1001,
        1001 / 1000, 25 / 24, 6 / 5, 5 / 4, 5 / 3, 2, 5 / 2, 4,
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Fit:
    """Errors under m suppositions, each beside the error of the labels as they are.

    Attributes:
        given: (m,) error of the labels as they are, over the frames that the supposition allows.
        error: (m,) error under the supposition, over the same frames.
        placed: (m,) the same with the mean offset of each joint, which the other two leave out.
        frames: (m,) number of these frames.
    """

    given: Array
    error: Array
    placed: Array
    frames: NDArray[np.intp]


def pool_fits(fits: Sequence[Fit]) -> Fit:
    """Return the fit of several clips under the same suppositions, weighted by their frames."""
    frames = np.array([f.frames for f in fits])
    total = np.maximum(frames.sum(axis=0), 1)
    errors = np.array([(f.given, f.error, f.placed) for f in fits])  # (clips, 3, m)
    given, error, placed = (errors * frames[:, None]).sum(axis=0) / total
    return Fit(given, error, placed, frames.sum(axis=0))


def fit_rates(labels: Array, found: Found) -> Fit:
    """Fit each of `RATES` at the best of `RATE_LAGS`."""
    positions = np.rint(RATES[:, None] * found.frames)[:, None] + RATE_LAGS[:, None]
    fit = fit_moved(
        labels, found, positions.reshape(RATES.size * RATE_LAGS.size, len(found)).astype(int)
    )
    shape = (len(RATES), len(RATE_LAGS))
    gain = np.where(fit.frames > 0, fit.error - fit.given, np.inf).reshape(shape)
    best = (np.arange(len(RATES)), gain.argmin(axis=1))
    return Fit(
        *(part.reshape(shape)[best] for part in (fit.given, fit.error, fit.placed, fit.frames))
    )


def fit_moved(labels: Array, found: Found, positions: NDArray[np.intp]) -> Fit:
    """Fit labels of other frames, ``positions`` (m, n), to the detections.

    The mean offset of each joint is left out: detector and labels place joints in different ways.
    """
    whole: NDArray[np.bool_] = np.asarray(np.isfinite(labels).all(axis=(1, 2)))
    inside = (positions >= 0) & (positions < len(labels))
    positions = np.where(inside, positions, found.frames)
    usable = inside & whole[positions]
    points = np.where(whole[:, None, None], labels, 0).astype(np.float32)
    share = usable[..., None].astype(np.float32) * found.weights.astype(np.float32)  # (m, n, 12)
    given = _residuals(points[found.frames][None], found)
    moved = _residuals(points[positions], found)
    return Fit(
        given=_shared(_centered(given, share), share),
        error=_shared(_centered(moved, share), share),
        placed=_shared(moved, share),
        frames=usable.sum(axis=1),
    )


def _residuals(targets: NDArray[np.float32], found: Found) -> NDArray[np.float32]:
    """Return residuals of targets (m, n, 12, 2) px in heights; float32, as this takes the time."""
    heights = found.heights.astype(np.float32)[:, None, None]
    return np.asarray((found.points.astype(np.float32) - targets) / heights, np.float32)


def _centered(residuals: NDArray[np.float32], share: NDArray[np.float32]) -> NDArray[np.float32]:
    """Take the mean of each joint off residuals (m or 1, n, 12, 2), by their share (m, n, 12)."""
    total = np.maximum(share.sum(axis=1), np.float32(1e-9))
    mean = np.matmul(share.transpose(0, 2, 1)[:, :, None], residuals.transpose(0, 2, 1, 3))
    return np.asarray(residuals - (mean[:, :, 0] / total[..., None])[:, None], np.float32)


def _shared(residuals: NDArray[np.float32], share: NDArray[np.float32]) -> Array:
    """Return the mean length (m,) of residuals (m, n, 12, 2), by their share (m, n, 12)."""
    squares = np.einsum("mnjc,mnjc->mnj", residuals, residuals)
    distances = np.minimum(np.sqrt(squares), np.float32(CAP))
    total = np.maximum(share.sum(axis=(1, 2)), 1e-9)
    return np.asarray(np.einsum("mnj,mnj->m", distances, share) / total, np.float64)


def vertex(before: float, at: float, after: float) -> float:
    """Return where the parabola through values at -1, 0 and 1 has its vertex; 0 if it has none."""
    bend = before - 2 * at + after
    return (before - after) / 2 / bend if abs(bend) > 0 else 0.0
