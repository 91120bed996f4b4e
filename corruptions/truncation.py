"""Truncation: a wall slides over one side of the person, stays a while and goes again.

Models a person who is in part outside of the picture: behind a door frame, behind the corner of a
wall when the camera stands to one side, behind a counter. A near wall is what a camera shows when
half of a person is missing in the middle of its picture. The picture's own border cannot come in,
and black beyond it would be a mark that no footage has. As at the border, nothing is left on that
side, neither the person nor the room. So this is the one-sided loss of a truncated box. An object
with the person on both sides of it is `corruptions.occluder`. The wall comes from the picture's
border and follows the person's box, averaged over half a second. Its edge is out of focus, as near
objects are. All runs are drawn once for the clip. All numbers are our own choice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions._kernel import kernel
from corruptbench.corruptions.base import ClipFacts, Corruption, Frame, Region
from corruptbench.corruptions.random import Key


@dataclass(frozen=True)
class Params:
    """How much of the person is hidden, how often, and for how long.

    Attributes:
        depth: mean fraction of the person's box (of its width from a side, of its height from
            below) that lies behind the wall while the wall stays.
        gone: fraction of the time for which a wall is visible, including its coming and going.
        run: time for which a wall is visible, seconds.
    """

    depth: float
    gone: float
    run: float


SEVERITIES = (
    Params(depth=0.24, gone=0.40, run=0.7),
    Params(depth=0.33, gone=0.52, run=0.8),
    Params(depth=0.42, gone=0.64, run=0.9),
    Params(depth=0.50, gone=0.76, run=1.1),
    Params(depth=0.58, gone=0.90, run=1.4),
)

#: The depth of a run differs from the mean by up to this fraction of the mean.
DEPTH_SWING = 0.15
#: Fractions of a run in which the wall comes, and goes.
SLIDE = 0.2
#: Seconds over which the person's box is averaged.
STEADY = 0.5
#: Width of the blurred edge and of the frame of the wall's end, in person heights.
BLUR, JAMB = 0.025, 0.07
#: The wall's pattern repeats (mirrored) after this many person heights.
TILE = 1.0
LEFT, RIGHT, BELOW = range(3)


@dataclass(frozen=True)
class Plan:
    """Where the wall is, and what it looks like.

    Attributes:
        sides: for each frame, from which side it comes.
        edges: for each frame, the distance of its end from that side of the picture, pixels; below
            0 if there is no wall.
        blur: width of the blurred edge, pixels.
        surface: (S, S, 3) uint8, the wall; columns count from its end.
    """

    sides: tuple[int, ...]
    edges: tuple[float, ...]
    blur: float
    surface: NDArray[np.uint8]


def plan(facts: ClipFacts, params: Params, key: Key) -> Plan:
    """Draw every run of the wall."""
    length = params.run / params.gone
    phase = key.uniform(0) * length
    boxes = steady(facts)
    sides, edges = [], []
    for t in range(facts.frames):
        turn, within = divmod(t / facts.fps + phase, length)
        run = int(turn)
        side = int(3 * key.uniform(1, run))
        depth = params.depth * (1 + DEPTH_SWING * (2 * key.uniform(2, run) - 1))
        x0, y0, x1, y1 = boxes[t]
        far = {
            LEFT: x0 + depth * (x1 - x0),
            RIGHT: facts.width - x1 + depth * (x1 - x0),
            BELOW: facts.height - y1 + depth * (y1 - y0),
        }[side]
        blur = BLUR * facts.person_height
        sides.append(side)
        edges.append(slide(within / params.run) * (far + blur) - blur)
    size = max(round(TILE * facts.person_height), 8)
    return Plan(tuple(sides), tuple(edges), BLUR * facts.person_height, surface(size, key))


def slide(progress: float) -> float:
    """Return how far the wall has come, 0 to 1, at a run's progress, 0 to 1: smoothly both ways."""
    s = min(max(min(progress, 1 - progress) / SLIDE, 0.0), 1.0)
    return s * s * (3 - 2 * s)


