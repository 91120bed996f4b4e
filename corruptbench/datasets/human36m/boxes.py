"""The boxes that Human3.6M itself publishes, as masks: ``MySegmentsMat/ground_truth_bb``.

A file is MATLAB v7.3, which is HDF5: ``Masks`` refers to one picture of 0 and 1 for each frame,
transposed (x first). A few files are known to be absent, misaligned or damaged.
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from corruptbench.datasets.near_misses import near_miss
from corruptbench.errors import InputError


def read(path: Path, frames: int) -> NDArray[np.float64]:
    """Return the bounds (F, 4) float64 px x0, y0, x1, y1 of each mask; NaN where it is empty.

    Raises:
        InputError: when the file is missing or damaged, or has fewer masks than ``frames``.
    """
    if not path.is_file():
        raise InputError(
            f"{path}: missing{near_miss(path)}; expected the boxes of this clip: fetch the "
            "segments of the data set, or use a manifest with crop.boxes = 'ground-truth'"
        )
    try:
        with h5py.File(path) as file:
            masks = np.ravel(file["Masks"][()])
            boxes = [_bounds(np.asarray(file[reference])) for reference in masks[:frames]]
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise InputError(
            f"{path}: damaged, or no box file ({error}); expected MATLAB v7.3 with Masks: fetch it "
            "again, or use a manifest with crop.boxes = 'ground-truth'"
        ) from None
    if len(boxes) < frames:
        raise InputError(
            f"{path}: {len(boxes)} masks, expected at least {frames} (one for each label); "
            "fetch it again"
        )
    return np.array(boxes)


def _bounds(mask: NDArray[np.generic]) -> tuple[float, float, float, float]:
    if mask.ndim != 2:
        raise ValueError(f"a mask has {mask.ndim} dimensions")
    columns, rows = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not columns.size:
        return (np.nan,) * 4
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)
