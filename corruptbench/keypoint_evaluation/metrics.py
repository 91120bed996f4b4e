"""Metrics of 2D keypoints and their scores, on float arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Floats = NDArray[np.floating]

#: Bins of the reliability table, of equal width over 0 to 1, as in Guo et al., On Calibration of
#: Modern Neural Networks, ICML 2017.
BINS = 15


def keypoint_error(found: Array, target: Array, lengths: Array) -> Array:
    """Compute the 2D error of each joint as a fraction of a length in its frame, (F, J).

    Args:
        found: (F, J, 2) px.
        target: (F, J, 2) px.
        lengths: (F,) px, such as the height or the longer side of the person's box.
    """
    return np.asarray(np.linalg.norm(found - target, axis=-1) / lengths[:, None])


def longer_sides(boxes: Array) -> Array:
    """Return the longer side of boxes (F, 4) px x0, y0, x1, y1, (F,) px."""
    return np.asarray((boxes[:, 2:] - boxes[:, :2]).max(axis=1))


def pck(errors: Floats, threshold: float) -> float:
    """Return the fraction of joints with an error of at most ``threshold``; NaN is wrong.

    Args:
        errors: float of any shape, such as (F, J) of `keypoint_error`.
        threshold: in the unit of the errors.
    """
    return float(np.mean(errors <= threshold))


def auroc(scores: Floats, correct: NDArray[np.bool_]) -> float:
    """Estimate the probability that a correct joint has a higher score than a wrong one.

    Ties count half: this is Mann-Whitney's U divided by the number of pairs. NaN if all joints are
    correct or all are wrong.

    Args:
        scores: (N,) float.
        correct: (N,) bool.
    """
    good, bad = np.sort(scores[correct]), scores[~correct]
    if not good.size or not bad.size:
        return float("nan")
    below = np.searchsorted(good, bad, side="left")
    ties = np.searchsorted(good, bad, side="right") - below
    return float(np.mean((good.size - below - ties / 2) / good.size))


class Reliability(NamedTuple):
    """What scores are worth, in `BINS` bins of the score.

    A bin holds the scores above its lower end and up to its upper end; 0 is in the first bin.

    Attributes:
        counts: (BINS,) int, number of joints.
        scores: (BINS,) float64, sum of their scores.
        correct: (BINS,) int, number of the correct ones.
    """

    counts: NDArray[np.integer]
    scores: Array
    correct: NDArray[np.integer]

    @property
    def calibration_error(self) -> float:
        """The expected calibration error: the mean of |mean score - share of correct joints|.

        The mean over the bins is weighted by their joints (Guo et al., ICML 2017). NaN without a
        joint.
        """
        total = self.counts.sum()
        return float(np.abs(self.scores - self.correct).sum() / total) if total else float("nan")

    def as_rows(self) -> list[dict[str, float]]:
        """Return a row for each bin with joints: its ends, joints, mean score, share correct."""
        return [
            {
                "above": place / BINS,
                "up_to": (place + 1) / BINS,
                "joints": int(count),
                "score": float(self.scores[place] / count),
                "correct": float(self.correct[place] / count),
            }
            for place, count in enumerate(self.counts)
            if count
        ]


def reliability(scores: Floats, correct: NDArray[np.bool_]) -> Reliability:
    """Count joints and correct joints by their score.

    Args:
        scores: (N,) float, 0 to 1.
        correct: (N,) bool.
    """
    place = np.clip(np.ceil(scores * BINS).astype(np.int64) - 1, 0, BINS - 1)
    return Reliability(
        np.bincount(place, minlength=BINS),
        np.bincount(place, weights=scores, minlength=BINS).astype(np.float64),
        np.bincount(place[correct], minlength=BINS),
    )
