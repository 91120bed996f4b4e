"""The One-Euro filter: a low-pass filter that lets more through the faster a point moves.

After Casiez, Roussel and Vogel, "1€ Filter: A Simple Speed-based Low-pass Filter for Noisy Input in
Interactive Systems", CHI 2012, algorithm 1. It looks only back, so the points come late.
It lowers jitter. A jump is fast, and goes through.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corruptbench.lifters.filters.frame_rate import scaled

Array = NDArray[np.float64]

#: Least cutoff of a position and cutoff of a speed, in cycles per frame at 50 fps. They are those
#: of SmoothNet's evaluation (Zeng et al., ECCV 2022), where a step of time is a frame, too.
LEAST_CUTOFF, SPEED_CUTOFF = 0.04, 1.0
#: Cycles per size of the person: how much the cutoff grows with the speed. Our own choice. The
#: field's 0.7 is for other lengths: in pixels nothing would be filtered, in sizes of the person a
#: point could lag by 23 %. The lag is at most 1 / (2 pi SLOPE) of the size, here 3 %.
SLOPE = 5.0


def smoothed(keypoints: Array, scores: Array, fps: float) -> Array:
    """Filter each coordinate, with lengths in sizes of the person. The first frame stays.

    The size is the longer side of the box of the keypoints, its median over the clip, so that the
    unit of the keypoints does not matter.

    Args:
        keypoints: (F, K, 2) px without gaps.
        scores: (F, K), not used.
        fps: frames per second; a step of time is 50 / fps.

    Returns:
        (F, K, 2) px.
    """
    del scores
    size = float(np.median(np.ptp(keypoints, axis=1).max(axis=-1)))
    if size == 0:  # all points are one, as where nobody was found
        return keypoints
    return size * one_euro(keypoints / size, rate=scaled(1.0, fps))


def one_euro(values: Array, rate: float) -> Array:
    """Filter values (F, ...) by the published formula.

    Args:
        values: (F, ...) in sizes of the person.
        rate: frames in a unit of time.
    """
    found, speed = values.copy(), np.zeros_like(values[0])
    for frame in range(1, len(values)):
        before = found[frame - 1]
        step = (values[frame] - before) * rate
        speed = _between(speed, step, _share(rate, SPEED_CUTOFF))
        cutoff = LEAST_CUTOFF + SLOPE * np.abs(speed)
        found[frame] = _between(before, values[frame], _share(rate, cutoff))
    return found


def _share(rate: float, cutoff: Array | float) -> Array:
    """Return the share of the new value for a cutoff in cycles per unit of time."""
    return np.asarray(1 / (1 + rate / (2 * np.pi * cutoff)))


def _between(old: Array, new: Array, share: Array) -> Array:
    return share * new + (1 - share) * old
