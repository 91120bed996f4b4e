"""Tell whether poses are valid, and move their root to the origin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def root_relative(poses: Array, root: int) -> Array:
    """Return poses (..., J, 3) with joint ``root`` moved to the origin in each frame."""
    return poses - poses[..., root : root + 1, :]


def is_valid_pose(poses: Array) -> NDArray[np.bool_]:
    """Tell which poses (..., J, 3) are finite and not collapsed to one point, (...) bool."""
    rows = flat(poses)
    apart = (rows[..., 3:6] != rows[..., :3]).any(axis=-1)  # two joints, in nearly every pose
    if not apart.all():
        apart = (rows[..., 3:] != rows[..., :-3]).any(axis=-1)  # some joint from the one before
    return np.asarray(np.isfinite(rows).all(axis=-1) & apart)


def flat(poses: Array) -> Array:
    """Return the 3 J numbers of each pose (..., J, 3) as a row, (..., 3 J)."""
    return poses.reshape(*poses.shape[:-2], 3 * poses.shape[-2])
