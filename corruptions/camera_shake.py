"""Camera shake: a line blur whose angle and length vary smoothly over the clip.

Models a hand-held camera that moves in a straight line while each frame is exposed. The kernel is
centred, so that the mean position of the person does not move: the labels stay true. (A one-sided
kernel, as widely used, shifts the person by up to its own length, which measures misalignment and
not blur.) Light is added up linearly, see `corruptions.light`; outside the picture the edge is
repeated. Kernel weights are integers that sum to 65536, so the arithmetic is exact.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from corruptions.base import ClipFacts, Corruption, Frame, Region
from corruptions.keyed import Key
from corruptions.light import FROM_LINEAR, TO_LINEAR


@dataclass(frozen=True)
class Params:
    """Mean length of the blur, as a fraction of the person's box height."""

    length: float


SEVERITIES = (Params(0.04), Params(0.07), Params(0.11), Params(0.15), Params(0.20))

#: The length swings by this fraction about its mean, the angle by this many radians.
LENGTH_SWING = 0.3
ANGLE_SWING = math.pi / 3
#: A hand's sway: frequencies of the sinusoids that make up the swings, in hertz.
FREQUENCIES = (0.3, 1.5)
UNIT = 1 << 16


@dataclass(frozen=True)
class Plan:
    """For each frame of the clip: length in pixels and angle in radians (x right, y down)."""

    lengths: tuple[float, ...]
    angles: tuple[float, ...]


def swing(key: Key, stream: int, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """A smooth curve in [-1, 1]: the mean of three sinusoids of drawn frequency and phase."""
    total = np.zeros_like(seconds)
    for i in range(3):
        low, high = FREQUENCIES
        frequency = low + (high - low) * key.uniform(stream, i, 0)
        total += np.sin(2 * np.pi * (frequency * seconds + key.uniform(stream, i, 1)))
    return total / 3


def plan(facts: ClipFacts, params: Params, key: Key) -> Plan:
    """Draws the sway of the whole clip."""
    seconds = np.arange(facts.frames) / facts.fps
    lengths = params.length * facts.person_height * (1 + LENGTH_SWING * swing(key, 0, seconds))
    angles = np.pi * key.uniform(2) + ANGLE_SWING * swing(key, 1, seconds)
    return Plan(tuple(lengths.tolist()), tuple(angles.tolist()))


def line_kernel(length: float, angle: float) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Taps of a centred, antialiased line.

    Args:
        length: pixels, >= 0.
        angle: radians.

    Returns:
        offsets (N, 2) int64 as (dy, dx), point-symmetric, and weights (N,) uint32 that sum to
        65536. Points along the line, at most half a pixel apart, are spread bilinearly.
    """
    points = 2 * math.ceil(length) + 1
    along = np.linspace(-length / 2, length / 2, points) if points > 1 else np.zeros(1)
    reach = math.ceil(length / 2) + 1
    grid = np.zeros((2 * reach + 1, 2 * reach + 1))
    x, y = along * math.cos(angle) + reach, along * math.sin(angle) + reach
    column, row = np.floor(x).astype(int), np.floor(y).astype(int)
    fx, fy = x - column, y - row
    for dy, wy in ((0, 1 - fy), (1, fy)):
        for dx, wx in ((0, 1 - fx), (1, fx)):
            np.add.at(grid, (row + dy, column + dx), wy * wx)
    grid = (grid + grid[::-1, ::-1]) / 2
    exact = grid * (UNIT / grid.sum())
    weights = np.rint(exact).astype(np.int64)
    if weights[reach, reach] + UNIT < weights.sum():  # hundreds of taps, most rounded upwards
        weights = np.floor(exact).astype(np.int64)
    weights[reach, reach] += UNIT - weights.sum()
    taps = np.argwhere(weights > 0)
    return taps - reach, weights[taps[:, 0], taps[:, 1]].astype(np.uint32)


def apply(frames: Sequence[Frame], t: int, plan: Plan, region: Region) -> Frame:
    """Region of the shaken frame ``t``, (h, w, 3) uint8."""
    offsets, weights = line_kernel(plan.lengths[t], plan.angles[t])
    reach = int(np.abs(offsets).max())
    frame = frames[t]
    rows = np.arange(region.y0 - reach, region.y1 + reach).clip(0, frame.shape[0] - 1)
    columns = np.arange(region.x0 - reach, region.x1 + reach).clip(0, frame.shape[1] - 1)
    light = TO_LINEAR[frame[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]]
    light = light[(rows - rows[0])[:, None], (columns - columns[0])[None, :]]
    out = np.empty((region.y1 - region.y0, region.x1 - region.x0, 3), dtype=np.uint8)
    _convolve(light.reshape(light.shape[0], -1), offsets, weights, reach, out, FROM_LINEAR)
    return out


@numba.njit(cache=True, boundscheck=False)
def _convolve(light, offsets, weights, reach, out, encode):  # type: ignore[no-untyped-def]
    height, width, channels = out.shape
    size = width * channels
    total = np.empty(size, dtype=np.uint32)
    for y in range(height):
        total[:] = 32768  # half of UNIT: rounds to nearest; the sum stays below 2**32
        for k in range(weights.size):
            weight = weights[k]
            start = (reach + offsets[k, 1]) * channels
            row = light[y + reach + offsets[k, 0], start : start + size]
            for i in range(size):
                total[i] += weight * np.uint32(row[i])
        target = out[y].reshape(size)
        for i in range(size):
            target[i] = encode[total[i] >> np.uint32(16)]


CORRUPTION = Corruption(
    name="camera_shake",
    family="motion blur",
    version=1,
    scope="clip",
    severities=SEVERITIES,
    plan=plan,
    apply=apply,
)
