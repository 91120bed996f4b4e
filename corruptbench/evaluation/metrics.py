"""3D and 2D pose metrics on float64 arrays.

Poses are (F, J, 3) in millimeters, in camera axes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corruptbench.evaluation.alignment import align
from corruptbench.evaluation.poses import is_valid_pose as is_valid_pose
from corruptbench.evaluation.poses import root_relative as root_relative

Array = NDArray[np.float64]


def mpjpe(predicted: Array, target: Array) -> Array:
    """Compute the mean per-joint position error of each frame, (F,) mm.

    The Euclidean distance, averaged over all J joints including the root (Ionescu et al., TPAMI
    2014; VideoPose3D's "protocol 1" where both roots are at the origin).

    Args:
        predicted: (F, J, 3) mm.
        target: (F, J, 3) mm.
    """
    return np.asarray(np.linalg.norm(predicted - target, axis=-1).mean(axis=-1))


def p_mpjpe(predicted: Array, target: Array) -> Array:
    """Compute the MPJPE of each frame after the best similarity transform, (F,) mm.

    Rotation (no reflection), scale and translation minimize the squared error (Procrustes analysis;
    Kabsch 1976, Umeyama 1991). NaN for a frame in which one of the two poses is not valid (see
    `is_valid_pose`).

    Args:
        predicted: (F, J, 3) mm.
        target: (F, J, 3) mm.
    """
    return np.asarray(align(predicted, target).distances.mean(axis=-1))


def n_mpjpe(predicted: Array, target: Array) -> Array:
    """Compute the MPJPE of each frame after the best scale about the origin, (F,) mm.

    The scale minimizes the squared error: <target, predicted> / <predicted, predicted>, summed over
    a frame's joints (Rhodin et al., CVPR 2018; VideoPose3D's "protocol 3"). In root-relative poses
    the root stays in place. NaN for a prediction that is not valid (see `is_valid_pose`).

    Args:
        predicted: (F, J, 3) mm.
        target: (F, J, 3) mm.
    """
    scale = np.full(len(predicted), np.nan)
    usable = is_valid_pose(predicted)
    given, wanted = predicted[usable], target[usable]
    scale[usable] = np.sum(wanted * given, axis=(1, 2)) / np.sum(given**2, axis=(1, 2))
    return mpjpe(scale[:, None, None] * predicted, target)


def mpjve(predicted: Array, target: Array) -> Array:
    """Compute the mean per-joint velocity error, (F - 1,) mm per frame.

    The distance between the joints' steps from one frame to the next (Pavllo et al., CVPR 2019).

    Args:
        predicted: (F, J, 3) mm.
        target: (F, J, 3) mm.
    """
    return mpjpe(np.diff(predicted, axis=0), np.diff(target, axis=0))


def mpjve_of_runs(
    predicted: Array, target: Array, valid: NDArray[np.bool_]
) -> tuple[float | None, int]:
    """Compute the MPJVE of a clip and the number of frames that it is taken over.

    Each run of successive valid frames is a sequence of its own: no step crosses a gap. Runs are
    weighted by their number of frames, like sequences in VideoPose3D's evaluation, although n
    frames have n - 1 steps. A run of one frame has no step and does not count.

    Args:
        predicted: (F, J, 3) mm.
        target: (F, J, 3) mm; any values where it is not valid.
        valid: (F,) bool.

    Returns:
        The error in mm per frame and the number of frames; (None, 0) if there is no step.
    """
    frames = np.flatnonzero(valid)
    runs = [r for r in np.split(frames, np.flatnonzero(np.diff(frames) > 1) + 1) if len(r) > 1]
    if not runs:
        return None, 0
    lengths = [len(r) for r in runs]
    means = [mpjve(predicted[r], target[r]).mean() for r in runs]
    return float(np.average(means, weights=lengths)), sum(lengths)


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
