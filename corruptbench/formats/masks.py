"""Masks of Human3.6M's ``MySegmentsMat/ground_truth_bb``: MATLAB v7.3, which is HDF5.

``Masks`` refers to one picture of 0 and 1 for each frame, transposed (x first). Run this in the
sandbox.
"""

from __future__ import annotations

import h5py
import numpy as np
from numpy.typing import NDArray


def bounds(path: str, frames: int) -> NDArray[np.float64]:
    """Return (F, 4) px x0, y0, x1, y1: bounds of the ones of the first masks; NaN without ones.

    Raises:
        OSError, KeyError, ValueError, TypeError, RuntimeError: for a damaged file.
    """
    with h5py.File(path, locking=False) as file:  # some network file systems have no locks
        masks = np.ravel(file["Masks"][()])
        boxes = [_bounds(np.asarray(file[reference])) for reference in masks[:frames]]
    return np.array(boxes, dtype=np.float64).reshape(-1, 4)


def _bounds(mask: NDArray[np.generic]) -> tuple[float, float, float, float]:
    if mask.ndim != 2:
        raise ValueError(f"a mask has {mask.ndim} dimensions")
    columns, rows = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not columns.size:
        return (np.nan,) * 4
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)
