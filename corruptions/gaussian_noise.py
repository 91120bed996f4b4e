"""Gaussian pixel noise: independent for every cell of pixels, channel and frame, as from a sensor.

Models read noise: ``clip(round(x + sigma * z))``, where z is standard normal. A cell is as large as
the person asks for (`corruptions._grain`): a severity hurts a small and a large person alike. Every
z is a pure function of (key, frame, row and column of the cell, channel), in integer arithmetic.
Eight 16-bit words of one Philox block index a table of normal quantiles. The block's counter is
(frame, row of cells, block of eight samples within that row).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions._grain import Grain, cell_buffer, cell_row, grain_of
from corruptbench.corruptions._kernel import kernel
from corruptbench.corruptions.base import ClipInfo, Corruption, Frame, Region
from corruptbench.corruptions.random import NORMAL_16, NORMAL_SCALE, Key


@dataclass(frozen=True)
class Params:
    """Standard deviation as a fraction of full scale (255)."""

    sigma: float


# ImageNet-C (Hendrycks and Dietterich, 2019) has .08 .12 .18 .26 .38. A detector already has
# difficulties with the first of these, so ours start milder.
SEVERITIES = (Params(0.073), Params(0.10), Params(0.125), Params(0.155), Params(0.20))

SHIFT = 20
ROUND = 1 << (SHIFT - 1)


@dataclass(frozen=True)
class Draws:
    """Noise gain in fixed point: (gain * table value + ROUND) >> SHIFT is the noise in levels."""

    key: Key
    gain: int
    grain: Grain


def draw(info: ClipInfo, params: Params, key: Key) -> Draws:
    """Compute the gain; nothing is drawn in advance."""
    grain = grain_of(info)
    sigma = 255 * params.sigma * grain.strength
    return Draws(key, round(sigma * (1 << SHIFT) / NORMAL_SCALE), grain)


@lru_cache(maxsize=8)
def _levels(gain: int) -> NDArray[np.uint8]:
    """Return absolute noise in levels for each 16-bit word; the lower half of words is negative.

    Noise beyond full scale makes no difference, so it is cut there. Without the sign the table is
    half as large, and more of it stays in the processor's cache.
    """
    levels: NDArray[np.int64] = np.abs((gain * NORMAL_16.astype(np.int64) + ROUND) >> SHIFT)
    return np.minimum(levels, 255).astype(np.uint8)


def apply(frames: Sequence[Frame], t: int, draws: Draws, region: Region) -> Frame:
    """Return the region of the noisy frame ``t``, (h, w, 3) uint8."""
    clean = np.ascontiguousarray(frames[t][region.slices])
    out = np.empty_like(clean)
    lattice = draws.grain.lattice(region)
    _add(clean, out, t, *lattice, draws.key.k0, draws.key.k1, _levels(draws.gain))
    return out


@kernel
def _add(clean, out, t, rows, block, places, k0, k1, table):  # type: ignore[no-untyped-def]
    height, size = rows.size, places.size
    words, mine = cell_buffer(places)
    noise = np.empty(size, dtype=np.uint8)
    for y in range(height):
        if y == 0 or rows[y] != rows[y - 1]:
            cell_row(k0, k1, t, rows[y], block, places, words, mine)
            for i in range(size):
                noise[i] = table[mine[i]]
        source, target = clean[y].reshape(size), out[y].reshape(size)
        for i in range(size):  # a loop of its own, so that it becomes vector instructions
            level = np.int16(noise[i])
            signed = level if mine[i] >= 32768 else -level
            target[i] = min(max(np.int16(source[i]) + signed, 0), 255)


CORRUPTION = Corruption(
    name="gaussian_noise",
    family="pixel noise",
    version=2,
    scope="frame",
    severities=SEVERITIES,
    draw=draw,
    apply=apply,
)
