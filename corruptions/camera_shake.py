"""Camera shake: a line blur whose angle and length vary smoothly over the clip.

Models a hand-held camera that moves in a straight line while each frame is exposed. The kernel is
centered, so that the mean position of the person does not move and the labels stay true. (A
one-sided kernel, as widely used, shifts the person by up to its own length. It measures
misalignment and not blur.) Light is added up linearly (`corruptions._srgb`). Outside of the picture
its edge is repeated. Kernel weights are integers that sum to 65536, so the arithmetic is exact. All
numbers are our own choice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions._blur_kernel import NOWHERE, blur, padded_light
from corruptbench.corruptions.base import ClipFacts, Corruption, Frame, Region
from corruptbench.corruptions.random import Key


@dataclass(frozen=True)
class Params:
    """Mean length of the blur, as a fraction of the person's box height."""

    length: float


SEVERITIES = (Params(0.04), Params(0.07), Params(0.11), Params(0.15), Params(0.20))

#: The length swings by this fraction about its mean, the angle by this many radians.
LENGTH_SWING = 0.3
ANGLE_SWING = math.pi / 3
#: Frequencies of the sinusoids that make up the swings, hertz: the slow sway of a hand. Our own
#: choice, not measured. They are so low that neighboring frames are blurred alike.
FREQUENCIES = (0.3, 1.5)
UNIT = 1 << 16


@dataclass(frozen=True)
class Plan:
    """For each frame of the clip: length in pixels and angle in radians (x right, y down)."""

    lengths: tuple[float, ...]
    angles: tuple[float, ...]


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


def plan(facts: ClipFacts, params: Params, key: Key) -> Plan:
    """Draw the sway of the whole clip."""
    seconds = np.arange(facts.frames) / facts.fps
    lengths = params.length * facts.person_height * (1 + LENGTH_SWING * swing(key, 0, seconds))
    angles = np.pi * key.uniform(2) + ANGLE_SWING * swing(key, 1, seconds)
    return Plan(tuple(lengths.tolist()), tuple(angles.tolist()))


def line_kernel(length: float, angle: float) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Return the taps of a centered, antialiased line.

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
    if weights[reach, reach] + UNIT <= weights.sum():  # hundreds of taps, most rounded upwards
        weights = np.floor(exact).astype(np.int64)
    weights[reach, reach] += UNIT - weights.sum()
    taps = np.argwhere(weights > 0)
    return taps - reach, weights[taps[:, 0], taps[:, 1]].astype(np.uint32)


def apply(frames: Sequence[Frame], t: int, plan: Plan, region: Region) -> Frame:
    """Return the region of the shaken frame ``t``, (h, w, 3) uint8."""
    offsets, weights = line_kernel(plan.lengths[t], plan.angles[t])
    reach = int(np.abs(offsets).max())
    half = weights.size // 2  # the taps are point-symmetric, with the center in the middle
    pairs = offsets[::-1].copy()
    pairs[half] = NOWHERE, 0
    kept = slice(half + 1)
    light = padded_light(frames[t], region, reach)
    return blur(light, reach, offsets[kept], pairs[kept], weights[kept], region)


CORRUPTION = Corruption(
    name="camera_shake",
    family="motion blur",
    version=1,
    scope="clip",
    severities=SEVERITIES,
    plan=plan,
    apply=apply,
)
