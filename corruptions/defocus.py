"""Defocus: a disk blur whose radius varies, like that of an autofocus in search of the person.

Models a lens focused elsewhere: a point spreads evenly over a disk, the image of the round aperture
(geometrical optics, without diffraction). The radius varies over the clip. The disk is centered, so
the labels stay true. Light is added up linearly (`corruptions._srgb`). Outside of the picture its
edge is repeated. Weights are integers, so the arithmetic is exact.

A row of the disk is constant except for its ends. So the sum over it is a few differences of
running sums along the rows of the picture: the cost grows with the radius and not with the area.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions._blur_kernel import NOWHERE, blur, padded_light
from corruptbench.corruptions._kernel import kernel
from corruptbench.corruptions.base import ClipInfo, Corruption, Frame, Region
from corruptbench.corruptions.random import Key


@dataclass(frozen=True)
class Params:
    """Mean radius of the disk, as a fraction of the person's box height."""

    radius: float


# Our own choice.
SEVERITIES = (Params(0.009), Params(0.015), Params(0.023), Params(0.033), Params(0.046))

#: The radius varies by this fraction about its mean.
RADIUS_SWING = 0.3
#: Frequencies of the sinusoids that make up the swing, hertz. Our own choice: they are so low that
#: neighboring frames are blurred alike.
FREQUENCIES = (0.3, 1.5)
UNIT = 1 << 16

#: Rows that are computed at a time: running sums of a whole frame would take four times its memory.
BAND = 192


@dataclass(frozen=True)
class Draws:
    """Radius in pixels for each frame of the clip."""

    radii: tuple[float, ...]


def swing(key: Key, stream: int, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a smooth curve in [-1, 1]: the mean of three sinusoids, frequency and phase drawn.

    Args:
        key: decides the draws.
        stream: which curve of this key.
        seconds: (N,) times.
    """
    total = np.zeros_like(seconds)
    for i in range(3):
        low, high = FREQUENCIES
        frequency = low + (high - low) * key.uniform(stream, i, 0)
        total += np.sin(2 * np.pi * (frequency * seconds + key.uniform(stream, i, 1)))
    return total / 3


def draw(info: ClipInfo, params: Params, key: Key) -> Draws:
    """Draw the radius of each frame."""
    seconds = np.arange(info.frames) / info.fps
    radii = params.radius * info.person_height * (1 + RADIUS_SWING * swing(key, 0, seconds))
    return Draws(tuple(radii.tolist()))


def disk_kernel(radius: float) -> NDArray[np.int64]:
    """Return a centered disk, (2 R + 1, 2 R + 1) integer weights, symmetric in both directions.

    A pixel's share of the disk is ``radius + 1/2 - distance``, between 0 and 1. All whole pixels
    have the same weight. It is as large as a sum of 65536 allows, and at least 1.
    """
    reach = math.ceil(radius + 0.5)
    y, x = np.indices((2 * reach + 1, 2 * reach + 1)) - reach
    share = np.clip(radius + 0.5 - np.hypot(y, x), 0, 1)
    whole = max(math.floor(UNIT / share.sum()), 1)
    weights: NDArray[np.int64] = np.floor(share * whole + 0.5).astype(np.int64)
    while whole > 1 and weights.sum() > UNIT:  # rounded upwards more often than downwards
        whole -= 1
        weights = np.floor(share * whole + 0.5).astype(np.int64)
    return weights


def apply(frames: Sequence[Frame], t: int, draws: Draws, region: Region) -> Frame:
    """Return the region of frame ``t`` out of focus, (h, w, 3) uint8."""
    kernel = disk_kernel(draws.radii[t])
    reach = kernel.shape[0] // 2
    # A weight at dx is a step in the weights of the running sum, down at dx and up at dx - 1
    steps = kernel - np.pad(kernel, ((0, 0), (0, 1)))[:, 1:]
    steps = np.concatenate([-kernel[:, :1], steps], axis=1)
    upper = np.argwhere(steps[: reach + 1] != 0)  # the lower half has the same weights
    one = upper - (reach, reach + 1)
    two = np.where(one[:, :1] == 0, (NOWHERE, 0), one * (-1, 1))
    weights = steps[upper[:, 0], upper[:, 1]].astype(np.uint32)
    unit = int(kernel.sum())
    shift = max((unit - 1).bit_length() - 16, 0)  # disks of more than 65536 pixels
    out = np.empty((region.y1 - region.y0, region.x1 - region.x0, 3), dtype=np.uint8)
    for top in range(region.y0, region.y1, BAND):
        band = Region(region.x0, top, region.x1, min(top + BAND, region.y1))
        sums = _running(padded_light(frames[t], band, reach + 1), shift)
        rows = slice(band.y0 - region.y0, band.y1 - region.y0)
        out[rows] = blur(sums, reach + 1, one, two, weights, band, unit, shift)
    return out


@kernel
def _running(light, shift):  # type: ignore[no-untyped-def]
    """Return the sums from the left up to each pixel, that pixel included, modulo 2**32."""
    rows, columns, channels = light.shape
    sums = np.empty(light.shape, dtype=np.uint32)
    for y in range(rows):
        for c in range(channels):
            total = np.uint32(0)
            for x in range(columns):
                total = np.uint32(total + np.uint32(light[y, x, c] >> shift))
                sums[y, x, c] = total
    return sums


CORRUPTION = Corruption(
    name="defocus",
    family="defocus blur",
    version=1,
    scope="clip",
    severities=SEVERITIES,
    draw=draw,
    apply=apply,
)
