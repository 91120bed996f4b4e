"""Long exposure: a centered mean of neighboring frames in linear light.

Models a shutter that stays open for longer than the time between two frames. What moves is smeared
along its own path, and what stands still stays sharp. Light between two frames is interpolated, so
the exposure is exact in seconds at any frame rate: a frame k steps away weighs as much as the
triangle ``max(0, 1 - |s - k|)`` covers of the exposure ``|s| <= exposure * fps / 2``. (A mean of 2c
whole frames, as widely used, lies half a frame off its label and drops c frames at either end.)
Near the ends of the clip the window shrinks on both sides alike, so that it stays centered: the
first and the last frame are sharp. A fast limb appears as copies, one for each frame. Weights are
integers that sum to 65536, and light is added up linearly (`corruptions._srgb`). Nothing is drawn
at random. The exposures are our own choice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions._kernel import kernel
from corruptbench.corruptions._srgb import FROM_LINEAR, TO_LINEAR
from corruptbench.corruptions.base import ClipInfo, Corruption, Frame, Region
from corruptbench.corruptions.random import Key


@dataclass(frozen=True)
class Params:
    """Time for which the shutter is open, seconds."""

    exposure: float


SEVERITIES = (
    Params(0.05),
    Params(0.09),
    Params(0.15),
    Params(0.22),
    Params(0.32),
)

UNIT = 1 << 16
#: Sums that are computed at a time, in whole rows: few enough to stay in the processor's cache, and
#: so many that Python takes little of the time. Our own choice.
SUMS = 1 << 16


@dataclass(frozen=True)
class Draws:
    """Half the exposure, in frames, and the number of frames of the clip."""

    half: float
    frames: int


def draw(info: ClipInfo, params: Params, key: Key) -> Draws:  # noqa: ARG001
    """Convert the exposure to frames; nothing is drawn."""
    return Draws(params.exposure * info.fps / 2, info.frames)


def reach(draws: Draws) -> int:
    """Return the number of frames that an exposure takes light from, on each side."""
    return min(math.ceil(draws.half), draws.frames - 1)


def frame_weights(half: float) -> tuple[int, ...]:
    """Return weights of the frames 0, 1, 2, ... steps away, for an exposure of 2 ``half`` frames.

    They are integers. The first, plus twice the sum of the others, is 65536.
    """

    def covered(k: int) -> float:  # of the rising and the falling side of frame k's triangle
        rising = min(max(half - (k - 1), 0.0), 1.0)
        falling = min(max(half - k, 0.0), 1.0)
        return (rising**2 + 1 - (1 - falling) ** 2) / 2

    count = math.ceil(half)
    side = [round(UNIT * covered(k) / (2 * half)) for k in range(1, count + 1)]
    return (UNIT - 2 * sum(side), *side)


@lru_cache(maxsize=64)
def _tables(half: float) -> NDArray[np.uint32]:
    """Return (steps, 256) uint32: weighted light of a pixel value, for the frames k steps away."""
    weights = np.array(frame_weights(half), dtype=np.uint32)
    return weights[:, None] * TO_LINEAR.astype(np.uint32)[None, :]


def apply(frames: Sequence[Frame], t: int, draws: Draws, region: Region) -> Frame:
    """Return the region of frame ``t`` after the long exposure, (h, w, 3) uint8."""
    half = min(draws.half, t, draws.frames - 1 - t)
    if half <= 0:
        return frames[t][region.slices].copy()
    tables = _tables(half)
    last = len(tables) - 1
    height, width = region.y1 - region.y0, region.x1 - region.x0
    out = np.empty((height, width, 3), dtype=np.uint8)
    rows = min(max(SUMS // (3 * width), 1), height)
    total = np.empty((rows, width * 3), dtype=np.uint32)
    for y in range(region.y0, region.y1, rows):
        band = Region(region.x0, y, region.x1, min(y + rows, region.y1))
        around = [_rows(frames[t + k], band) for k in range(-last, last + 1)]
        _start(around[last], tables[0], total)
        for k in range(1, last):
            _expose(around[last - k], around[last + k], tables[k], total)
        target = _rows(out, Region(0, y - region.y0, width, band.y1 - region.y0))
        _finish(around[0], around[-1], tables[-1], total, target, FROM_LINEAR)
    return out


def _rows(frame: Frame, region: Region) -> Frame:
    """Return the region as (h, w * 3): a view if the channels of a pixel lie side by side."""
    return frame[region.slices].reshape(region.y1 - region.y0, -1)


@kernel
def _start(center, table, total):  # type: ignore[no-untyped-def]
    height, size = center.shape
    for y in range(height):
        for i in range(size):
            total[y, i] = table[center[y, i]] + np.uint32(32768)  # half of UNIT: rounds to nearest


@kernel
def _expose(before, after, table, total):  # type: ignore[no-untyped-def]
    height, size = before.shape
    for y in range(height):
        for i in range(size):
            total[y, i] += table[before[y, i]] + table[after[y, i]]


@kernel
def _finish(before, after, table, total, out, encode):  # type: ignore[no-untyped-def]
    height, size = before.shape
    for y in range(height):
        for i in range(size):
            light = total[y, i] + table[before[y, i]] + table[after[y, i]]
            out[y, i] = encode[light >> np.uint32(16)]


CORRUPTION = Corruption(
    name="long_exposure",
    family="motion blur",
    version=2,
    scope="window",
    severities=SEVERITIES,
    draw=draw,
    apply=apply,
    reach=reach,
    keyed=False,
)
