"""Fill the gaps in a clip's detections."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corruptbench.camera import Camera

Array = NDArray[np.float64]


def filled(keypoints: Array, camera: Camera) -> Array:
    """Fill gaps in keypoints (F, K, 2) px: a frame with a NaN repeats the nearest one without.

    That is the earlier of two that are as near. A clip without any detection shows the center of
    the picture.

    Args:
        keypoints: (F, K, 2) px.
        camera: camera of the clip, for the size of the picture.
    """
    seen = np.asarray(np.isfinite(keypoints).all(axis=(1, 2)))
    if seen.all():
        return keypoints
    if not seen.any():
        return np.broadcast_to([camera.width / 2, camera.height / 2], keypoints.shape).copy()
    return np.asarray(keypoints[_nearest(seen)])


def _nearest(seen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the nearest true frame of a mask (F,) to each frame, the earlier of two, (F,)."""
    frames, every = np.flatnonzero(seen), np.arange(len(seen))
    after = np.searchsorted(frames, every)
    earlier = frames[np.maximum(after - 1, 0)]
    later = frames[np.minimum(after, len(frames) - 1)]
    return np.where(np.abs(every - earlier) <= np.abs(later - every), earlier, later)
