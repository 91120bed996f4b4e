"""Occluder: real objects pass through the picture in front of the person.

Models temporary occlusion by what is pushed or carried past a camera: prams, chairs, plants,
cabinets, bicycles. The objects are rendered cut-outs of free models (see `corruptions/objects`). In
each episode of `corruptions._episodes` one object comes from the left or the right and passes in
front of the person on the floor, at a speed of people and carts. It is never the one that passed
before. It throws a soft shadow on the floor, is lit like the scene around it (by the level and the
color of the clean frame there), and is as blurred as a moving object is in footage of that size.
With severity larger objects pass, and more often. All numbers are our own choice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions._boxes import steady, visible
from corruptbench.corruptions._crossings import Line, Person, Placed, best, over
from corruptbench.corruptions._episodes import episodes
from corruptbench.corruptions._kernel import kernel
from corruptbench.corruptions._objects import HEIGHTS, cut_out, light_of, sized
from corruptbench.corruptions.base import ClipInfo, Corruption, Frame, Region
from corruptbench.corruptions.random import Key


@dataclass(frozen=True)
class Params:
    """How large the objects are, and for how long they are in front of the person.

    Attributes:
        size: mean height above the person's feet to which an object reaches, in person heights.
        share: fraction of the frames in which an object hides more than 5 % of the person's box.
        episode: mean time for which it does, seconds.
    """

    size: float
    share: float
    episode: float


SEVERITIES = (
    Params(size=0.50, share=0.2, episode=0.5),
    Params(size=0.60, share=0.3, episode=0.6),
    Params(size=0.70, share=0.4, episode=0.7),
    Params(size=0.80, share=0.5, episode=0.8),
    Params(size=0.90, share=0.6, episode=0.9),
)

#: The size of each object differs from the mean by up to this fraction of it.
SIZE_SWING = 0.12
#: Distance of an object in front of the feet, in person heights down the picture.
NEARER = (0.04, 0.16)
#: Height of a person, meters, and how much larger than beside the person an object may be: it is
#: nearer to the camera.
PERSON, LARGER = 1.7, (0.85, 1.75)
#: Objects of one clip at most, and episodes in which an object does not come again.
DECK, APART = 16, 3
#: An object that would have to move too fast passes further down the picture, by this fraction of
#: its height above the feet, at most so many times.
LOWER, STEPS = 0.25, 5
#: An object that would not reach someone who jumps stands nearer to where the feet are in the jump,
#: in so many steps.
JUMPED = 4
#: So far around an object, in its heights, the picture says how it is lit.
AROUND = 0.5
#: Reach of the blur of an object, across and down, in person heights, and seconds for half of an
#: exposure, in which it moves at one person height a second.
BLUR, EXPOSURE = (0.002, 0.002), 0.25
#: So many frames of an episode may be free, and so many others hidden, before another object is
#: tried.
ENOUGH = 0.5


@dataclass(frozen=True)
class Crossing:
    """One object passing once.

    Attributes:
        name: of the object.
        mirrored: whether it looks to the left.
        first: the first frame in which its canvas is in the picture.
        left: column of the left edge of its canvas, in that frame and in each frame after it in
            which the canvas is in the picture.
        top: row of its upper edge.
    """

    name: str
    mirrored: bool
    first: int
    left: NDArray[np.int64]
    top: int


@dataclass(frozen=True)
class Draws:
    """All crossings, the far ones first, and the objects by name, (h, w, 5) uint8."""

    crossings: tuple[Crossing, ...]
    things: dict[str, NDArray[np.uint8]]


@dataclass(frozen=True)
class _Thing:
    """An object of the clip: how far it reaches above the feet and below them, px."""

    name: str
    above: float
    below: float

    def placed(self, feet: float, lower: float, mirrored: bool) -> Placed:
        """Return the object in front of feet on a row; ``lower`` is a fraction of its reach."""
        cut = cut_out(self.name)
        scale = (self.above + self.below) / cut.tall
        bottom = feet + self.below + lower * self.above
        return Placed(cut, mirrored, scale, bottom - scale * cut.bottom)


def draw(info: ClipInfo, params: Params, key: Key) -> Draws:
    """Draw the objects, and find the way of each."""
    boxes = steady(visible(info), 0)
    if np.isnan(boxes).any():  # no person to pass in front of
        return Draws((), {})
    person = Person(boxes, info.person_height, info.fps)
    deck = _deck(info.person_height, params, key)
    blur = tuple(round(part * info.person_height) for part in BLUR)
    blur = (max(blur[0], round(EXPOSURE * person.unit)), blur[1])
    others, last = np.zeros(info.frames), list[str]()
    passing: list[tuple[float, _Thing, Placed, Line]] = []
    for i, frames in enumerate(episodes(info, params.share, key, mean=params.episode)):
        stands = boxes[frames.start : frames.stop, 3]
        rows = np.linspace(stands.max(), stands.min(), JUMPED + 1).tolist()
        fresh = [thing for thing in deck if thing.name not in last[-APART:]]
        order = sorted(
            ((thing, way) for thing in fresh for way in (1, -1)),
            key=lambda one: key.uniform(2, i, deck.index(one[0]), one[1] + 1),
        )
        tries = [(*one, rows[0], LOWER * step) for step in range(STEPS) for one in order]
        tries += [(*one, feet, 0.0) for feet in rows[1:] for one in order]
        found = best(
            ((thing.placed(feet, lower, way < 0), way) for thing, way, feet, lower in tries),
            frames, person, others, ENOUGH,
        )  # fmt: skip
        if found is not None:
            thing, way, feet, lower = tries[found[0]]
            last.append(thing.name)
            placed = thing.placed(feet, lower, way < 0)
            near, hidden = over(placed, found[1], frames, person)
            others[near] += hidden
            passing.append((feet + thing.below + lower * thing.above, thing, placed, found[1]))
    passing.sort(key=lambda one: one[0])
    scales = {thing.name: placed.scale for _, thing, placed, _ in passing}
    things = {name: sized(name, scale, blur) for name, scale in scales.items()}
    return Draws(
        tuple(
            _crossing(info, thing.name, placed, way, things[thing.name].shape[1], blur)
            for _, thing, placed, way in passing
        ),
        things,
    )


def _deck(height: float, params: Params, key: Key) -> list[_Thing]:
    """Return the objects that may pass in a clip, those of a fitting size first."""
    found = []
    for number, (name, tall) in enumerate(HEIGHTS.items()):
        size = params.size * (1 + SIZE_SWING * (2 * key.uniform(0, number) - 1))
        near = NEARER[0] + (NEARER[1] - NEARER[0]) * key.uniform(1, number)
        larger = (size + near) * PERSON / tall
        off = max(LARGER[0] - larger, larger - LARGER[1], 0.0)
        found.append((off, key.uniform(3, number), _Thing(name, size * height, near * height)))
    return [thing for _, _, thing in sorted(found, key=lambda one: one[:2])[:DECK]]


def _crossing(
    info: ClipInfo, name: str, placed: Placed, way: Line, width: int, blur: tuple[int, ...]
) -> Crossing:
    """Return a way in whole pixels, over the frames in which it is in the picture."""
    left = np.floor(way.at(0, info.frames) + 0.5).astype(np.int64) - blur[0]
    frames = np.flatnonzero((left > -width) & (left < info.width))
    first, stop = (int(frames[0]), int(frames[-1]) + 1) if frames.size else (0, 0)
    top = round(placed.top) - blur[1]
    return Crossing(name, placed.mirrored, first, left[first:stop].copy(), top)


def apply(frames: Sequence[Frame], t: int, draws: Draws, region: Region) -> Frame:
    """Return the region of frame ``t`` with the objects in front of it, (h, w, 3) uint8."""
    out = frames[t][region.slices].copy()
    for thing, mirrored, top, left in _shown(t, draws, region):
        near = surroundings(frames[t], thing, top + region.y0, left + region.x0)
        _paint(out, thing, mirrored, top, left, light_of(near))
    return out


def surroundings(frame: Frame, thing: NDArray[np.uint8], top: int, left: int) -> Frame:
    """Return the part of a frame in which an object stands: what lights it, (h, w, 3) uint8.

    Args:
        frame: clean.
        thing: the object, (h, w, 5).
        top: its upper row in the frame.
        left: its first column in the frame; a part of it is in the picture.
    """
    height, width, _ = thing.shape
    reach = round(AROUND * height)
    rows = slice(max(top - reach, 0), top + height + reach)
    columns = slice(max(left - reach, 0) // 2 * 2, (left + width + reach + 1) // 2 * 2)
    return frame[rows, columns]


def cover(t: int, draws: Draws, region: Region) -> NDArray[np.uint8]:
    """Return the coverage by objects, without their shadows, (h, w) uint8."""
    out = np.zeros((region.y1 - region.y0, region.x1 - region.x0), dtype=np.uint8)
    for thing, mirrored, top, left in _shown(t, draws, region):
        _cover(out, thing, mirrored, top, left)
    return out


def _shown(
    t: int, draws: Draws, region: Region
) -> Iterator[tuple[NDArray[np.uint8], bool, int, int]]:
    """Yield the objects of frame ``t``, and the row and column of their canvas in the region."""
    for crossing in draws.crossings:
        since = t - crossing.first
        if 0 <= since < crossing.left.size:
            thing, left = draws.things[crossing.name], int(crossing.left[since]) - region.x0
            if -thing.shape[1] < left < region.x1 - region.x0:
                yield thing, crossing.mirrored, crossing.top - region.y0, left


@kernel
def _paint(out, thing, mirrored, top, left, light):  # type: ignore[no-untyped-def]
    """Mix: object over shadow over what is behind."""
    height, width, _ = thing.shape
    for y in range(max(top, 0), min(top + height, out.shape[0])):
        for x in range(max(left, 0), min(left + width, out.shape[1])):
            u = width - 1 - (x - left) if mirrored else x - left
            pixel = thing[y - top, u]
            covered = np.int32(pixel[3])
            if covered == 0 and pixel[4] == 0:
                continue
            through = (255 - covered) * (255 - np.int32(pixel[4]))
            for c in range(3):
                own = min((np.int32(pixel[c]) * light[c] + 128) >> 8, covered)
                own += (light[3] * (covered - own) + 127) // 255
                out[y, x, c] = own + (np.int32(out[y, x, c]) * through + 32512) // 65025


@kernel
def _cover(out, thing, mirrored, top, left):  # type: ignore[no-untyped-def]
    height, width, _ = thing.shape
    for y in range(max(top, 0), min(top + height, out.shape[0])):
        for x in range(max(left, 0), min(left + width, out.shape[1])):
            u = width - 1 - (x - left) if mirrored else x - left
            free = (255 - np.int32(out[y, x])) * (255 - np.int32(thing[y - top, u, 3]))
            out[y, x] = 255 - free // 255


CORRUPTION = Corruption(
    name="occluder",
    family="temporary occlusion",
    version=3,
    scope="clip",
    severities=SEVERITIES,
    draw=draw,
    apply=apply,
    cover=cover,
)
