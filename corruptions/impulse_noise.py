"""Impulse noise: salt and pepper, new in every frame.

Models samples that are lost or stuck: a photosite, a converter or a link that reports the top or
the bottom of its range. A sample is one color of one pixel, as each photosite behind a color filter
sees one color. So the specks are colored. The samples of a cell of pixels are hit together, and a
cell is as large as the person asks for (`corruptions._grain`). A sample is hit if its 16-bit word
lies at either end of the range of words. The word is a pure function of (key, frame, row and column
of the cell, channel). Where the grain asks for less strength, fewer samples are hit, in proportion
to its square: the variance of the noise is in proportion to their number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from corruptbench.corruptions._grain import Grain, cell_buffer, cell_row, grain_of
from corruptbench.corruptions._kernel import kernel
from corruptbench.corruptions.base import ClipInfo, Corruption, Frame, Region
from corruptbench.corruptions.random import Key


@dataclass(frozen=True)
class Params:
    """Fraction of the samples that are hit; half of them become white, half black."""

    fraction: float


# Our own choice; ImageNet-C's (Hendrycks and Dietterich, 2019) are .03 .06 .09 .17 .27.
SEVERITIES = (
    Params(0.035),
    Params(0.053),
    Params(0.075),
    Params(0.095),
    Params(0.126),
)


@dataclass(frozen=True)
class Draws:
    """Words below ``limit`` are pepper; as many, at the upper end of 0..65535, are salt."""

    key: Key
    limit: int
    grain: Grain


def draw(info: ClipInfo, params: Params, key: Key) -> Draws:
    """Compute the threshold; nothing is drawn in advance."""
    grain = grain_of(info)
    return Draws(key, round(params.fraction * grain.strength**2 / 2 * 65536), grain)


def apply(frames: Sequence[Frame], t: int, draws: Draws, region: Region) -> Frame:
    """Return the region of the noisy frame ``t``, (h, w, 3) uint8."""
    clean = np.ascontiguousarray(frames[t][region.slices])
    out = np.empty_like(clean)
    lattice = draws.grain.lattice(region)
    _hit(clean, out, t, *lattice, draws.key.k0, draws.key.k1, draws.limit)
    return out


@kernel
def _hit(clean, out, t, rows, block, places, k0, k1, limit):  # type: ignore[no-untyped-def]
    height, size = rows.size, places.size
    words, mine = cell_buffer(places)
    pepper, salt = np.uint16(limit), np.uint16(65536 - limit)
    black, white = np.uint8(0), np.uint8(255)
    for y in range(height):
        if y == 0 or rows[y] != rows[y - 1]:
            cell_row(k0, k1, t, rows[y], block, places, words, mine)
        source, target = clean[y].reshape(size), out[y].reshape(size)
        for i in range(size):
            kept = source[i] if mine[i] >= pepper else black
            target[i] = kept if mine[i] < salt else white


CORRUPTION = Corruption(
    name="impulse_noise",
    family="pixel noise",
    version=3,
    scope="frame",
    severities=SEVERITIES,
    draw=draw,
    apply=apply,
)
