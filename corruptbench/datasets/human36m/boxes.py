"""The boxes that Human3.6M itself publishes, as masks: ``MySegmentsMat/ground_truth_bb``.

A few files are known to be absent, misaligned or damaged (`corruptbench.formats.masks`).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corruptbench import sandbox
from corruptbench.datasets.near_misses import require_file
from corruptbench.errors import InputError


def read(path: Path, frames: int) -> NDArray[np.float64]:
    """Return the bounds (F, 4) float64 px x0, y0, x1, y1 of each mask; NaN where it is empty.

    Raises:
        InputError: when the file is missing or damaged, or has fewer masks than ``frames``.
    """
    otherwise = "use a manifest with crop.boxes = 'ground-truth'"
    fetch = "fetch the segments of the data set"
    require_file(path, f"expected the boxes of this clip: {fetch}, or {otherwise}")
    limits = replace(sandbox.Limits.for_file(path), seconds=30 + frames / 20)
    boxes: NDArray[np.float64] = sandbox.run(
        "corruptbench.formats.masks:bounds", str(path), frames, name=str(path), limits=limits,
        remedy=f"expected MATLAB v7.3 with Masks: fetch it again, or {otherwise}",
    )  # fmt: skip
    if len(boxes) < frames:
        raise InputError(
            f"{path}: {len(boxes)} masks, expected at least {frames} (one for each label); "
            "fetch it again"
        )
    return boxes
