"""Shot noise: each sample counts photons, and photons come one by one.

A sensor that counts N photons on average at full scale counts a Poisson variable of mean N * L
where the linear light is L. It reports the count, divided by N. Counting happens to light and not
to sRGB codes, so it is done in linear light (`corruptions._srgb`). The mean light is kept, up to
full scale where the sensor saturates, and shadows are as noisy as lights once encoded. (The widely
used variant counts code values and leaves shadows clean.) The samples are independent of one
another, without the interpolation of a color filter.

It is exact in integers. For each of the 256 codes the Poisson distribution function, in steps of
2**-16, is inverted at a 16-bit word, a pure function of (key, frame, row, sample within the row).
So with the same word a brighter sample never becomes darker than a darker one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions._kernel import kernel
from corruptbench.corruptions._srgb import FROM_LINEAR, FULL, TO_LINEAR
from corruptbench.corruptions.base import ClipFacts, Corruption, Frame, Region
from corruptbench.corruptions.random import Key, row_buffer, row_words


@dataclass(frozen=True)
class Params:
    """Photons counted at full scale, a whole number of at most 255; fewer give more noise."""

    photons: int


# Our own choice, made with a detector (docs/calibration.md).
# ImageNet-C (Hendrycks and Dietterich, 2019) has 60 25 12 5 3, in code values.
SEVERITIES = (
    Params(72),
    Params(26),
    Params(12),
    Params(7),
    Params(4),
)

#: Bits of a word that choose an entry of the guide.
GUIDE_BITS = 7


@dataclass(frozen=True)
class Plan:
    """Photons counted at full scale."""

    key: Key
    photons: int


@dataclass(frozen=True)
class Tables:
    """The inverse of each code's distribution function.

    Attributes:
        cumulative: (256, N + 1) int32, 65536 * P(count <= k), rounded; the last count stands for
            all counts that saturate.
        codes: (N + 1,) uint8, the sRGB code of each count.
        guide: (256 * 2**GUIDE_BITS,) uint32. For a run of successive words: the code up to a border
            (bits 0-7), the code from there on (8-15) and the border (16-31). Where a run has
            several borders bits 0-7 hold 1, 8-15 hold 0 and the others the lowest count.
    """

    cumulative: NDArray[np.int32]
    codes: NDArray[np.uint8]
    guide: NDArray[np.uint32]


@lru_cache(maxsize=8)
def tables(photons: int) -> Tables:
    """Return the tables for a number of photons at full scale."""
    cumulative = np.empty((256, photons + 1), dtype=np.int32)
    for code, light in enumerate(TO_LINEAR.tolist()):
        mean = photons * light / FULL
        chance = total = math.exp(-mean)
        for count in range(photons):
            cumulative[code, count] = round(65536 * min(total, 1.0))
            chance *= mean / (count + 1)
            total += chance
        cumulative[code, photons] = 65536
    codes = FROM_LINEAR[(np.arange(photons + 1) * FULL + photons // 2) // photons]

    run = 65536 >> GUIDE_BITS
    guide = np.empty((256, 1 << GUIDE_BITS), dtype=np.uint32)
    for entries, borders in zip(guide, cumulative, strict=True):
        start = np.arange(0, 65536, run)
        low = np.searchsorted(borders, start, side="right")
        high = np.searchsorted(borders, start + run - 1, side="right")
        one = borders[low] == borders[high - 1]  # all borders of the run in one place
        border = np.where(low == high, 0, borders[low])
        simple = codes[low] + (codes[high].astype(np.uint32) << 8) + (border << 16)
        entries[:] = np.where((low == high) | one, simple, 1 + (low << 16))
    return Tables(cumulative, codes, guide.ravel())


def plan(facts: ClipFacts, params: Params, key: Key) -> Plan:  # noqa: ARG001
    """Keep the number of photons; nothing is drawn in advance."""
    return Plan(key, params.photons)


def apply(frames: Sequence[Frame], t: int, plan: Plan, region: Region) -> Frame:
    """Return the region of the noisy frame ``t``, (h, w, 3) uint8."""
    clean = np.ascontiguousarray(frames[t][region.slices])
    out = np.empty_like(clean)
    table = tables(plan.photons)
    _count(
        clean, out, t, region.y0, region.x0, plan.key.k0, plan.key.k1,
        table.guide, table.cumulative, table.codes,
    )  # fmt: skip
    return out


@kernel
def _count(  # type: ignore[no-untyped-def]
    clean, out, t, y0, x0, k0, k1, guide, cumulative, codes
):
    height, width, channels = out.shape
    size = width * channels
    words, block, mine = row_buffer(x0 * channels, size)
    for y in range(height):
        row_words(k0, k1, t, y0 + y, block, words)
        source, target = clean[y].reshape(size), out[y].reshape(size)
        for i in range(size):
            word, code = np.uint32(mine[i]), np.uint32(source[i])
            entry = guide[(code << GUIDE_BITS) + (word >> (16 - GUIDE_BITS))]
            passed = np.uint32(
                word >= entry >> np.uint32(16)
            )  # no branch: it could not be predicted
            target[i] = (entry >> (passed << np.uint32(3))) & np.uint32(255)
            if entry & np.uint32(0xFFFF) == 1:  # rare: in the tails
                count = np.int64(entry >> np.uint32(16))
                while cumulative[code, count] <= word:
                    count += 1
                target[i] = codes[count]


CORRUPTION = Corruption(
    name="shot_noise",
    family="pixel noise",
    version=2,
    scope="frame",
    severities=SEVERITIES,
    plan=plan,
    apply=apply,
)
