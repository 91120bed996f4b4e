"""The clean errors of rows against their corrupted ones, as inline SVG with links."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from markupsafe import Markup

from corruptbench.leaderboard.page.ends import on_axis
from corruptbench.leaderboard.page.figures import color_class
from corruptbench.leaderboard.page.scales import Scale, scale

_WIDTH, _HEIGHT = 640.0, 380.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 18.0, 26.0, 42.0
#: Radii of points without parameters, and of the most parameters of a row that decides; the area
#: grows with their number.
_SMALLEST, _LARGEST = 4.0, 11.0
#: About the size of a character of a name, to keep names apart.
_CHARACTER, _LINE = 6.2, 15.0


class Dot(NamedTuple):
    """A row of the board in the figure.

    Attributes:
        name: of the lifter.
        place: decides the color.
        clean: error on clean video.
        corrupted: mean error on corrupted video.
        parameters: their number.
        text: what a reader sees who points at it.
        address: what it links to.
        is_ranked: others are hollow.
        may_be_best: others are not on the line of the best, and have no name in the figure.
        decides: whether the axes hold it in any case, see `ends.deciding`.
    """

    name: str
    place: int
    clean: float
    corrupted: float
    parameters: int
    text: str
    address: str
    is_ranked: bool
    may_be_best: bool
    decides: bool


def best(dots: Sequence[Dot]) -> list[Dot]:
    """Return the Pareto front of the rows that may be best, the best clean one first.

    Each of the others is worse in one error than a row of the front, and not better in the other.
    """
    front: list[Dot] = []
    compared = [dot for dot in dots if dot.may_be_best]
    for dot in sorted(compared, key=lambda dot: (dot.clean, dot.corrupted, dot.name)):
        if not front or dot.corrupted < front[-1].corrupted:
            front.append(dot)
    return front


class Axes(NamedTuple):
    """The scales of clean and of corrupted errors."""

    x: Scale
    y: Scale

    def side(self, dot: Dot) -> tuple[int, int]:
        """Return where a row lies beyond the axes: -1, 0 or 1 to the right, and the same up."""
        return self.x.side(dot.clean), self.y.side(dot.corrupted)


def axes(dots: Sequence[Dot]) -> Axes:
    """Return axes that hold the rows that decide, and those near them."""
    known = [dot for dot in dots if dot.decides]
    x = on_axis([dot.clean for dot in dots], [dot.clean for dot in known])
    y = on_axis([dot.corrupted for dot in dots], [dot.corrupted for dot in known])
    return Axes(scale(x, steps=6), scale(y, steps=5))


def scatter(dots: Sequence[Dot], label: str, unit: str) -> Markup:
    """Draw a point for each row, and a line along the best ones, see `best`.

    A row beyond the axes is an arrow at their end.

    Args:
        dots: one or more rows.
        label: of the metric.
        unit: of the metric.
    """
    ends = axes(dots)
    front = best(dots)
    most = max((dot.parameters for dot in dots if dot.decides), default=0)
    rest = [dot for dot in reversed(dots) if dot not in front]  # the best ones lie on top
    parts = [
        *_axes(*ends, f"{label}, {unit}"),
        _line(front, *ends),
        *(_dot(dot, ends, most, in_order=False) for dot in rest),
        *(_dot(dot, ends, most, in_order=True) for dot in front),
        *_names(front, *ends, most),
    ]
    return Markup(
        '<svg class="scatter" viewBox="0 0 {:g} {:g}" role="group" aria-label="{}">{}</svg>'
    ).format(
        _WIDTH,
        _HEIGHT,
        f"{label} on clean video against the mean on corrupted video, in {unit}",
        Markup("\n").join(parts),
    )


def _x(value: float, x: Scale) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * x.at(value)


def _y(value: float, y: Scale) -> float:
    return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - y.at(value))


def _radius(dot: Dot, most: int) -> float:
    share = min(dot.parameters / most, 1.0) if most else 0.0
    return math.sqrt(_SMALLEST**2 + (_LARGEST**2 - _SMALLEST**2) * share)


def _axes(x: Scale, y: Scale, unit: str) -> Iterator[Markup]:
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    line = Markup('<line class="grid" x1="{:.1f}" x2="{:.1f}" y1="{:.1f}" y2="{:.1f}"/>')
    text = Markup('<text class="tick" x="{:.1f}" y="{:.1f}" text-anchor="{}">{:.10g}</text>')
    for tick in x.ticks:
        yield line.format(_x(tick, x), _x(tick, x), _TOP, bottom)
        yield text.format(_x(tick, x), bottom + 15, "middle", tick)
    for tick in y.ticks:
        yield line.format(_LEFT, right, _y(tick, y), _y(tick, y))
        yield text.format(_LEFT - 7, _y(tick, y) + 3.5, "end", tick)
    head = Markup('<text class="axis" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>')
    yield head.format(right, _HEIGHT - 8, "end", f"clean {unit} →")
    yield head.format(_LEFT - 26, 12, "start", f"↑ corrupted {unit}")


def _line(front: Sequence[Dot], x: Scale, y: Scale) -> Markup:
    """Draw the border of what is beaten: a stair from the best clean row to the best corrupted."""
    if not front:
        return Markup()
    path = f"M{_x(front[0].clean, x):.1f} {_TOP:.1f}"
    for dot in front:
        path += f"H{_x(dot.clean, x):.1f}V{_y(dot.corrupted, y):.1f}"
    return Markup('<path class="front" d="{}H{:.1f}"/>').format(path, _WIDTH - _RIGHT)


def _dot(dot: Dot, ends: Axes, most: int, *, in_order: bool) -> Markup:
    """Draw a point that links to its row; only the best ones are stops of the tabulator key."""
    kind = "dot" if dot.is_ranked else "hollow dot"
    x, y, side = _x(dot.clean, ends.x), _y(dot.corrupted, ends.y), ends.side(dot)
    shape = _arrow(kind, x, y, side) if any(side) else _circle(kind, x, y, _radius(dot, most))
    return Markup(
        '<a href="{}"{}><g class="series {}" data-lifter="{}"><title>{}</title>{}</g></a>'
    ).format(
        dot.address,
        Markup() if in_order else Markup(' tabindex="-1"'),
        color_class(dot.place),
        dot.place,
        dot.text,
        shape,
    )


def _circle(kind: str, x: float, y: float, radius: float) -> Markup:
    return Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="{:.1f}"/>').format(
        kind, x, y, radius
    )


def _arrow(kind: str, x: float, y: float, side: tuple[int, int]) -> Markup:
    """Draw the head of an arrow at (x, y) that points beyond the axes."""
    turned = math.degrees(math.atan2(*side))  # clockwise, from up
    return Markup(
        '<path class="{}" d="M0-7L6 5H-6z" transform="translate({:.1f} {:.1f}) rotate({:g})"/>'
    ).format(kind, x, y, turned)


def _names(front: Sequence[Dot], x: Scale, y: Scale, most: int) -> Iterator[Markup]:
    """Write the names of the best rows, the best corrupted one first, where there is room."""
    taken: list[tuple[float, float, float]] = []
    for dot in reversed(front):
        left, top = _x(dot.clean, x), _y(dot.corrupted, y) + 4
        is_right = left + len(dot.name) * _CHARACTER < _WIDTH - _RIGHT
        width = len(dot.name) * _CHARACTER
        beside = _radius(dot, most) + 5
        start = left + beside if is_right else left - beside - width
        if start < _LEFT or any(
            abs(top - t) < _LINE and start < e and s < start + width for s, e, t in taken
        ):
            continue
        taken.append((start, start + width, top))
        yield Markup('<text class="name" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(
            left + beside if is_right else left - beside,
            top,
            "start" if is_right else "end",
            dot.name,
        )
