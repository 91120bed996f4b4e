"""Shot noise: each sample counts photons, and photons come one by one.

A sensor that counts N photons on average at full scale counts a Poisson variable of mean N * L
where the linear light is L. It reports the count, divided by N, up to full scale where it
saturates. Counting happens to light and not to sRGB codes, so it is done in linear light
(`corruptions._srgb`), and shadows are as noisy as lights once encoded. (The widely used variant
counts code values and leaves shadows clean.) The samples are independent of one another, without
the interpolation of a color filter. A sample is one color of a cell of pixels, and a cell is as
large as the person asks for (`corruptions._grain`). Where pixels are larger than the cells, a pixel
counts the photons of all cells in it.

Counting keeps the mean light, but not the mean code: the encoding is concave, so few photons make a
picture darker (code 93 to 53 with 4 photons). A camera would expose for longer. Here the codes of a
count are shifted up, by as much as keeps the mean of every code. Only white, where every deviation
is downward, loses up to 4 % (`LOSS`).

It is exact in integers. For each of the 256 codes the distribution function, in steps of 2**-16, is
inverted at a 16-bit word, a pure function of (key, frame, row and column of the cell, channel). So
with the same word a brighter sample never becomes darker than a darker one: where the shift alone
would make it so, it becomes as bright as the darker one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions._grain import Grain, cell_buffer, cell_row, grain_of
from corruptbench.corruptions._kernel import kernel
from corruptbench.corruptions._srgb import FROM_LINEAR, FULL, TO_LINEAR
from corruptbench.corruptions.base import ClipInfo, Corruption, Frame, Region
from corruptbench.corruptions.random import Key


@dataclass(frozen=True)
class Params:
    """Photons counted at full scale in a cell; fewer give more noise."""

    photons: float


# Our own choice, made with a detector (docs/calibration.md).
# ImageNet-C (Hendrycks and Dietterich, 2019) has 60 25 12 5 3, in code values.
SEVERITIES = (
    Params(49),
    Params(30),
    Params(19.5),
    Params(13),
    Params(7),
)

#: Part of the mean code that white may lose; other codes by their share of white's light. It leaves
#: white some noise. Our own choice.
LOSS = 0.04

#: Bits of a word that choose an entry of the guide.
GUIDE_BITS = 7

CODES = np.arange(256)
WORDS = 65536


@dataclass(frozen=True)
class Draws:
    """Photons that a sample counts at full scale."""

    key: Key
    photons: float
    grain: Grain


@dataclass(frozen=True)
class Tables:
    """The inverse of each code's distribution function.

    Attributes:
        borders: (256, N) int32, for each code the words where what it becomes changes, ascending;
            then 65536.
        codes: (256, N) uint8, what words before each border make of the code.
        guide: (256 * 2**GUIDE_BITS,) uint32. For a run of successive words: the code up to a border
            (bits 0-7), the code from there on (8-15) and the border (16-31). Where a run has
            several borders bits 0-7 hold 1, 8-15 hold 0 and the others the first border's column.
    """

    borders: NDArray[np.int32]
    codes: NDArray[np.uint8]
    guide: NDArray[np.uint32]


@lru_cache(maxsize=8)
def tables(photons: float) -> Tables:
    """Return the tables for a number of photons at full scale."""
    cumulative = distributions(photons)
    made = np.diff(cumulative, axis=1, prepend=0) > 0
    codes = np.argsort(~made, axis=1, kind="stable")[:, : made.sum(axis=1).max()]
    borders = np.take_along_axis(cumulative, codes, axis=1)
    borders[np.arange(codes.shape[1]) >= made.sum(axis=1)[:, None]] = WORDS
    guide = np.stack([_guide(*row) for row in zip(borders, codes, strict=True)])
    return Tables(borders.astype(np.int32), codes.astype(np.uint8), guide.ravel())


def _guide(borders: NDArray[np.int64], codes: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Return the entries of one code's runs of words, (2**GUIDE_BITS,)."""
    run = WORDS >> GUIDE_BITS
    start = np.arange(0, WORDS, run)
    low = np.searchsorted(borders, start, side="right")
    high = np.searchsorted(borders, start + run - 1, side="right")
    border = np.where(low == high, 0, borders[low])
    simple = codes[low] + (codes[high] << 8) + (border << 16)
    return np.where(high - low <= 1, simple, 1 + (low << 16)).astype(np.uint32)


