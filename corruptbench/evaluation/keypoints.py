"""Metrics of 2D keypoints and their scores, on float64 arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def keypoint_error(found: Array, target: Array, boxes: Array) -> Array:
    """Compute the 2D error of each joint as a fraction of the person's box height, (F, J).

    Args:
        found: (F, J, 2) px.
        target: (F, J, 2) px.
        boxes: (F, 4) px x0, y0, x1, y1.
    """
    height = boxes[:, 3] - boxes[:, 1]
    return np.asarray(np.linalg.norm(found - target, axis=-1) / height[:, None])


def pck(errors: Array, threshold: float) -> float:
    """Return the fraction of joints with an error of at most ``threshold``; NaN is wrong.

    Args:
        errors: float64 of any shape, such as (F, J) of `keypoint_error`.
        threshold: in the unit of the errors.
    """
    return float(np.mean(errors <= threshold))


def auroc(scores: Array, correct: NDArray[np.bool_]) -> float:
    """Estimate the probability that a correct joint has a higher score than a wrong one.

    Ties count half: this is Mann-Whitney's U divided by the number of pairs. NaN if all joints are
    correct or all are wrong.

    Args:
        scores: (N,) float64.
        correct: (N,) bool.
    """
    good, bad = np.sort(scores[correct]), scores[~correct]
    if not good.size or not bad.size:
        return float("nan")
    below = np.searchsorted(good, bad, side="left")
    ties = np.searchsorted(good, bad, side="right") - below
    return float(np.mean((good.size - below - ties / 2) / good.size))
