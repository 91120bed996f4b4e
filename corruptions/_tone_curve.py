"""Corruptions that replace each sRGB code by another code, everywhere in a clip alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions._srgb import FROM_LINEAR, FULL, TO_LINEAR
from corruptbench.corruptions.base import Frame, Region


@dataclass(frozen=True)
class Codes:
    """(256,) uint8: the code that each code becomes."""

    table: NDArray[np.uint8]


def exposed(stops: float) -> Codes:
    """Return the codes of 2 ** ``stops`` times the light, clipped as a sensor saturates."""
    light = np.rint(TO_LINEAR * 2.0**stops).clip(0, FULL).astype(np.uint16)
    return Codes(FROM_LINEAR[light])


def recode(frames: Sequence[Frame], t: int, plan: Codes, region: Region) -> Frame:
    """Return the region of frame ``t`` in its new codes, (h, w, 3) uint8."""
    return cv2.LUT(frames[t][region.slices], plan.table)  # type: ignore[return-value]
