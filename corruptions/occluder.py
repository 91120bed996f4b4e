"""Occluder: objects pass through the picture in front of the person.

Models temporary occlusion by a display board on wheels, a trolley with boxes, and a plant on a
dolly. Each comes from one side of the picture, is in front of the middle of the person's box at one
drawn instant, and goes on to the other side. Its way does not depend on what the person does. Its
speed varies a little. It stands on the floor in front of the person's feet and throws a soft
shadow. With severity, more and larger objects pass, and they take longer. A clip has three objects,
which take turns. They are drawn once from `Key` at four times the resolution, reduced by integer
coverage, and blurred as objects near a lens are. All numbers are our own choice.
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
    """How large the objects are, how often one passes, and for how long.

    Attributes:
        size: mean height of an object, in person heights.
        every: mean time from one crossing to the next, seconds.
        crossing: time for which a crossing object overlaps the person, seconds.
    """

    size: float
    every: float
    crossing: float


SEVERITIES = (
    Params(size=0.50, every=1.50, crossing=0.65),
    Params(size=0.60, every=1.25, crossing=0.80),
    Params(size=0.72, every=1.05, crossing=0.95),
    Params(size=0.82, every=1.00, crossing=1.05),
    Params(size=0.92, every=0.95, crossing=1.15),
)

#: Sizes and times between crossings vary by this fraction about their mean, each way.
SIZE_SWING, TIME_SWING = 0.12, 0.2
#: Mean width of a person, in person heights: an object crosses this and its own width.
PERSON_WIDTH = 0.4
#: An object's speed varies by this fraction about its mean, this many times a second.
SWAY, SWAY_FREQUENCY = 0.25, 0.7
#: Distance of an object in front of the feet, in person heights down the picture.
NEARER = (0.02, 0.12)
OBJECTS = 3
#: Objects are drawn this many times larger. Its square divides 256 levels evenly.
FINE = 4
#: Reach of the blur of an object, across and down, in person heights each way: it moves, and it
#: stands in front of the plane that is in focus.
BLUR = (0.010, 0.004)
#: Width of the canvas of an object, as a fraction of its height.
CANVAS = 1.1

Color = tuple[int, int, int]


@dataclass(frozen=True)
class Crossing:
    """One object passing once.

    Attributes:
        thing: which object.
        first: the first frame in which its canvas is in the picture.
        left: column of the left edge of its canvas, in that frame and in each frame after it in
            which the canvas is in the picture.
        top: row of its upper edge.
    """

    thing: int
    first: int
    left: NDArray[np.int64]
    top: int


@dataclass(frozen=True)
class Plan:
    """All crossings, in the order in which they are painted, and the objects.

    An object is (h, w, 4) uint8: color already multiplied by coverage, and coverage.
    """

    crossings: tuple[Crossing, ...]
    things: tuple[NDArray[np.uint8], ...]


def plan(facts: ClipFacts, params: Params, key: Key) -> Plan:
    """Draw the objects and their ways."""
    there = np.flatnonzero(np.isfinite(facts.boxes).all(axis=1))
    if not there.size:  # no person to pass in front of
        return Plan((), ())
    heights = [
        max(round(params.size * facts.person_height * _about(SIZE_SWING, key, 1, i)), 4)
        for i in range(OBJECTS)
    ]
    first = int(OBJECTS * key.uniform(0))
    things = [_draw(DRAWINGS[(first + i) % OBJECTS], heights[i], key, i) for i in range(OBJECTS)]
    for axis, blur in enumerate(BLUR):
        for drawn in things:
            _soften(drawn.swapaxes(0, axis), round(blur * facts.person_height))
    seconds = np.arange(facts.frames) / facts.fps
    middles = (facts.boxes[there, 0] + facts.boxes[there, 2]) / 2
    widths = facts.boxes[there, 2] - facts.boxes[there, 0]
    crossings: list[Crossing] = []
    middle = -params.every * (1 + key.uniform(2))
    while middle < seconds[-1] + 2 * params.every:
        turn = len(crossings)
        middle += params.every * _about(TIME_SWING, key, 3, turn)
        thing = turn % OBJECTS
        height, width = things[thing].shape[:2]
        x0, _, x1, _ = facts.boxes[there[np.abs(there - middle * facts.fps).argmin()]]
        speed = (0.7 * width + PERSON_WIDTH * facts.person_height) / params.crossing
        if key.uniform(4, turn) < 0.5:
            speed = -speed
        pace = 2 * math.pi * SWAY_FREQUENCY
        swing = np.sin(pace * (seconds - middle)) * math.cos(math.tau * key.uniform(5, turn))
        path = (x0 + x1) / 2 + speed * (seconds - middle + SWAY / pace * swing)
        gap = np.abs(path[there] - middles) - (width + widths) / 2
        feet = facts.boxes[there[gap <= max(0.0, gap.min())], 3].max()  # of all that it passes
        near = NEARER[0] + (NEARER[1] - NEARER[0]) * key.uniform(6, turn)
        left = np.floor(path - width / 2 + 0.5).astype(np.int64)
        first, last = _run((left > -width) & (left < facts.width))
        top = round(feet + near * facts.person_height) - height
        crossings.append(Crossing(thing, first, left[first:last].copy(), top))
    return Plan(tuple(crossings), tuple(things))


def _run(there: NDArray[np.bool_]) -> tuple[int, int]:
    """Return the first frame of the only run of True and the frame after its last, or (0, 0)."""
    frames = np.flatnonzero(there)
    return (int(frames[0]), int(frames[-1]) + 1) if frames.size else (0, 0)


def _about(swing: float, key: Key, *where: int) -> float:
    return 1 + swing * (2 * key.uniform(*where) - 1)


class Canvas:
    """An object while it is drawn: x from its middle and y down are fractions of its height."""

    def __init__(self, height: int, key: Key, thing: int) -> None:
        self.height = height
        self.width = round(CANVAS * height)
        self.fine = np.zeros((FINE * height, FINE * self.width, 4), dtype=np.uint8)
        self._key, self._thing, self._draws = key, thing, 0

    def draw(self) -> float:
        """Return the object's next random number, in [0, 1)."""
        self._draws += 1
        return self._key.uniform(7, self._thing, self._draws)

    def color(self, low: int, high: int, tint: int) -> Color:
        """Return a gray between two levels, tinted."""
        gray = low + (high - low) * self.draw()
        levels = [int(gray + tint * (2 * self.draw() - 1)) for _ in range(3)]
        return tuple(min(max(v, 0), 255) for v in levels)  # type: ignore[return-value]

    def polygon(self, points: Sequence[tuple[float, float]], color: Color) -> None:
        """Fill a convex outline."""
        scale = FINE * self.height
        corners = [
            (math.floor(FINE * self.width / 2 + x * scale), math.floor(y * scale))
            for x, y in points
        ]
        cv2.fillConvexPoly(self.fine, np.array(corners, dtype=np.int32), (*color, 255))

    def rectangle(self, x0: float, y0: float, x1: float, y1: float, color: Color) -> None:
        """Fill an upright rectangle."""
        self.polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], color)

    def disc(self, x: float, y: float, radius: float, color: Color) -> None:
        """Fill a disk."""
        turns = [math.tau * i / 24 for i in range(24)]
        points = [(x + radius * math.cos(a), y + radius * math.sin(a)) for a in turns]
        self.polygon(points, color)


