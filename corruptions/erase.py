"""Erasing: flat patches cover parts of the body for a while.

Models temporary occlusion as the loss of what lies under a patch. It does not model the object that
hides it. A patch keeps its place within the person's box for one run. Then that part is free again,
and the next run covers another part. All runs, places, sizes and colors are drawn once for the
clip. All numbers are our own choice.
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
    """How much is erased, and for how long.

    Attributes:
        patches: number of patches that come and go independently.
        side: mean side of a patch, as a fraction of the person's box height.
        covered: fraction of the time for which each patch is visible.
        run: time for which a patch stays, seconds.
    """

    patches: int
    side: float
    covered: float
    run: float


SEVERITIES = (
    Params(patches=2, side=0.20, covered=0.45, run=0.4),
    Params(patches=3, side=0.22, covered=0.52, run=0.5),
    Params(patches=4, side=0.25, covered=0.60, run=0.6),
    Params(patches=5, side=0.28, covered=0.67, run=0.8),
    Params(patches=6, side=0.31, covered=0.75, run=1.0),
)

#: Patches are up to this many times longer than wide, or wider than long.
ASPECT = 1.8


@dataclass(frozen=True)
class Patch:
    """One run of one patch.

    Attributes:
        start: the first instant at which it covers, seconds.
        end: the first instant at which it no longer covers, seconds.
        u: place of its center in the person's box, 0 (left) to 1.
        v: the same downwards.
        width: pixels.
        height: pixels.
        color: R, G, B.
    """

    start: float
    end: float
    u: float
    v: float
    width: float
    height: float
    color: tuple[int, int, int]


@dataclass(frozen=True)
class Plan:
    """All patches of the clip, in the order in which they are painted."""

    patches: tuple[Patch, ...]
    boxes: NDArray[np.float64]
    fps: float


def plan(facts: ClipFacts, params: Params, key: Key) -> Plan:
    """Draw every run of every patch."""
    period = params.run / params.covered
    runs = math.ceil(facts.frames / facts.fps / period) + 1
    patches = []
    for slot in range(params.patches):
        phase = key.uniform(0, slot) * period
        for run in range(runs):
            draw = [key.uniform(1 + i, slot, run) for i in range(6)]
            stretch = ASPECT ** (draw[2] - 0.5)
            side = params.side * facts.person_height
            start = run * period - phase
            patches.append(
                Patch(
                    start=start,
                    end=start + params.run,
                    u=0.1 + 0.8 * draw[0],
                    v=0.05 + 0.9 * draw[1],
                    width=side * stretch,
                    height=side / stretch,
                    color=tuple(32 + int(192 * d) for d in draw[3:6]),  # type: ignore[arg-type]
                )
            )
    return Plan(tuple(patches), facts.boxes, facts.fps)


def apply(frames: Sequence[Frame], t: int, plan: Plan, region: Region) -> Frame:
    """Return the region of frame ``t`` with its patches painted, (h, w, 3) uint8."""
    out = frames[t][region.slices].copy()
    x0, y0, x1, y1 = plan.boxes[t]
    if math.isnan(x0):  # no person to cover
        return out
    for patch in plan.patches:
        if patch.start <= t / plan.fps < patch.end:
            left = x0 + patch.u * (x1 - x0) - patch.width / 2
            top = y0 + patch.v * (y1 - y0) - patch.height / 2
            rows = _span(top, patch.height, region.y0, region.y1)
            columns = _span(left, patch.width, region.x0, region.x1)
            out[rows, columns] = patch.color
    return out


def _span(start: float, length: float, low: int, high: int) -> slice:
    """Return the whole pixels of [start, start + length) in [low, high), counted from ``low``."""
    first = min(max(math.floor(start + 0.5), low), high)
    last = min(max(math.floor(start + length + 0.5), low), high)
    return slice(first - low, last - low)


CORRUPTION = Corruption(
    name="erase",
    family="temporary occlusion",
    version=2,
    scope="clip",
    severities=SEVERITIES,
    plan=plan,
    apply=apply,
)
