"""Mask: black squares that follow the person for the whole clip.

PoseBench's "mask" (Ma et al., 2024) for video: the same parts of the person's box are lost in every
frame, so that no earlier or later frame can tell what is under a square. Number and size of the
squares grow with severity. PoseBench's own parameters were never published; these are our choice.
Places are drawn once for the clip. The box is divided into bands from head to feet, one for each
square, so that the squares cover the person from top to bottom and do not pile up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions.base import ClipFacts, Corruption, Frame, Region
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
class Plan:
    """Centers of the squares within the box, 0 (left, top) to 1; their side, pixels."""

    centers: tuple[tuple[float, float], ...]
    side: int
    boxes: NDArray[np.float64]


def plan(facts: ClipFacts, params: Params, key: Key) -> Plan:
    """Draw one place in each band of the box; there is one band for each square."""
    centers = [
        (key.uniform(0, i), (i + key.uniform(1, i)) / params.squares) for i in range(params.squares)
    ]
    side = max(math.floor(params.side * facts.person_height + 0.5), 1)
    return Plan(tuple(centers), side, facts.boxes)


def apply(frames: Sequence[Frame], t: int, plan: Plan, region: Region) -> Frame:
    """Return the region of frame ``t`` with its squares, (h, w, 3) uint8."""
    out = frames[t][region.slices].copy()
    x0, y0, x1, y1 = plan.boxes[t]
    if math.isnan(x0):  # no person to cover
        return out
    for u, v in plan.centers:
        left = math.floor(x0 + u * (x1 - x0) - plan.side / 2 + 0.5)
        top = math.floor(y0 + v * (y1 - y0) - plan.side / 2 + 0.5)
        rows = slice(max(top - region.y0, 0), max(top + plan.side - region.y0, 0))
        columns = slice(max(left - region.x0, 0), max(left + plan.side - region.x0, 0))
        out[rows, columns] = 0
    return out


CORRUPTION = Corruption(
    name="mask",
    family="mask",
    version=1,
    scope="clip",
    severities=SEVERITIES,
    plan=plan,
    apply=apply,
)
