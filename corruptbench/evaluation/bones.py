"""Metrics of the lengths of bones, on float64 arrays.

There is no agreed definition of either metric; the two here are our own choice.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from corruptbench.skeleton import JointSet

Array = NDArray[np.float64]
Bones = Sequence[tuple[int, int]]


def bones_of(joints: JointSet, scored: Sequence[int] | None = None) -> Bones:
    """Return the bones of a joint set as pairs of indices into the scored joints.

    Args:
        joints: the set.
        scored: indices of the joints that are scored, in order; all if None. A bone of which an end
            is not scored is left out.
    """
    places = {joint: place for place, joint in enumerate(scored or range(len(joints)))}
    return [(places[a], places[b]) for a, b in joints.bones if a in places and b in places]


def bone_lengths(poses: Array, bones: Bones) -> Array:
    """Return the lengths (..., B) mm of the bones of poses (..., J, 3) mm."""
    one, two = np.array(bones, dtype=np.intp).reshape(-1, 2).T
    x = poses.take(one, axis=-2) - poses.take(two, axis=-2)
    return np.asarray(np.sqrt(np.einsum("...k,...k->...", x, x)))


def bone_error(predicted: Array, target: Array) -> Array:
    """Compute the mean absolute difference of the bones' lengths in each frame, (..., F) mm.

    Args:
        predicted: (..., F, B) mm, of `bone_lengths`; B is at least 1.
        target: (..., F, B) mm.
    """
    return np.asarray(np.abs(predicted - target).mean(axis=-1))


def bone_deviation(lengths: Array, valid: NDArray[np.bool_]) -> Array:
    """Compute how much the bones of a clip change, (...) mm: 0 for a rigid skeleton.

    The standard deviation of each bone's length over the valid frames (their sum of squares is
    divided by their number), averaged over the bones. NaN without a valid frame.

    Args:
        lengths: (..., F, B) mm, of predicted poses; any values in frames that are not valid.
        valid: (..., F) bool.
    """
    count = valid.sum(axis=-1)[..., None]
    known = np.where(valid[..., None], lengths, 0.0)
    with np.errstate(invalid="ignore"):
        mean = known.sum(axis=-2) / count
        offsets = np.where(valid[..., None], known - mean[..., None, :], 0.0)
        squares = np.einsum("...fb,...fb->...b", offsets, offsets) / count
        return np.asarray(np.sqrt(squares).mean(axis=-1))