def _board(c: Canvas) -> None:
    """Draw a display board on two feet, with sheets pinned to it."""
    frame, face = c.color(60, 150, 10), c.color(80, 150, 14)
    for side in (-0.3, 0.3):
        c.rectangle(side - 0.015, 0.1, side + 0.015, 0.95, frame)
        c.rectangle(side - 0.08, 0.93, side + 0.08, 0.955, frame)
        for wheel in (-0.065, 0.065):
            c.disc(side + wheel, 0.965, 0.022, (35, 35, 38))
    c.rectangle(-0.4, 0.01, 0.4, 0.8, frame)
    c.rectangle(-0.38, 0.03, 0.38, 0.78, face)
    for row in range(2):
        for column in range(3):
            x, y = -0.34 + 0.235 * column + 0.03 * c.draw(), 0.06 + 0.36 * row + 0.04 * c.draw()
            sheet = c.color(150, 205, 10)
            c.rectangle(x, y, x + 0.19, y + 0.27, sheet)
            ink = c.color(60, 120, 20)
            for line in range(5):
                width = 0.06 + 0.1 * c.draw()
                c.rectangle(x + 0.02, y + 0.03 + 0.045 * line, x + 0.02 + width,
                            y + 0.05 + 0.045 * line, ink)  # fmt: skip


