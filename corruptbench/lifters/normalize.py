"""Turn the keypoints of a clip into the numbers that a lifter reads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corruptbench.camera import Camera, normalize_screen
from corruptbench.errors import InputError
from corruptbench.lifters.contract import Contract
from corruptbench.lifters.gaps import filled
from corruptbench.lifters.statistics import Statistics
from corruptbench.skeleton import convert

Array = NDArray[np.float64]
Array32 = NDArray[np.float32]

#: MotionBERT's crop_scale gives zeros for fewer keypoints than this.
_FEWEST = 4


def lifter_input(
    keypoints: NDArray[np.floating],
    scores: NDArray[np.floating],
    joints: str,
    camera: Camera,
    contract: Contract,
) -> Array32:
    """Convert keypoints to a lifter's input: (F, K, C) float32 in the contract's convention.

    Frames without a detection (NaN keypoints) repeat the nearest frame that has one, the earlier
    of two; their scores stay 0. A clip without any detection shows the center of the picture.

    Args:
        keypoints: (F, K, 2) px.
        scores: (F, K).
        joints: joint set of the keypoints.
        camera: camera of the clip.
        contract: contract of the lifter.
    """
    points = filled(keypoints.astype(np.float64), camera)
    points, confidence = converted(points, scores.astype(np.float64), joints, contract)
    return normalized(points, confidence, camera, contract)


def converted(points: Array, scores: Array, joints: str, contract: Contract) -> tuple[Array, Array]:
    """Return the contract's keypoints (F, K, 2) px and their scores (F, K).

    Args:
        points: (F, K', 2) px, without gaps.
        scores: (F, K').
        joints: joint set of the keypoints.
        contract: contract of the lifter.

    Raises:
        InputError: the keypoints cannot be converted to those of the contract.
    """
    given = contract.given
    try:
        points, scores = convert(points, scores, joints, given.base.name)
    except InputError as error:
        raise InputError(
            f"{contract.name} reads keypoints of {given.base.name}, the detections are of {joints}:"
            f" {error}; evaluate it on shards of another detector"
        ) from None
    if len(given) < len(given.base):
        points, scores = points[:, list(given.kept)], scores[:, list(given.kept)]
    return points, scores


def normalized(points: Array, scores: Array, camera: Camera, contract: Contract) -> Array32:
    """Normalize keypoints (F, K, 2) px, and add the scores (F, K) if the contract wants them.

    Returns:
        (F, K, C) float32.
    """
    found = _normalized_xy(points, scores, camera, contract.normalize)
    if contract.channels == "xyc":
        found = np.concatenate([found, scores[..., None]], axis=-1)
    return found.astype(np.float32)


def _normalized_xy(points: Array, scores: Array, camera: Camera, how: str | Statistics) -> Array:
    if isinstance(how, Statistics):
        flat = points.reshape(len(points), -1)
        return np.asarray((flat - np.array(how.mean)) / np.array(how.std)).reshape(points.shape)
    if how == "screen":
        return normalize_screen(points, camera.width, camera.height)
    if how == "rays":
        return (points - camera.principal_point) / camera.focal_length
    return crop_scale(points, scores) if how == "crop" else points


def crop_scale(points: Array, scores: Array) -> Array:
    """Scale a clip's keypoints so that their bounds are a square of -1 to 1.

    The bounds are those of all keypoints of the clip with a score above 0; others are cut to -1 or
    1. Zeros if there are fewer than 4 such keypoints, or all at one place. This is ``crop_scale``
    of MotionBERT (Zhu et al., ICCV 2023) without its random scale.

    Args:
        points: (F, K, 2) px.
        scores: (F, K).

    Returns:
        (F, K, 2) float64.
    """
    seen = points[scores > 0]
    if len(seen) < _FEWEST:
        return np.zeros_like(points)
    low, high = seen.min(axis=0), seen.max(axis=0)
    scale = float((high - low).max())
    if scale == 0:
        return np.zeros_like(points)
    corner = (low + high - scale) / 2
    return np.asarray(np.clip(((points - corner) / scale - 0.5) * 2, -1, 1))


def mirrored(points: Array, scores: Array, camera: Camera, contract: Contract) -> Array32:
    """Return the input that shows the mirrored person: x reversed, left and right exchanged.

    In a picture x becomes ``width - x``; elsewhere the sign of x changes.

    Args:
        points: (F, K, 2) px, from `converted`.
        scores: (F, K).
        camera: camera of the clip.
        contract: contract of the lifter.
    """
    sides = contract.given.mirror
    if contract.normalize == "pixel" or isinstance(contract.normalize, Statistics):
        points = points * [-1, 1] + [camera.width, 0]
        return normalized(points[:, sides], scores[:, sides], camera, contract)
    found = normalized(points, scores, camera, contract)[:, sides]
    found[..., 0] *= -1
    return found
