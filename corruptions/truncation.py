"""Truncation: the picture's own border comes in over one side of the person, and goes out again.

Models a person who is in part outside of the picture, as when a hand-held camera pans a little.
What lies beyond the border is black, as the detector's padding has it. Labels stay true, so it is
the border that moves and not the picture. It comes in the episodes of `corruptions._episodes`, from
the left, from above, from the right or from below: a camera that tilts loses a head as well as
legs. It follows the person's box, averaged over half a second, at one box height a second at most,
and turns smoothly. Between episodes it goes out as far as there is time. A person who runs after
the border, or away from it, would be covered too long or too little: the side of an episode is
drawn among those on which the border can keep to the episode. All numbers are our own choice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions._boxes import steady, visible
from corruptbench.corruptions._episodes import episodes
from corruptbench.corruptions.base import ClipInfo, Corruption, Frame, Region
from corruptbench.corruptions.random import Key


@dataclass(frozen=True)
class Params:
    """How much of the person is outside of the picture, and how often.

    Attributes:
        depth: mean fraction of the person's box (of its width from the left and the right, of its
            height from above and below) to which the border comes in, if there is time.
        share: fraction of the frames in which it hides more than 5 % of the box.
        episode: mean time for which it does, seconds.
    """

    depth: float
    share: float
    episode: float


SEVERITIES = (
    Params(depth=0.25, share=0.2, episode=0.5),
    Params(depth=0.35, share=0.3, episode=0.6),
    Params(depth=0.45, share=0.4, episode=0.7),
    Params(depth=0.55, share=0.5, episode=0.8),
    Params(depth=0.65, share=0.6, episode=0.9),
)

#: The depth of an episode differs from the mean by up to this fraction of the mean.
DEPTH_SWING = 0.15
#: The border's speed, in person heights a second, at most.
SPEED = 1.0
#: Seconds over which the person's box is averaged, and (twice) the border's way.
STEADY, SMOOTH = 0.5, 0.1
#: Fractions of the box that the border may hide at most in a free frame, must hide in a frame of an
#: episode, and tries to hide there at least.
FREE, HIDDEN, LEAST = 0.045, 0.05, 0.08
#: Sides that hide less than this fraction of what the best one hides are not drawn.
WORTH = 0.5
#: Order of the sides in all arrays.
LEFT, ABOVE, RIGHT, BELOW = range(4)


@dataclass(frozen=True)
class Draws:
    """What is left of the picture in each frame.

    Attributes:
        episodes: frames in which the border hides a part of the person.
        sides: from which side it comes in each episode.
        left: (F, 4) int64, the columns x0 to x1 - 1 and rows y0 to y1 - 1 that are left.
    """

    episodes: tuple[range, ...]
    sides: tuple[int, ...]
    left: NDArray[np.int64]


def draw(info: ClipInfo, params: Params, key: Key) -> Draws:
    """Draw the depth and the side of every episode, and find the border's way."""
    whole = np.array([0, 0, info.width, info.height])
    left = np.tile(whole, (info.frames, 1))
    found = episodes(info, params.share, key, mean=params.episode)
    boxes = visible(info)
    if not found or np.isnan(boxes).all():
        return Draws((), (), left)
    near, extent = _from_sides(steady(boxes, 0), whole)
    calm, calm_extent = _from_sides(steady(boxes, math.floor(STEADY * info.fps / 2)), whole)
    bound = near + FREE * extent
    for i, frames in enumerate(found):
        within = slice(frames.start, frames.stop)
        depth = params.depth * (1 + DEPTH_SWING * (2 * key.uniform(0, i) - 1))
        deep = calm[within] + depth * calm_extent[within]
        bound[within] = np.maximum(deep, near[within] + LEAST * extent[within])
    step = SPEED * info.person_height / info.fps
    way = _slowed(bound, step)
    reach = math.floor(SMOOTH * info.fps / 2)
    border = np.floor(_smooth(_out(way, found, step), reach))
    hidden = (border - near) / np.maximum(extent, 1.0)
    sides = [_side(hidden[e.start : e.stop], key.uniform(1, i)) for i, e in enumerate(found)]
    for side in set(sides):
        own = [e for e, s in zip(found, sides, strict=True) if s == side]
        one = np.floor(_smooth(_out(way[:, side], own, step), reach)).astype(np.int64)
        left[:, side] = np.abs(whole[side] - np.clip(one, 0, whole[side % 2 + 2]))
    return Draws(found, tuple(sides), left)


