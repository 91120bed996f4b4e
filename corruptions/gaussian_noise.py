"""Gaussian pixel noise: independent for every pixel, channel and frame, as from a sensor.

Models read noise: ``clip(round(x + sigma * z))``, z standard normal. Every deviate is a pure
function of (key, frame, row, column, channel), in integer arithmetic throughout: eight 16-bit words
of one Philox block index a table of normal quantiles; the block's counter is
(frame, row, block of eight samples within the row).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np

from corruptions.base import ClipFacts, Corruption, Frame, Region
from corruptions.keyed import LOW, NORMAL_16, NORMAL_SCALE, Key, philox


@dataclass(frozen=True)
class Params:
    """Standard deviation as a fraction of full scale (255)."""

    sigma: float


# Standard deviations after ImageNet-C's (Hendrycks and Dietterich, 2019) .08 .12 .18 .26 .38,
# which start where a detector is already in trouble; ours start milder.
SEVERITIES = (Params(0.06), Params(0.10), Params(0.14), Params(0.19), Params(0.25))

SHIFT = 20
ROUND = 1 << (SHIFT - 1)


@dataclass(frozen=True)
class Plan:
    """Noise gain in fixed point: (gain * table value + ROUND) >> SHIFT is the noise in levels."""

    key: Key
    gain: int


def plan(facts: ClipFacts, params: Params, key: Key) -> Plan:  # noqa: ARG001
    """Nothing is drawn in advance: only the gain is fixed."""
    return Plan(key, round(params.sigma * 255 * (1 << SHIFT) / NORMAL_SCALE))


def apply(frames: Sequence[Frame], t: int, plan: Plan, region: Region) -> Frame:
    """Region of the noisy frame ``t``, (h, w, 3) uint8."""
    out = np.ascontiguousarray(frames[t][region.slices])
    if out.base is not None or out is frames[t]:
        out = out.copy()
    _add(out, t, region.y0, region.x0, plan.key.k0, plan.key.k1, plan.gain, NORMAL_16)
    return out


@numba.njit(cache=True, boundscheck=False)
def _add(out, t, y0, x0, k0, k1, gain, table):  # type: ignore[no-untyped-def]
    height, width, channels = out.shape
    first = x0 * channels
    last = (x0 + width) * channels
    block0 = first // 8
    blocks = (last + 7) // 8 - block0
    deviates = np.empty(blocks * 8, dtype=np.int16)
    half = np.uint64(0xFFFF)
    for y in range(height):
        for b in range(blocks):
            words = philox(
                np.uint64(t), np.uint64(y0 + y), np.uint64(block0 + b), np.uint64(0),
                np.uint64(k0) & LOW, np.uint64(k1) & LOW,
            )  # fmt: skip
            for j in range(4):
                deviates[8 * b + 2 * j] = table[words[j] & half]
                deviates[8 * b + 2 * j + 1] = table[words[j] >> np.uint64(16)]
        row = out[y].reshape(width * channels)
        offset = first - 8 * block0
        for i in range(row.size):
            value = np.int32(row[i]) + ((gain * np.int32(deviates[offset + i]) + ROUND) >> SHIFT)
            row[i] = min(max(value, 0), 255)


CORRUPTION = Corruption(
    name="gaussian_noise",
    family="pixel noise",
    version=1,
    scope="frame",
    severities=SEVERITIES,
    plan=plan,
    apply=apply,
)
