"""Pixelate: a picture of few, large pixels.

Models a person far away who was enlarged, or a blur of faces that covers all. The picture is cut
into blocks, and each block becomes the exact integer mean of its light (`corruptions._srgb`). The
side of a block is a fraction of the person's height and need not be a whole number of pixels:
borders lie at the pixels nearest to a regular lattice. The lattice stands still in the picture, and
its place is drawn once for the clip. A block that the picture's edge cuts is the mean of what is
inside. All numbers are our own choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions._kernel import kernel
from corruptbench.corruptions._srgb import FROM_LINEAR, TO_LINEAR
from corruptbench.corruptions.base import ClipFacts, Corruption, Frame, Region
from corruptbench.corruptions.random import Key


@dataclass(frozen=True)
class Params:
    """Side of a block, as a fraction of the person's box height."""

    side: float


SEVERITIES = (Params(0.012), Params(0.020), Params(0.030), Params(0.042), Params(0.056))

#: Lattice lengths are whole multiples of 1 / UNIT pixel.
UNIT = 1 << 16


@dataclass(frozen=True)
class Plan:
    """Side of a block (at least a pixel), and the lattice's place (x, y), in 1 / UNIT pixel."""

    side: int
    place: tuple[int, int]


def plan(facts: ClipFacts, params: Params, key: Key) -> Plan:
    """Draw the place of the lattice."""
    side = max(round(params.side * facts.person_height * UNIT), UNIT)
    return Plan(side, (int(key.uniform(0) * side), int(key.uniform(1) * side)))


def borders(side: int, place: int, low: int, high: int, size: int) -> NDArray[np.int64]:
    """Return the first pixels of the blocks that touch pixels low..high-1, and the end of the last.

    Border i of the line lies at ``i * side - place``, rounded. The picture ends at 0 and ``size``.
    """
    first = (low * UNIT + place) // side
    last = (high * UNIT + place) // side + 1
    pixels = (np.arange(first - 1, last + 2) * side - place + UNIT // 2) // UNIT
    start = np.searchsorted(pixels, low, side="right") - 1
    end = np.searchsorted(pixels, high, side="left")
    return pixels[start : end + 1].clip(0, size)


def apply(frames: Sequence[Frame], t: int, plan: Plan, region: Region) -> Frame:
    """Return the region of the pixelated frame ``t``, (h, w, 3) uint8."""
    frame = frames[t]
    rows = borders(plan.side, plan.place[1], region.y0, region.y1, frame.shape[0])
    columns = borders(plan.side, plan.place[0], region.x0, region.x1, frame.shape[1])
    out = np.empty((region.y1 - region.y0, region.x1 - region.x0, 3), dtype=np.uint8)
    _average(frame, rows, columns, region.y0, region.x0, out, TO_LINEAR, FROM_LINEAR)
    return out


@kernel
def _average(frame, rows, columns, y0, x0, out, decode, encode):  # type: ignore[no-untyped-def]
    height, width, _ = out.shape
    left = columns[0]
    total = np.empty((columns[-1] - left, 3), dtype=np.uint32)
    for i in range(rows.size - 1):
        total[:] = 0
        for y in range(rows[i], rows[i + 1]):
            for x in range(total.shape[0]):
                for c in range(3):
                    total[x, c] += decode[frame[y, left + x, c]]
        top = max(rows[i] - y0, 0)
        bottom = min(rows[i + 1] - y0, height)
        for j in range(columns.size - 1):
            count = (rows[i + 1] - rows[i]) * (columns[j + 1] - columns[j])
            start = max(columns[j] - x0, 0)
            end = min(columns[j + 1] - x0, width)
            for c in range(3):
                light = np.int64(count // 2)
                for x in range(columns[j] - left, columns[j + 1] - left):
                    light += total[x, c]
                code = encode[light // count]
                for x in range(start, end):
                    out[top, x, c] = code
        for y in range(top + 1, bottom):
            out[y] = out[top]


CORRUPTION = Corruption(
    name="pixelate",
    family="compression",
    version=1,
    scope="clip",
    severities=SEVERITIES,
    plan=plan,
    apply=apply,
)