def _trolley(c: Canvas) -> None:
    """Draw a trolley: a platform on wheels with a handle, and cardboard boxes on it."""
    metal = c.color(70, 170, 12)
    side = 1 if c.draw() < 0.5 else -1
    c.rectangle(-0.44, 0.87, 0.44, 0.92, metal)
    c.rectangle(side * 0.43 - 0.015, 0.15, side * 0.43 + 0.015, 0.9, metal)
    for x in (-0.33, 0.33):
        c.disc(x, 0.945, 0.04, (32, 32, 34))
        c.disc(x, 0.945, 0.015, (140, 140, 145))
    floor = 0.87
    for layer in range(3):
        width = 0.36 - 0.03 * layer - 0.06 * c.draw()
        middle = -0.03 * side + 0.06 * (c.draw() - 0.5)
        top = floor - 0.24 - 0.045 * c.draw()
        shade = 0.85 + 0.3 * c.draw()
        card = (int(168 * shade), int(132 * shade), int(92 * shade))
        dark = (int(120 * shade), int(92 * shade), int(62 * shade))
        c.rectangle(middle - width, top, middle + width, floor, dark)
        c.rectangle(middle - width + 0.006, top + 0.006, middle + width - 0.006, floor, card)
        c.rectangle(middle - 0.025, top, middle + 0.025, floor, c.color(150, 215, 15))
        c.rectangle(middle + 0.06, top + 0.06, middle + width - 0.05, top + 0.15, (228, 226, 218))
        floor = top


