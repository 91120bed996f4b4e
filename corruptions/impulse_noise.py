"""Impulse noise: salt and pepper, new in every frame.

Models samples that are lost or stuck: a photosite, a converter or a link that reports the top or
the bottom of its range. A sample is one color of one pixel, as each photosite behind a color filter
sees one color. So the specks are colored. A sample is hit if its 16-bit word lies at either end of
the range of words. The word is a pure function of (key, frame, row, sample within the row).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from corruptbench.corruptions._kernel import kernel
from corruptbench.corruptions.base import ClipFacts, Corruption, Frame, Region
from corruptbench.corruptions.random import Key, row_buffer, row_words


@dataclass(frozen=True)
class Params:
    """Fraction of the samples that are hit; half of them become white, half black."""

    fraction: float


# Our own choice; ImageNet-C's (Hendrycks and Dietterich, 2019) are .03 .06 .09 .17 .27.
SEVERITIES = (
    Params(0.02),
    Params(0.045),
    Params(0.08),
    Params(0.12),
    Params(0.175),
)


@dataclass(frozen=True)
class Plan:
    """Words below ``limit`` are pepper; as many, at the upper end of 0..65535, are salt."""

    key: Key
    limit: int


def plan(facts: ClipFacts, params: Params, key: Key) -> Plan:  # noqa: ARG001
    """Compute the threshold; nothing is drawn in advance."""
    return Plan(key, round(params.fraction / 2 * 65536))


def apply(frames: Sequence[Frame], t: int, plan: Plan, region: Region) -> Frame:
    """Return the region of the noisy frame ``t``, (h, w, 3) uint8."""
    clean = np.ascontiguousarray(frames[t][region.slices])
    out = np.empty_like(clean)
    _hit(clean, out, t, region.y0, region.x0, plan.key.k0, plan.key.k1, plan.limit)
    return out


@kernel
def _hit(clean, out, t, y0, x0, k0, k1, limit):  # type: ignore[no-untyped-def]
    height, width, channels = out.shape
    size = width * channels
    words, block, mine = row_buffer(x0 * channels, size)
    pepper, salt = np.uint16(limit), np.uint16(65536 - limit)
    black, white = np.uint8(0), np.uint8(255)
    for y in range(height):
        row_words(k0, k1, t, y0 + y, block, words)
        source, target = clean[y].reshape(size), out[y].reshape(size)
        for i in range(size):
            kept = source[i] if mine[i] >= pepper else black
            target[i] = kept if mine[i] < salt else white


CORRUPTION = Corruption(
    name="impulse_noise",
    family="pixel noise",
    version=2,
    scope="frame",
    severities=SEVERITIES,
    plan=plan,
    apply=apply,
)