def distributions(photons: float) -> NDArray[np.int64]:
    """Return (256, 256): how many words make at most code v of code c, the mean being kept."""
    found = np.empty((256, 256), dtype=np.int64)
    darker = np.full(256, WORDS)
    for code, light in enumerate((TO_LINEAR / FULL).tolist()):
        counted = counted_codes(photons, light)
        wanted = code * (1 - LOSS * light) - 0.5
        shift = bisect_left(CODES, wanted, key=lambda s: _mean(_brighter(counted, s, darker)))
        found[code] = darker = _brighter(counted, shift, darker)
    return found


def counted_codes(photons: float, light: float) -> NDArray[np.int64]:
    """Return (256,): how many words make at most code v, by counting alone."""
    most = int(photons + 10 * photons**0.5) + 20  # no word counts as many
    mean = photons * light
    likely = int(mean)
    # Chances relative to the likeliest count: of fewer, and of more photons
    fewer = np.cumprod(np.arange(likely, 0, -1) / mean) if likely else np.empty(0)
    more = np.cumprod(mean / np.arange(likely + 1, most))
    total = np.cumsum(np.concatenate([fewer[::-1], [1.0], more]))
    words = np.rint(WORDS * total / total[-1]).astype(np.int64)
    light_of = np.minimum(np.rint(np.arange(most) * (FULL / photons)), FULL)
    codes = FROM_LINEAR[light_of.astype(np.int64)]
    last: NDArray[np.int64] = words[np.searchsorted(codes, CODES, side="right") - 1]
    return last


def _brighter(words: NDArray[np.int64], shift: int, darker: NDArray[np.int64]) -> NDArray[np.int64]:
    """Shift codes up, to white at most; no word makes less than it makes of a darker code."""
    shifted = np.zeros(256, dtype=np.int64)
    shifted[shift:] = words[: 256 - shift]
    shifted[255] = WORDS
    return np.minimum(shifted, darker)


def _mean(words: NDArray[np.int64]) -> float:
    return 255 - int(words[:255].sum()) / WORDS


def draw(info: ClipInfo, params: Params, key: Key) -> Draws:
    """Compute the number of photons; nothing is drawn in advance."""
    grain = grain_of(info)
    return Draws(key, params.photons / grain.strength**2, grain)


def apply(frames: Sequence[Frame], t: int, draws: Draws, region: Region) -> Frame:
    """Return the region of the noisy frame ``t``, (h, w, 3) uint8."""
    clean = np.ascontiguousarray(frames[t][region.slices])
    out = np.empty_like(clean)
    table = tables(draws.photons)
    _count(
        clean, out, t, *draws.grain.lattice(region), draws.key.k0, draws.key.k1,
        table.guide, table.borders, table.codes,
    )  # fmt: skip
    return out


@kernel
def _count(  # type: ignore[no-untyped-def]
    clean, out, t, rows, block, places, k0, k1, guide, borders, codes
):
    height, size = rows.size, places.size
    words, mine = cell_buffer(places)
    entries = np.empty(size, dtype=np.uint32)
    for y in range(height):
        if y == 0 or rows[y] != rows[y - 1]:
            cell_row(k0, k1, t, rows[y], block, places, words, mine)
        source, target = clean[y].reshape(size), out[y].reshape(size)
        for i in range(size):
            run = np.uint32(mine[i]) >> np.uint32(16 - GUIDE_BITS)
            entries[i] = guide[np.int64(np.uint32(source[i]) << np.uint32(GUIDE_BITS) | run)]
        for i in range(size):  # a loop of its own, so that it becomes vector instructions
            passed = np.uint32(mine[i] >= entries[i] >> np.uint32(16))
            target[i] = (entries[i] >> (passed << np.uint32(3))) & np.uint32(255)
        for i in range(size):
            if entries[i] & np.uint32(0xFFFF) == 1:  # rare: in the tails
                step = np.int64(entries[i] >> np.uint32(16))
                while borders[source[i], step] <= mine[i]:
                    step += 1
                target[i] = codes[source[i], step]


CORRUPTION = Corruption(
    name="shot_noise",
    family="pixel noise",
    version=3,
    scope="frame",
    severities=SEVERITIES,
    draw=draw,
    apply=apply,
)
