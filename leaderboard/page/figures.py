"""Figures as inline SVG. The same input gives the same text.

Colors come from the page's style sheet: a series has the class ``s0`` to ``s7`` by its place, or
``s-rest``. The marks differ in shape too, so that color is never the only difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from markupsafe import Markup

from corruptbench.leaderboard.page.scales import Scale

#: Number of series with a color and a mark of their own; the others are thin gray lines.
COLORS = 8

_WIDTH, _HEIGHT = 280.0, 176.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 34.0, 10.0, 8.0, 22.0
_SEVERITIES = 5
_BAR_ROW = 27.0


class Point(NamedTuple):
    """An error at a severity, with its interval where there is one."""

    severity: int
    value: float
    low: float | None = None
    high: float | None = None


class Line(NamedTuple):
    """One lifter's errors by severity; ``place`` decides color and mark."""

    name: str
    place: int
    points: Sequence[Point]


class Bar(NamedTuple):
    """One lifter's value and its text; ``place`` decides the color."""

    name: str
    place: int
    value: float
    text: str


def curves(lines: Sequence[Line], y: Scale, label: str, digits: int = 1) -> Markup:
    """Draw a panel of lines over severities 0 to 5.

    A value beyond an end of the scale is drawn at that end, with an open mark.

    Args:
        lines: one for each lifter.
        y: scale of the errors.
        label: text for screen readers.
        digits: decimal places of the values in tooltips.
    """
    parts = [_grid(y), _severity_axis()]
    parts += [_band(line, y) for line in lines if line.place < COLORS]
    parts += [_line(line, y, digits) for line in reversed(lines)]
    return _svg(_WIDTH, _HEIGHT, label, parts, "curves")


def bars(rows: Sequence[Bar], x: Scale, label: str) -> Markup:
    """Draw a panel of horizontal bars from 0, each under its name and value.

    A bar beyond an end of the scale ends there, and is broken before.
    """
    parts = [_bar(row, place, x) for place, row in enumerate(rows)]
    return _svg(_WIDTH, _BAR_ROW * max(1, len(rows)), label, parts, "bars")


def mark(place: int) -> Markup:
    """Draw the mark of a series, for a legend."""
    body = Markup('<line class="stroke" x1="1" x2="27" y1="8" y2="8"/>') + Markup(
        '<g transform="translate(14 8) scale(1.25)">{}</g>'
    ).format(_mark(place, 0, 0))
    return Markup(
        '<svg class="key" width="28" height="16" viewBox="0 0 28 16" aria-hidden="true">{}</svg>'
    ).format(_series(place, "", body))


def color_class(place: int) -> str:
    """Return the class that gives a series its color."""
    return f"s{place}" if place < COLORS else "s-rest"


def _svg(width: float, height: float, label: str, parts: Iterable[Markup], kind: str) -> Markup:
    return Markup(
        '<svg class="{}" width="{:g}" height="{:g}" viewBox="0 0 {:g} {:g}" role="img" '
        'aria-label="{}">{}</svg>'
    ).format(kind, width, height, width, height, label, Markup("").join(parts))


def _series(place: int, title: str, body: Markup) -> Markup:
    shown = Markup("<title>{}</title>").format(title) if title else Markup("")
    return Markup('<g class="series {}" data-lifter="{}">{}{}</g>').format(
        color_class(place), place, shown, body
    )


def _x(severity: float) -> float:
    return _LEFT + 6 + (_WIDTH - _LEFT - _RIGHT - 12) * severity / _SEVERITIES


def _y(value: float, y: Scale) -> float:
    return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - y.at(value))


def _grid(y: Scale) -> Markup:
    rows = [
        Markup(
            '<line class="grid" x1="{:g}" x2="{:g}" y1="{:.1f}" y2="{:.1f}"/>'
            '<text class="tick" x="{:g}" y="{:.1f}" text-anchor="end">{}</text>'
        ).format(
            _LEFT,
            _WIDTH - _RIGHT,
            _y(tick, y),
            _y(tick, y),
            _LEFT - 6,
            _y(tick, y) + 3.5,
            f"{tick:.10g}",
        )
        for tick in y.ticks
    ]
    return Markup("").join(rows)