def _plant(c: Canvas) -> None:
    """Draw a large plant in a pot, on a dolly."""
    pot = c.color(70, 160, 15)
    shade = (pot[0] * 3 // 4, pot[1] * 3 // 4, pot[2] * 3 // 4)
    for x in (-0.13, 0.13):
        c.disc(x, 0.965, 0.022, (35, 35, 38))
    c.rectangle(-0.18, 0.925, 0.18, 0.95, (90, 70, 52))
    c.polygon([(-0.19, 0.68), (0.19, 0.68), (0.14, 0.925), (-0.14, 0.925)], pot)
    c.rectangle(-0.2, 0.66, 0.2, 0.71, shade)
    for tip in (-0.2, -0.07, 0.06, 0.19):
        c.polygon([(-0.012, 0.68), (0.012, 0.68), (tip, 0.3)], (62, 58, 38))
    for i in range(110):  # back to front, from dark to light
        angle = math.pi * (1.5 + 1.1 * (c.draw() - 0.5))
        far = 0.04 + 0.42 * c.draw()
        x, y = 0.8 * far * math.cos(angle), 0.62 + 0.95 * far * math.sin(angle)
        length, turn = 0.10 + 0.06 * c.draw(), angle + 1.6 * (c.draw() - 0.5)
        across = 0.028 + 0.014 * c.draw()
        dx, dy = math.cos(turn), math.sin(turn)
        light = 0.45 + 0.5 * i / 110 + 0.15 * c.draw()
        green = (int(72 * light), int((110 + 25 * c.draw()) * light), int(52 * light))
        bent = ((0.0, 0.0), (0.3, 0.8), (0.6, 1.0), (1.0, 0.0), (0.6, -1.0), (0.3, -0.8))
        c.polygon(
            [(x + length * a * dx - across * b * dy, y + length * a * dy + across * b * dx)
             for a, b in bent], green
        )  # fmt: skip


DRAWINGS = (_board, _trolley, _plant)


def _draw(drawing, height: int, key: Key, thing: int) -> NDArray[np.uint8]:  # type: ignore[no-untyped-def]
    """Return the object, shaded, above its shadow, (h, w, 4) uint8."""
    canvas = Canvas(height, key, thing)
    drawing(canvas)
    size = (canvas.width, height)
    out: NDArray[np.uint8] = cv2.resize(canvas.fine, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    counters = np.zeros((24 * 24, 4), dtype=np.uint32)
    counters[:, 0], counters[:, 1], counters[:, 2] = 8, thing, np.arange(24 * 24)
    coarse = (key.words(counters)[:, 0] >> 24).astype(np.uint8).reshape(24, 24)
    grain = cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR_EXACT)
    # Light falls from one side and from above: factors in 1/256.
    lean = 56 if key.uniform(9, thing) < 0.5 else -56
    across = (232 + lean * (np.arange(canvas.width) - canvas.width / 2) / canvas.width).astype(int)
    down = (262 - 52 * np.arange(height) / height).astype(int)
    floor = np.zeros((12, 24), dtype=np.uint8)
    cv2.ellipse(floor, (12, 6), (9, 3), 0, 0, 360, 90, -1)
    depth = max(height // 10, 1)
    soft = cv2.resize(floor, (canvas.width, depth), interpolation=cv2.INTER_LINEAR_EXACT)
    shadow = np.zeros(out.shape[:2], dtype=np.uint8)
    shadow[-depth:] = soft
    _finish(out, grain, across, down, shadow)
    return out


@kernel
def _finish(out, grain, across, down, shadow):  # type: ignore[no-untyped-def]
    height, width, _ = out.shape
    for y in range(height):
        for x in range(width):
            cover = np.int32(out[y, x, 3])
            factor = (across[x] * down[y]) >> 8
            factor += ((np.int32(grain[y, x]) - 128) * 20) >> 7
            for c in range(3):  # a color is multiplied by coverage, so it never exceeds coverage
                out[y, x, c] = min((np.int32(out[y, x, c]) * factor) >> 8, cover)
            out[y, x, 3] = cover + ((255 - cover) * np.int32(shadow[y, x]) + 127) // 255


@kernel
def _soften(rows, reach):  # type: ignore[no-untyped-def]
    """Average over ``reach`` neighbors on each side along every row; beyond the canvas is 0."""
    count, size, channels = rows.shape
    line = np.empty((size, channels), dtype=np.int32)
    for y in range(count):
        line[:] = rows[y]
        for c in range(channels):
            total = line[: reach + 1, c].sum()
            for x in range(size):
                rows[y, x, c] = (total + reach) // (2 * reach + 1)
                if x + reach + 1 < size:
                    total += line[x + reach + 1, c]
                if x >= reach:
                    total -= line[x - reach, c]


def apply(frames: Sequence[Frame], t: int, plan: Plan, region: Region) -> Frame:
    """Return the region of frame ``t`` with the objects in front of it, (h, w, 3) uint8."""
    out = frames[t][region.slices].copy()
    for crossing in plan.crossings:
        since = t - crossing.first
        if 0 <= since < crossing.left.size:
            thing = plan.things[crossing.thing]
            _paint(out, thing, crossing.top - region.y0, crossing.left[since] - region.x0)
    return out


@kernel
def _paint(out, thing, top, left):  # type: ignore[no-untyped-def]
    for y in range(max(top, 0), min(top + thing.shape[0], out.shape[0])):
        for x in range(max(left, 0), min(left + thing.shape[1], out.shape[1])):
            through = 255 - np.int32(thing[y - top, x - left, 3])
            for c in range(3):
                behind = (np.int32(out[y, x, c]) * through + 127) // 255
                out[y, x, c] = np.int32(thing[y - top, x - left, c]) + behind


CORRUPTION = Corruption(
    name="occluder",
    family="temporary occlusion",
    version=2,
    scope="clip",
    severities=SEVERITIES,
    plan=plan,
    apply=apply,
)
