"""Gaussian pixel noise: independent for every pixel, channel and frame, as from a sensor.

Models read noise: ``clip(round(x + sigma * z))``, where z is standard normal. Every z is a pure
function of (key, frame, row, column, channel), in integer arithmetic. Eight 16-bit words of one
Philox block index a table of normal quantiles. The block's counter is (frame, row, block of eight
samples within the row).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions._kernel import kernel
from corruptbench.corruptions.base import ClipFacts, Corruption, Frame, Region
from corruptbench.corruptions.random import NORMAL_16, NORMAL_SCALE, Key, row_buffer, row_words


@dataclass(frozen=True)
class Params:
    """Standard deviation as a fraction of full scale (255)."""

    sigma: float


# ImageNet-C (Hendrycks and Dietterich, 2019) has .08 .12 .18 .26 .38. A detector already has
# difficulties with the first of these, so ours start milder.
SEVERITIES = (Params(0.06), Params(0.10), Params(0.14), Params(0.19), Params(0.25))

SHIFT = 20
ROUND = 1 << (SHIFT - 1)


@dataclass(frozen=True)
class Plan:
    """Noise gain in fixed point: (gain * table value + ROUND) >> SHIFT is the noise in levels."""

    key: Key
    gain: int


def plan(facts: ClipFacts, params: Params, key: Key) -> Plan:  # noqa: ARG001
    """Compute the gain; nothing is drawn in advance."""
    return Plan(key, round(params.sigma * 255 * (1 << SHIFT) / NORMAL_SCALE))


@lru_cache(maxsize=8)
def _levels(gain: int) -> NDArray[np.uint8]:
    """Return absolute noise in levels for each 16-bit word; the lower half of words is negative.

    Noise beyond full scale makes no difference, so it is cut there. Without the sign the table is
    half as large, and more of it stays in the processor's cache.
    """
    levels: NDArray[np.int64] = np.abs((gain * NORMAL_16.astype(np.int64) + ROUND) >> SHIFT)
    return np.minimum(levels, 255).astype(np.uint8)


def apply(frames: Sequence[Frame], t: int, plan: Plan, region: Region) -> Frame:
    """Return the region of the noisy frame ``t``, (h, w, 3) uint8."""
    clean = np.ascontiguousarray(frames[t][region.slices])
    out = np.empty_like(clean)
    _add(clean, out, t, region.y0, region.x0, plan.key.k0, plan.key.k1, _levels(plan.gain))
    return out


@kernel
def _add(clean, out, t, y0, x0, k0, k1, table):  # type: ignore[no-untyped-def]
    height, width, channels = out.shape
    size = width * channels
    words, block, mine = row_buffer(x0 * channels, size)
    noise = np.empty(size, dtype=np.uint8)
    for y in range(height):
        row_words(k0, k1, t, y0 + y, block, words)
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
    version=1,
    scope="frame",
    severities=SEVERITIES,
    plan=plan,
    apply=apply,
)
