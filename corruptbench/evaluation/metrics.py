"""3D pose metrics on float64 arrays.

Poses are (..., F, J, 3) in millimeters, in camera axes: F successive frames, of one clip or of
several cells of it at once. Most metrics are of the distances of the joints, which are computed
once (`distances`). Bones have metrics of their own in `corruptbench.evaluation.bones`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corruptbench.evaluation.alignment import align
from corruptbench.evaluation.poses import flat
from corruptbench.evaluation.poses import is_valid_pose as is_valid_pose
from corruptbench.evaluation.poses import root_relative as root_relative

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: A joint is correct up to this distance, mm (Mehta et al., 3DV 2017, MPI-INF-3DHP).
PCK = 150.0
#: The thresholds of the area under the curve are the multiples of this up to `PCK`, mm. There is no
#: threshold 0, so that a perfect prediction has 100 % and not the 96.8 % of other code.
AUC_STEP = 5.0


def distances(predicted: Array, target: Array) -> Array:
    """Compute the Euclidean distance of each joint, (..., J) mm.

    Args:
        predicted: (..., J, 3) mm.
        target: mm, of a shape that broadcasts with that of ``predicted``.
    """
    return lengths(predicted - target)


def lengths(vectors: Array) -> Array:
    """Compute the Euclidean length of each vector (..., 3), (...)."""
    squares = vectors * vectors
    total = squares[..., 0] + squares[..., 1]
    total += squares[..., 2]
    return np.sqrt(total, out=total)


def mpjpe(predicted: Array, target: Array) -> Array:
    """Compute the mean per-joint position error of each frame, (..., F) mm.

    The Euclidean distance, averaged over all J joints including the root (Ionescu et al., TPAMI
    2014; VideoPose3D's "protocol 1" where both roots are at the origin).

    Args:
        predicted: (..., F, J, 3) mm.
        target: mm, of a shape that broadcasts with that of ``predicted``.
    """
    return np.asarray(distances(predicted, target).mean(axis=-1))


def p_mpjpe(predicted: Array, target: Array) -> Array:
    """Compute the MPJPE of each frame after the best similarity transform, (..., F) mm.

    Rotation (no reflection), scale and translation minimize the squared error (Procrustes
    analysis). NaN for a frame in which one of the two poses is not valid (see `is_valid_pose`).
    `alignment.align` also has the joints' distances, and tells which poses are degenerate.

    Args:
        predicted: (..., F, J, 3) mm.
        target: (..., F, J, 3) mm.
    """
    return np.asarray(align(predicted, target).distances.mean(axis=-1))


def n_mpjpe(predicted: Array, target: Array) -> Array:
    """Compute the MPJPE of each frame after the best scale about the origin, (..., F) mm.

    The scale minimizes the squared error: <target, predicted> / <predicted, predicted>, summed over
    a frame's joints (Rhodin et al., CVPR 2018; VideoPose3D's "protocol 3"). In root-relative poses
    the root stays in place. NaN for a prediction that is not valid (see `is_valid_pose`).

    Args:
        predicted: (..., F, J, 3) mm.
        target: (..., F, J, 3) mm.
    """
    given, wanted = flat(predicted), flat(target)
    with np.errstate(all="ignore"):  # of poses that are not valid
        scale = np.einsum("...i,...i->...", wanted, given)
        scale /= np.einsum("...i,...i->...", given, given)
        errors = mpjpe(scale[..., None, None] * predicted, target)
    return np.where(is_valid_pose(predicted), errors, np.nan)


def motion_error(difference: Array, order: int) -> Array:
    """Compute the mean per-joint error of velocity or acceleration, (..., F - order) mm.

    The distance between the joints' differences of an order from frame to frame. Order 1 is MPJVE
    (Pavllo et al., CVPR 2019), in mm per frame. Times the frames per second, it is in mm per
    second. Order 2 is the acceleration error (Kanazawa et al., CVPR 2019), in mm per squared frame.
    Times the square of the frames per second, it is in mm per squared second: 2500 times as large
    at 50 fps.

    Args:
        difference: (..., F, J, 3) mm, predicted less target poses of successive frames.
        order: 1 or 2.
    """
    for _ in range(order):
        difference = difference[..., 1:, :, :] - difference[..., :-1, :, :]
    return np.asarray(lengths(difference).mean(axis=-1))


def pck(of_joints: Array) -> Array:
    """Return the percentage of joints within `PCK` in each frame, (..., F).

    Args:
        of_joints: (..., F, J) mm, of `distances`; NaN in a frame that is not valid, whose
            percentage is NaN.
    """
    return _percent(of_joints <= PCK, of_joints)


def auc(of_joints: Array) -> Array:
    """Return the mean of the percentages of joints within 5, 10, ..., 150 mm, (..., F).

    The area under the curve of correct joints over the threshold (Mehta et al., 3DV 2017). A joint
    counts where its distance is at most the threshold: 100 for a perfect prediction.

    Args:
        of_joints: as for `pck`.
    """
    steps = round(PCK / AUC_STEP)
    first = np.maximum(np.ceil(of_joints / AUC_STEP), 1)  # the first threshold that it is within
    return _percent(np.maximum(steps + 1 - first, 0) / steps, of_joints)


def _percent(correct: NDArray[np.generic], of_joints: Array) -> Array:
    """Return the means over the joints in percent; NaN where a joint's distance is NaN."""
    unknown = np.isnan(of_joints).any(axis=-1)
    return np.where(unknown, np.nan, 100 * correct.mean(axis=-1))


def mean_where(
    values: Array, where: Mask, axis: int | tuple[int, ...] = -1
) -> tuple[Array, NDArray[np.int64]]:
    """Average values where a mask is true, over one axis or several.

    Args:
        values: such as (..., F) or (..., F, J) mm; any values, also NaN, where the mask is false.
        where: bool, of a shape that broadcasts to that of ``values``.
        axis: to average over.

    Returns:
        The means, NaN where the mask is true nowhere, and how many values each is over.
    """
    where = np.broadcast_to(where, values.shape)
    count = where.sum(axis=axis)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(where, values, 0.0).sum(axis=axis) / count), np.asarray(count)


def exchanged(predicted: Array, target: Array, errors: Array) -> Mask:
    """Tell in which frames the pose fits better with left and right exchanged, (..., F) bool.

    Args:
        predicted: (..., F, J, 3) mm.
        target: (..., F, J, 3) mm, with left and right exchanged.
        errors: (..., F) mm, `mpjpe` of the two as they are.
    """
    return np.asarray(mpjpe(predicted, target) < errors)