def steady(facts: ClipFacts) -> NDArray[np.float64]:
    """Return the boxes averaged over time, (F, 4).

    A frame without a person takes the nearest box. In a clip without a person all are NaN, and the
    wall never comes.
    """
    boxes = np.full_like(facts.boxes, np.nan)
    there = np.flatnonzero(np.isfinite(facts.boxes).all(axis=1))
    reach = math.floor(STEADY * facts.fps / 2)
    for t in range(facts.frames if there.size else 0):
        after = int(np.searchsorted(there, t))
        nearest = int(np.abs(there[max(after - 1, 0) : after + 1] - t).min())
        away = max(reach, nearest)
        low, high = np.searchsorted(there, (t - away, t + away + 1))
        boxes[t] = facts.boxes[there[low:high]].mean(axis=0)
    return boxes


def surface(size: int, key: Key) -> NDArray[np.uint8]:
    """Return a painted wall with a frame at its end and shade beside it, (size, size, 3) uint8."""
    paint = [96 + 96 * key.uniform(3, 0) + 20 * (key.uniform(3, 1 + c) - 0.5) for c in range(3)]
    jamb = 0.45 if key.uniform(4) < 0.5 else 1.25
    places = np.arange(size) / size * TILE
    light = 1 - 0.35 * np.exp(-np.maximum(places - JAMB, 0) / 0.12)
    light[places < JAMB] = jamb * (0.8 + 0.2 * np.cos(8 * (places[places < JAMB] / JAMB - 0.4)))
    wall = np.rint(np.outer(light, paint)).clip(0, 235).astype(np.uint8)
    out = np.repeat(wall[None], size, axis=0)
    for cells, strength in ((5, 7), (32, 4)):
        counters = np.zeros((cells * cells, 4), dtype=np.uint32)
        counters[:, 0], counters[:, 1], counters[:, 2] = 5, cells, np.arange(cells * cells)
        coarse = (key.words(counters)[:, 0] >> 24).astype(np.uint8).reshape(cells, cells)
        grain = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_LINEAR_EXACT)
        _mottle(out, grain, strength)
    return out


@kernel
def _mottle(out, grain, strength):  # type: ignore[no-untyped-def]
    height, width, channels = out.shape
    for y in range(height):
        for x in range(width):
            change = ((np.int32(grain[y, x]) - 128) * strength) >> 7
            for c in range(channels):
                out[y, x, c] = min(max(out[y, x, c] + change, 0), 255)


def apply(frames: Sequence[Frame], t: int, plan: Plan, region: Region) -> Frame:
    """Return the region of frame ``t`` with the wall in front, (h, w, 3) uint8."""
    frame = frames[t]
    out = frame[region.slices].copy()
    edge, side = plan.edges[t], plan.sides[t]
    if math.isnan(edge):
        return out
    if side == BELOW:  # turned, so that the wall's end is a column
        depth = frame.shape[0] - 1 - np.arange(region.y0, region.y1)
        along, target = np.arange(region.x0, region.x1), out.transpose(1, 0, 2)
    else:
        columns = np.arange(region.x0, region.x1)
        depth = columns if side == LEFT else frame.shape[1] - 1 - columns
        along, target = np.arange(region.y0, region.y1), out
    inside = edge - (depth + 0.5)  # pixels behind the wall's end
    share = np.clip(inside / max(plan.blur, 1.0) + 0.5, 0, 1)
    cover = np.rint(256 * share * share * (3 - 2 * share)).astype(np.int32)
    hidden = np.flatnonzero(cover)
    if hidden.size:
        first, last = hidden[0], hidden[-1] + 1
        size = len(plan.surface)
        down = _mirror(along, size)
        right = _mirror(np.maximum(np.floor(inside[first:last]), 0).astype(np.int64), size)
        _hide(target[:, first:last], plan.surface, down, right, cover[first:last])
    return out


def _mirror(index: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Return the index into a tile that repeats mirrored."""
    index = index % (2 * size)
    return np.minimum(index, 2 * size - 1 - index)


@kernel
def _hide(target, surface, down, right, cover):  # type: ignore[no-untyped-def]
    height, width, channels = target.shape
    for y in range(height):
        row = surface[down[y]]
        for x in range(width):
            a = cover[x]
            for c in range(channels):
                old = np.int32(target[y, x, c])
                target[y, x, c] = old + (((np.int32(row[right[x], c]) - old) * a + 128) >> 8)


CORRUPTION = Corruption(
    name="truncation",
    family="temporary occlusion",
    version=2,
    scope="clip",
    severities=SEVERITIES,
    plan=plan,
    apply=apply,
)
