"""Shrink crops by area means, to the bytes of ``cv2.INTER_AREA``, in a third of its time.

A pixel of the result is the mean of a rectangle of the picture, whose border pixels count in part.
OpenCV adds the parts of a row up in memory, one after the other, so that each addition waits for
the one before. Here they are added up in registers, and a row that two rows of the result share is
done once. The order of all operations on float32 is that of OpenCV's ``resizeArea_``, so the bytes
are the same. A test compares them with the OpenCV that is installed. Nothing does at run time.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions._kernel import kernel
from corruptbench.detectors.crops import Image, resize

#: OpenCV leaves out a border that is narrower, px. A border of a result of N px is at least 1/N px
#: wide, or comes from rounding, so this decides bytes from N = 1000 on.
NARROW = 1e-3
#: Pixels of a row that are always added up; those beyond a mean's own have no weight.
LEAST = 3

Taps = tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.float32]]


def resize_into(out: Image, image: Image) -> None:
    """Resize a square picture as `detectors.crops.resize` does, to the same bytes.

    Args:
        out: uint8 (size, size, 3), contiguous, is filled.
        image: uint8 (side, side, 3), contiguous.
    """
    size, side = len(out), len(image)
    if size < side and side % size:
        _shrink(image, *taps(side, size), out)
    else:  # OpenCV has faster ways for these
        resize(image, size, out)


@lru_cache(maxsize=1024)
def taps(side: int, size: int) -> Taps:
    """Return what each mean is taken of, along one axis.

    Args:
        side: px of the picture.
        size: px of the result, less.

    Returns:
        (size,) the first pixel. (size,) the number of pixels. (size, N) their weights, 0 beyond
        that number.
    """
    scale = 1 / (size / side)  # rounded twice, as in OpenCV
    means = [_tap(i * scale, scale, side) for i in range(size)]
    counts = np.array([len(parts) for _, parts in means])
    weights = np.zeros((size, max(counts.max(), LEAST)), dtype=np.float32)
    for row, (_, parts) in zip(weights, means, strict=True):
        row[: len(parts)] = parts
    return np.array([first for first, _ in means], dtype=np.uint32), counts, weights


def _tap(low: float, scale: float, side: int) -> tuple[int, list[float]]:
    """Return the first pixel of a mean that begins at ``low`` px, and the weights of its pixels."""
    high, width = low + scale, min(scale, side - low)
    last = min(math.floor(high), side - 1)
    first = min(math.ceil(low), last)
    before = [(first - low) / width] if first - low > NARROW else []
    after = [min(high - last, 1.0, width) / width] if high - last > NARROW else []
    return first - len(before), [*before, *[1 / width] * (last - first), *after]


@kernel
def _shrink(image, starts, counts, weights, out):  # type: ignore[no-untyped-def]
    side, size, most = image.shape[0], starts.size, weights.shape[1]
    row = np.zeros((side + most) * 3, dtype=np.float32)  # the end has no weight
    means, total = np.empty(size * 3, dtype=np.float32), np.empty(size * 3, dtype=np.float32)
    done = -1
    for target in range(size):
        total[:] = 0
        for k in range(counts[target]):
            y = starts[target] + k
            if y != done:
                pixels = image[y].reshape(side * 3)
                for i in range(side * 3):
                    row[i] = pixels[i]
                _means(row, starts, weights, means)
                done = y
            weight = weights[target, k]
            for i in range(size * 3):
                total[i] += weight * means[i]
        resized = out[target].reshape(size * 3)
        for i in range(size * 3):
            resized[i] = np.int32(np.rint(total[i]))


@kernel
def _means(row, starts, weights, means):  # type: ignore[no-untyped-def]
    for x in range(starts.size):
        at = 3 * starts[x]
        a, b, c = weights[x, 0], weights[x, 1], weights[x, 2]
        red = row[at] * a + row[at + 3] * b + row[at + 6] * c
        green = row[at + 1] * a + row[at + 4] * b + row[at + 7] * c
        blue = row[at + 2] * a + row[at + 5] * b + row[at + 8] * c
        for k in range(LEAST, weights.shape[1]):
            a, at = weights[x, k], at + 3
            red += row[at + 6] * a
            green += row[at + 7] * a
            blue += row[at + 8] * a
        means[3 * x], means[3 * x + 1], means[3 * x + 2] = red, green, blue
