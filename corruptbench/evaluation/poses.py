"""What every metric of 3D poses asks first: whether a pose is one, and where its root is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def root_relative(poses: Array, root: int) -> Array:
    """Return poses (..., J, 3) with joint ``root`` moved to the origin in each frame."""
    return poses - poses[..., root : root + 1, :]


def is_valid_pose(poses: Array) -> NDArray[np.bool_]:
    """Tell which poses (..., J, 3) are finite and not collapsed to one point, (...) bool."""
    apart = (poses != poses[..., :1, :]).any(axis=(-2, -1))
    return np.asarray(np.isfinite(poses).all(axis=(-2, -1)) & apart)
