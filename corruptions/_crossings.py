"""Find the way on which an object passes in front of a person in just the frames of an episode.

An object moves on a straight line at one speed. It hides more than 5 % of the person's box from the
first frame of its episode to the last. These two ends fix the line: where the object's leading edge
must be, and where its trailing edge. Of several objects and sides the first is taken whose speed is
that of people and carts. All numbers are our own choice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions._objects import CutOut

#: The part of the box that is hidden at the ends of an episode. More than so many frames away from
#: an end it is more or less by this much, so that a box that swings does not count as an end.
HIDDEN, SURE, ENDS = 0.05, 0.01, 1
#: Speeds, in person heights a second, and the one that is taken where an end is open.
SPEEDS, USUAL = (0.3, 1.5), 0.9
#: The person is not met again after so many person heights.
AROUND = 3.0


@dataclass(frozen=True)
class Person:
    """In front of whom objects pass: boxes (F, 4) in all frames, px, and the person's height."""

    boxes: NDArray[np.float64]
    height: float
    fps: float

    @property
    def unit(self) -> float:
        """One person height a second, px a frame."""
        return self.height / self.fps


@dataclass(frozen=True)
class Placed:
    """An object at its size, and how high it stands in the picture.

    Attributes:
        cut: the object.
        mirrored: whether it looks to the left.
        scale: pixels for each stored pixel.
        top: row of the upper edge of the stored picture, px.
    """

    cut: CutOut
    mirrored: bool
    scale: float
    top: float

    @property
    def width(self) -> float:
        """Width of the picture, px."""
        return float(self.scale * self.cut.layers.shape[1])

    def hidden(self, left: NDArray[np.float64], boxes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the part of each box (N, 4) that it hides where its left edge is there, (N,).

        Both are rounded to whole pixels, as in the picture.
        """
        left, boxes = np.floor(left + 0.5), np.floor(boxes + 0.5)
        area = self.cut.area[:, -1:] - self.cut.area[:, ::-1] if self.mirrored else self.cut.area
        limits = np.array(area.shape)[::-1] - 1
        corner = np.stack([left, np.full(len(left), np.floor(self.top + 0.5))], axis=1)
        sides = (boxes.reshape(-1, 2, 2) - corner[:, None]) / self.scale
        at = np.clip(np.floor(sides + 0.5), 0, limits).astype(np.int64)
        (x0, y0), (x1, y1) = at[:, 0].T, at[:, 1].T
        inside = area[y1, x1] - area[y0, x1] - area[y1, x0] + area[y0, x0]
        whole = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
        return np.asarray(inside * self.scale**2 / np.maximum(whole, 1.0))


@dataclass(frozen=True)
class Line:
    """The left edge of an object is at ``start + speed * t`` in frame t, px."""

    start: float
    speed: float

    def at(self, first: int, stop: int) -> NDArray[np.float64]:
        """Return the left edge in frames ``first`` to ``stop - 1``."""
        return np.asarray(self.start + self.speed * np.arange(first, stop), dtype=np.float64)


def line(placed: Placed, way: int, frames: range, person: Person) -> Line | None:
    """Return the line on which the object passes in an episode; None if it hides too little.

    Args:
        placed: the object.
        way: 1 to the right, -1 to the left.
        frames: the episode.
        person: in front of whom it passes.
    """
    boxes = person.boxes
    first, last = frames.start - 0.5, frames.stop - 0.5
    begin, end = (_between(boxes, time) for time in (first, last))
    near, far = (0, 2) if way > 0 else (2, 0)  # the sides where it comes in and goes out
    lead, trail = _overlap(placed, begin, -way), _overlap(placed, end, way)
    if lead is None or trail is None:
        return None
    come = begin[near] + (lead - placed.width if way > 0 else -lead)
    gone = end[far] + (-trail if way > 0 else trail - placed.width)
    open_first, open_last = frames.start == 0, frames.stop == len(boxes)
    speed = (gone - come) / len(frames)
    if open_first or open_last:
        speed = way * min(abs(speed), USUAL * person.unit)
    if open_first and open_last:
        return Line((come + gone) / 2 - speed * (first + last) / 2, speed)
    if open_first:
        return Line(gone - speed * last, speed)
    return Line(come - speed * first, speed)


def _between(boxes: NDArray[np.float64], time: float) -> NDArray[np.float64]:
    """Return the box between the frames before and after a time."""
    i = int(np.floor(time))
    return np.asarray((boxes[max(i, 0)] + boxes[min(i + 1, len(boxes) - 1)]) / 2)


def _overlap(placed: Placed, box: NDArray[np.float64], side: int) -> float | None:
    """Return how far the object must reach over a border of the box to hide `HIDDEN` of it, px.

    Args:
        placed: the object.
        box: (4,).
        side: of the object that is over the border, 1 its left, -1 its right.
    """
    area, scale = placed.cut.area, placed.scale
    y0, y1 = np.clip((box[1::2] - placed.top) / scale, 0, len(area) - 1).astype(np.int64)
    columns = (area[y1] - area[y0]) * scale**2
    if (side > 0) == placed.mirrored:
        columns = columns[-1] - columns[::-1]
    wanted = HIDDEN * (box[2] - box[0]) * (box[3] - box[1])
    return float(np.searchsorted(columns, wanted)) * scale if columns[-1] > wanted else None


def over(
    placed: Placed, way: Line, frames: range, person: Person
) -> tuple[slice, NDArray[np.float64]]:
    """Return the frames in which the two can meet, and the part that it hides in them."""
    around = round(AROUND * person.height / max(abs(way.speed), SPEEDS[0] * person.unit))
    first = max(frames.start - around, 0)
    stop = min(frames.stop + around, len(person.boxes))
    return slice(first, stop), placed.hidden(way.at(first, stop), person.boxes[first:stop])


def faults(
    placed: Placed, way: Line, frames: range, person: Person, others: NDArray[np.float64]
) -> float:
    """Return how many frames are hidden that should be free, or the other way round.

    A speed beyond `SPEEDS` counts as one frame for each percent. ``others`` (F,) is the part that
    other objects hide.
    """
    near, hidden = over(placed, way, frames, person)
    times = np.arange(near.start, near.stop)
    inside = np.minimum(times - frames.start + 1, frames.stop - times)  # from the nearer end on
    limit = HIDDEN + SURE * (1.0 * (inside > ENDS) - (inside <= -ENDS))
    foreign = (inside <= 0) & (hidden == 0)  # hidden by others alone
    wrong = ((hidden + others[near] > limit) != (inside > 0)) & ~foreign
    speed = abs(way.speed) / person.unit
    off = max(SPEEDS[0] / max(speed, 1e-9) - 1, speed / SPEEDS[1] - 1, 0.0)
    return np.count_nonzero(wrong) + 100 * off


def best(
    candidates: Iterable[tuple[Placed, int]],
    frames: range,
    person: Person,
    others: NDArray[np.float64],
    enough: float,
) -> tuple[int, Line] | None:
    """Return the index of the first candidate with no more than so many faults, and its line.

    If there is none, that with the fewest. None if no candidate hides anything.
    """
    found: tuple[float, int, Line] | None = None
    for i, (placed, way) in enumerate(candidates):
        one = line(placed, way, frames, person)
        if one is None or one.speed * way <= 0:
            continue
        wrong = faults(placed, one, frames, person, others)
        if found is None or wrong < found[0]:
            found = wrong, i, one
        if wrong <= enough:
            break
    return found and (found[1], found[2])
