"""Metrics of the lengths of bones, on float64 arrays.

There is no agreed definition of either metric; the two here are our own choice.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from corruptbench.evaluation import segments
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


def bone_deviation(lengths: Array, clips: NDArray[np.intp], count: int) -> Array:
    """Compute how much the bones of each clip change, (count,) mm: 0 for a rigid skeleton.

    The standard deviation of each bone's length over the frames (their sum of squares is divided by
    their number), averaged over the bones. NaN for a clip without a frame.

    Args:
        lengths: (M, B) mm, of predicted poses.
        clips: (M,) clip of each frame, ascending.
        count: number of clips.
    """
    middle = segments.means(lengths, clips, count)
    spread = segments.means((lengths - middle[clips]) ** 2, clips, count)
    return np.asarray(np.sqrt(spread).mean(axis=1))
