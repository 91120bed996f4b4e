"""Add up the light of a path's pixels, exact and fast: for blurs of many taps of few weights.

Four taps of the same weight are added up before they are multiplied. Their light has 14 bits. So
the sum has 16, and twice as many additions fit in a vector instruction as of 32 bits.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions._blur_kernel import NOWHERE, STRIP, padded_light
from corruptbench.corruptions._kernel import kernel
from corruptbench.corruptions._srgb import FROM_LINEAR, TO_LINEAR
from corruptbench.corruptions.base import Frame, Region

#: (256,) uint16: linear light of an sRGB code, 0 to 16383. The codes stay apart.
LIGHT: NDArray[np.uint16] = (TO_LINEAR >> 2).astype(np.uint16)


def fours(
    taps: NDArray[np.int64], weights: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Return the taps by fours of the same weight, (N, 4, 2), and the weights (N,).

    Args:
        taps: (M, 2) offsets dy, dx.
        weights: (M,).

    Returns:
        Where a weight is left with fewer taps, (`NOWHERE`, 0) fills up the four. N is even: a four
        of no weight may be the last.
    """
    places = np.empty((len(taps) + 1, 4, 2), dtype=np.int64)
    values = np.empty(len(places), dtype=np.uint32)
    number = _group(taps, weights, np.argsort(weights), places, values)
    return places[:number], values[:number]


@kernel
def _group(taps, weights, order, places, values):  # type: ignore[no-untyped-def]
    places[:, :, 0], places[:, :, 1] = NOWHERE, 0
    fours, used = 0, 4
    for i in order:
        if used == 4 or values[fours - 1] != weights[i]:
            values[fours], fours, used = weights[i], fours + 1, 0
        places[fours - 1, used] = taps[i]
        used += 1
    if fours % 2:
        values[fours], fours = 0, fours + 1
    return fours


def blur(
    frame: Frame, region: Region, taps: NDArray[np.int64], weights: NDArray[np.int64]
) -> Frame:
    """Return a region of the frame, each pixel the encoded mean of the light of its taps.

    Args:
        frame: (H, W, 3) uint8; outside of it its edge is repeated.
        region: of the output.
        taps: (M, 2) offsets dy, dx.
        weights: (M,), which sum to 65536.
    """
    reach = int(np.abs(taps).max())
    light = padded_light(frame, region, reach, LIGHT)
    places, values = fours(taps + reach, weights)
    out = np.empty((region.y1 - region.y0, region.x1 - region.x0, 3), dtype=np.uint8)
    _sum(light.reshape(light.shape[0], -1), places, values, out, FROM_LINEAR)
    return out


@numba.njit(inline="always")
def _row(light, y, left, length, place, channels):  # type: ignore[no-untyped-def]
    """Return what a tap sees of ``length`` samples of row ``y``; zeros if it is nowhere."""
    start = left + place[1] * channels
    return light[min(y + place[0], light.shape[0] - 1), start : start + length]


# In strips, as `_blur_kernel._sum` works. That one weighs pairs of taps in 32 bits. This one adds
# equal taps by fours in 16 bits, which makes it fast.
@kernel
def _sum(light, places, values, out, encode):  # type: ignore[no-untyped-def]
    height, width, channels = out.shape
    size = width * channels
    total = np.empty(min(STRIP, size), dtype=np.uint32)
    for left in range(0, size, STRIP):
        length = min(STRIP, size - left)
        for y in range(height):
            total[:length] = 0
            for k in range(0, len(values), 2):
                a = _row(light, y, left, length, places[k, 0], channels)
                b = _row(light, y, left, length, places[k, 1], channels)
                c = _row(light, y, left, length, places[k, 2], channels)
                d = _row(light, y, left, length, places[k, 3], channels)
                e = _row(light, y, left, length, places[k + 1, 0], channels)
                f = _row(light, y, left, length, places[k + 1, 1], channels)
                g = _row(light, y, left, length, places[k + 1, 2], channels)
                h = _row(light, y, left, length, places[k + 1, 3], channels)
                v, w = values[k], values[k + 1]
                for i in range(length):
                    one = np.uint16(np.uint16(a[i] + b[i]) + np.uint16(c[i] + d[i]))
                    two = np.uint16(np.uint16(e[i] + f[i]) + np.uint16(g[i] + h[i]))
                    total[i] += np.uint32(np.uint32(v * one) + np.uint32(w * two))
            target = out[y].reshape(size)[left : left + length]
            for i in range(length):
                # The light has lost two bits, which are half full on average
                target[i] = encode[(total[i] >> np.uint32(14)) + np.uint32(2)]