def _severity_axis() -> Markup:
    names = ("clean", *(str(severity) for severity in range(1, _SEVERITIES + 1)))
    return Markup("").join(
        Markup('<text class="tick" x="{:.1f}" y="{:g}" text-anchor="middle">{}</text>').format(
            _x(severity), _HEIGHT - 6, name
        )
        for severity, name in enumerate(names)
    )


def _band(line: Line, y: Scale) -> Markup:
    edge = [(p.severity, p.low, p.high) for p in line.points]
    lower = [(s, low) for s, low, _ in edge if low is not None]
    upper = [(s, high) for s, _, high in edge if high is not None]
    if len(lower) < 2 or len(upper) < 2:
        return Markup("")
    corners = _corners([*upper, *reversed(lower)], y)
    return _series(line.place, "", Markup('<polygon class="band" points="{}"/>').format(corners))


def _line(line: Line, y: Scale, digits: int) -> Markup:
    values = ", ".join(
        f"{'clean' if p.severity == 0 else p.severity}: {p.value:.{digits}f}" for p in line.points
    )
    corners = _corners([(p.severity, p.value) for p in line.points], y)
    body = Markup('<polyline class="stroke" points="{}"/>').format(corners)
    if line.place < COLORS:
        body += Markup("").join(
            _mark(line.place, _x(p.severity), _y(p.value, y), _kind(y.side(p.value)))
            for p in line.points
        )
    return _series(line.place, f"{line.name} ({values})", body)


def _corners(points: Iterable[tuple[float, float]], y: Scale) -> str:
    return " ".join(f"{_x(severity):.1f},{_y(value, y):.1f}" for severity, value in points)


def _kind(side: int) -> str:
    return "beyond mark" if side else "mark"


def _mark(place: int, x: float, y: float, kind: str = "mark") -> Markup:
    """Draw one of eight shapes, about 6 units wide, with its center at (x, y)."""
    if place >= COLORS:
        return Markup("")
    if place == 0:
        return Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="3"/>').format(kind, x, y)
    shapes = (
        [(-2.7, -2.7), (2.7, -2.7), (2.7, 2.7), (-2.7, 2.7)],
        [(0, -3.6), (3.4, 2.6), (-3.4, 2.6)],
        [(0, -3.8), (3.8, 0), (0, 3.8), (-3.8, 0)],
        [(0, 3.6), (3.4, -2.6), (-3.4, -2.6)],
        [(-3.6, -1.2), (3.6, -1.2), (3.6, 1.2), (-3.6, 1.2)],
        [(-1.2, -3.6), (1.2, -3.6), (1.2, 3.6), (-1.2, 3.6)],
        [(-3.2, 0), (-1.6, -3), (1.6, -3), (3.2, 0), (1.6, 3), (-1.6, 3)],
    )
    corners = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in shapes[place - 1])
    return Markup('<polygon class="{}" points="{}"/>').format(kind, corners)


def _bar(row: Bar, place: int, x: Scale) -> Markup:
    top = _BAR_ROW * place
    name = row.name if len(row.name) <= 32 else row.name[:31] + "…"
    zero, end = _WIDTH * x.at(0.0), _WIDTH * x.at(row.value)
    left, width = min(zero, end), max(abs(end - zero), 1.0)
    body = Markup(
        '<text class="name" x="0" y="{:.1f}">{}</text>'
        '<text class="value" x="{:g}" y="{:.1f}" text-anchor="end">{}</text>'
        '<rect class="rail" x="0" y="{:.1f}" width="{:g}" height="5" rx="2.5"/>'
        '<rect class="fill" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="5" rx="2.5"/>'
    ).format(
        top + 11,
        name,
        _WIDTH,
        top + 11,
        row.text,
        top + 16,
        _WIDTH,
        left,
        top + 16,
        width,
    )
    return _series(row.place, row.name, body + _break(x.side(row.value), end, top + 16))


def _break(side: int, end: float, top: float) -> Markup:
    """Draw a gap near the end of a bar that is longer than its scale."""
    if not side:
        return Markup("")
    return Markup('<path class="break" d="M{:.1f} {:.1f}l3-7"/>').format(end - 9 * side, top + 6)
