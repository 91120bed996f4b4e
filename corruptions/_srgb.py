"""Convert between 8-bit sRGB pixels and linear light, with tables.

A lens and a shutter add up light, not pixel values. So whatever blurs computes between these
tables. Transfer function: IEC 61966-2-1 (sRGB).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FULL = 65535


def _linear(value: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def _encoded() -> NDArray[np.uint8]:
    # An intensity becomes the code whose interval it falls in; the borders lie halfway in sRGB.
    borders = np.ceil(_linear((np.arange(255) + 0.5) / 255) * FULL)
    return np.searchsorted(borders, np.arange(FULL + 1), side="right").astype(np.uint8)


#: (256,) uint16: linear light of an sRGB code, full scale 65535.
TO_LINEAR: NDArray[np.uint16] = np.rint(_linear(np.arange(256) / 255) * FULL).astype(np.uint16)

#: (65536,) uint8: nearest sRGB code of a linear intensity; undoes `TO_LINEAR` exactly.
FROM_LINEAR: NDArray[np.uint8] = _encoded()