def _from_sides(
    boxes: NDArray[np.float64], whole: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how far boxes are from each side of the picture, and how far across, (F, 4) px."""
    across = np.abs(boxes[:, 2:] - boxes[:, :2])
    return np.abs(boxes - whole), np.concatenate([across, across], axis=1)


def _slowed(bound: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """Return the largest way (F, ...) within a bound that changes by ``step`` a frame at most."""
    gone = step * np.arange(len(bound)).reshape(-1, *[1] * (bound.ndim - 1))
    onward = np.minimum.accumulate(bound - gone) + gone
    back = np.minimum.accumulate((bound + gone)[::-1])[::-1] - gone
    return np.asarray(np.minimum(onward, back))


def _out(way: NDArray[np.float64], kept: Sequence[range], step: float) -> NDArray[np.float64]:
    """Return the way (F, ...) in some episodes, and between them as far out as there is time."""
    inward = np.full_like(way, np.inf)
    for frames in kept:
        inward[frames.start : frames.stop] = -way[frames.start : frames.stop]
    return -_slowed(inward, step)


def _smooth(way: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """Return a way (F, ...) averaged over ``reach`` frames to each side, twice."""
    for _ in range(2):
        ends = [(reach + 1, reach)] + [(0, 0)] * (way.ndim - 1)
        total = np.cumsum(np.pad(way, ends, mode="edge"), axis=0)
        way = (total[2 * reach + 1 :] - total[: -2 * reach - 1]) / (2 * reach + 1)
    return way


def _side(hidden: NDArray[np.float64], number: float) -> int:
    """Return the side of an episode from what the border hides from each, (frames, 4).

    It is drawn among those that hide enough in every frame, and not much less than the best of
    them. If there is none, it is the one that hides enough in most frames.
    """
    enough = (hidden > HIDDEN).sum(axis=0)
    if enough.max() < len(hidden):
        return int(enough.argmax())
    mean = np.where(enough == len(hidden), hidden.clip(0, 1).mean(axis=0), 0)
    sides = np.flatnonzero(mean >= WORTH * mean.max())
    return int(sides[int(number * sides.size)])


def apply(frames: Sequence[Frame], t: int, draws: Draws, region: Region) -> Frame:
    """Return the region of frame ``t``, black beyond the border, (h, w, 3) uint8."""
    clean = frames[t][region.slices]
    out = np.zeros_like(clean, order="C")
    inside = _inside(t, draws, region)
    out[inside] = clean[inside]
    return out


def cover(t: int, draws: Draws, region: Region) -> NDArray[np.uint8]:
    """Return 255 beyond the border and 0 within, (h, w) uint8."""
    out = np.full((region.y1 - region.y0, region.x1 - region.x0), 255, dtype=np.uint8)
    out[_inside(t, draws, region)] = 0
    return out


def _inside(t: int, draws: Draws, region: Region) -> tuple[slice, slice]:
    """Return rows and columns of the region that are left of the picture."""
    low, high = (region.x0, region.y0) * 2, (region.x1, region.y1) * 2
    x0, y0, x1, y1 = (draws.left[t].clip(low, high) - low).tolist()
    return slice(y0, y1), slice(x0, x1)


CORRUPTION = Corruption(
    name="truncation",
    family="temporary occlusion",
    version=3,
    scope="clip",
    severities=SEVERITIES,
    draw=draw,
    apply=apply,
    cover=cover,
)
