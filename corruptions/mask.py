"""Mask: black squares that follow the person for the whole clip.

PoseBench's "mask" (Ma et al., 2024) for video: the same parts of the person's box are lost in every
frame, so that no earlier or later frame can tell what is under a square. Number and size of the
squares grow with severity. PoseBench's own parameters were never published; these are our choice.
Places are drawn once for the clip. The box is divided into bands from head to feet, one for each
square, so that the squares cover the person from top to bottom and do not pile up.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions.base import ClipInfo, Corruption, Frame, Region
from corruptbench.corruptions.random import Key


@dataclass(frozen=True)
class Params:
    """How many squares, and how large.

    Attributes:
        squares: number of squares.
        side: of a square, as a fraction of the person's box height.
    """

    squares: int
    side: float


SEVERITIES = (
    Params(squares=4, side=0.07),
    Params(squares=5, side=0.10),
    Params(squares=6, side=0.125),
    Params(squares=8, side=0.14),
    Params(squares=10, side=0.155),
)


@dataclass(frozen=True)
class Draws:
    """Centers of the squares within the box, 0 (left, top) to 1; their side, pixels."""

    centers: tuple[tuple[float, float], ...]
    side: int
    boxes: NDArray[np.float64]


def draw(info: ClipInfo, params: Params, key: Key) -> Draws:
    """Draw one place in each band of the box; there is one band for each square."""
    centers = [
        (key.uniform(0, i), (i + key.uniform(1, i)) / params.squares) for i in range(params.squares)
    ]
    side = max(math.floor(params.side * info.person_height + 0.5), 1)
    return Draws(tuple(centers), side, info.boxes)


def apply(frames: Sequence[Frame], t: int, draws: Draws, region: Region) -> Frame:
    """Return the region of frame ``t`` with its squares, (h, w, 3) uint8."""
    out = frames[t][region.slices].copy()
    for square in _squares(t, draws, region):
        out[square] = 0
    return out


def cover(t: int, draws: Draws, region: Region) -> NDArray[np.uint8]:
    """Return 255 under a square and 0 beside it, (h, w) uint8."""
    out = np.zeros((region.y1 - region.y0, region.x1 - region.x0), dtype=np.uint8)
    for square in _squares(t, draws, region):
        out[square] = 255
    return out


def _squares(t: int, draws: Draws, region: Region) -> Iterator[tuple[slice, slice]]:
    """Yield the rows and columns of the region under each square; none without a person."""
    x0, y0, x1, y1 = draws.boxes[t]
    for u, v in draws.centers if not math.isnan(x0) else ():
        left = math.floor(x0 + u * (x1 - x0) - draws.side / 2 + 0.5)
        top = math.floor(y0 + v * (y1 - y0) - draws.side / 2 + 0.5)
        rows = slice(max(top - region.y0, 0), max(top + draws.side - region.y0, 0))
        columns = slice(max(left - region.x0, 0), max(left + draws.side - region.x0, 0))
        yield rows, columns


CORRUPTION = Corruption(
    name="mask",
    family="mask",
    version=1,
    scope="clip",
    severities=SEVERITIES,
    draw=draw,
    apply=apply,
    cover=cover,
)
