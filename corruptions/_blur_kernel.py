"""Weighted sums of neighboring pixels in linear light, exact and fast: shared by the blurs."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions._kernel import kernel
from corruptbench.corruptions._srgb import FROM_LINEAR, TO_LINEAR
from corruptbench.corruptions.base import Frame, Region

#: Samples of a row that are worked on together, so that the rows of a kernel stay in the cache.
STRIP = 3072

#: Row offset of a tap that adds nothing.
NOWHERE = 1 << 30


def padded_light(
    frame: Frame, region: Region, reach: int, light_of: NDArray[np.uint16] = TO_LINEAR
) -> NDArray[np.uint16]:
    """Return linear light of a region and ``reach`` pixels around it; the edge is repeated.

    Args:
        frame: (H, W, 3) uint8.
        region: within the frame.
        reach: pixels.
        light_of: (256,) the light of each code.

    Returns:
        (h + 2 reach + 1, w + 2 reach, 3) uint16; the last row is zero, see `blur`.
    """
    height, width = region.y1 - region.y0, region.x1 - region.x0
    light = np.empty((height + 2 * reach + 1, width + 2 * reach, 3), dtype=np.uint16)
    frame = np.ascontiguousarray(frame)
    _decode(frame, region.y0 - reach, region.x0 - reach, light, light_of)
    return light


@kernel
def _decode(frame, top, left, light, table):  # type: ignore[no-untyped-def]
    rows, columns, channels = light.shape
    first = min(max(-left, 0), columns)  # columns of the picture are first .. last - 1
    last = max(min(frame.shape[1] - left, columns), first)
    for y in range(rows - 1):
        source = frame[min(max(top + y, 0), frame.shape[0] - 1)]
        target = light[y]
        inside = source[left + first : left + last].reshape((last - first) * channels)
        decoded = target[first:last].reshape((last - first) * channels)
        for i in range(inside.size):
            decoded[i] = table[inside[i]]
        for c in range(channels):
            before, after = table[source[0, c]], table[source[frame.shape[1] - 1, c]]
            for x in range(first):
                target[x, c] = before
            for x in range(last, columns):
                target[x, c] = after
    light[rows - 1] = 0


def blur(
    light: NDArray[np.unsignedinteger],
    reach: int,
    one: NDArray[np.int64],
    two: NDArray[np.int64],
    weights: NDArray[np.uint32],
    region: Region,
    unit: int = 1 << 16,
    shift: int = 0,
) -> Frame:
    """Return the encoded mean over pairs of taps: one multiplication for every two taps.

    Sums are taken modulo 2**32. So a weight may be negative, as long as the whole sum plus half a
    unit lies in 0..2**32 - 1.

    Args:
        light: as `padded_light` returns it, or running sums of that along its rows.
        reach: of the padding.
        one: (N, 2) offsets dy, dx of one tap of each pair.
        two: (N, 2) of the other one, or (`NOWHERE`, 0) for a tap that is alone.
        weights: (N,), modulo 2**32.
        region: of the output.
        unit: what the weights of the pixels sum to, more than 2**15.
        shift: bits by which ``light`` is less than linear light.
    """
    out = np.empty((region.y1 - region.y0, region.x1 - region.x0, 3), dtype=np.uint8)
    one, two = one + reach, two + reach
    two[two[:, 0] >= NOWHERE] = (NOWHERE, 0)
    if weights.size % 2:  # pairs are taken by twos: one more, of no weight
        one, two = np.vstack([one, one[:1]]), np.vstack([two, two[:1]])
        weights = np.append(weights, np.uint32(0))
    scale = np.uint64(-(-(1 << (47 + shift)) // unit))  # a division by a multiplication
    flat = light.reshape(light.shape[0], -1)
    _sum(flat, one, two, weights, np.uint32(unit // 2), scale, out, FROM_LINEAR)
    return out


@numba.njit(inline="always")
def _pair(light, y, left, length, one, two, channels):  # type: ignore[no-untyped-def]
    """Return views of what two taps see of ``length`` samples of row ``y``."""
    start, other = left + one[1] * channels, left + two[1] * channels
    row = min(y + two[0], light.shape[0] - 1)  # the last one where there is no second tap
    return light[y + one[0], start : start + length], light[row, other : other + length]


@kernel
def _sum(light, one, two, weights, half, scale, out, encode):  # type: ignore[no-untyped-def]
    height, width, channels = out.shape
    size = width * channels
    total = np.empty(min(STRIP, size), dtype=np.uint32)
    for left in range(0, size, STRIP):
        length = min(STRIP, size - left)
        for y in range(height):
            for i in range(length):
                total[i] = half  # rounds to nearest
            for k in range(0, weights.size, 2):
                a, b = _pair(light, y, left, length, one[k], two[k], channels)
                c, d = _pair(light, y, left, length, one[k + 1], two[k + 1], channels)
                v, w = weights[k], weights[k + 1]
                for i in range(length):
                    ab = np.uint32(np.uint32(a[i]) + np.uint32(b[i]))
                    cd = np.uint32(np.uint32(c[i]) + np.uint32(d[i]))
                    total[i] += np.uint32(np.uint32(v * ab) + np.uint32(w * cd))
            target = out[y].reshape(size)[left : left + length]
            for i in range(length):
                target[i] = encode[(np.uint64(total[i]) * scale) >> np.uint64(47)]
