"""Panels of curves against severity, one for each corruption, all on one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd
from markupsafe import Markup

from corruptbench.leaderboard.page import figures, scales
from corruptbench.leaderboard.page.figures import COLORS, Line, Point
from corruptbench.leaderboard.standalone import spaced
from corruptbench.report.averages import clean
from corruptbench.report.families import sentence

#: Of a cell, the ends of the interval of its value.
Bounds = Mapping[tuple[str, int], tuple[float, float]]


class Panel(NamedTuple):
    """A small figure: its title, one sentence, the drawing."""

    title: str
    sentence: str
    figure: Markup


class Key(NamedTuple):
    """A line of a legend."""

    mark: Markup
    text: str


class Series(NamedTuple):
    """What a line of every panel shows: its name, its place among the lines, its cells.

    ``cells`` are those of `averages.means`. The place decides color and mark.
    """

    name: str
    place: int
    cells: pd.Series[float]


def panels(
    series: Sequence[Series], names: Sequence[str], unit: str, bounds: Bounds | None = None
) -> list[Panel]:
    """Draw a panel for each of the named corruptions.

    Args:
        series: the lines of each panel. The clean value of the first is the line of reference.
        names: of corruptions.
        unit: "mm", or "s" or "%", whose scale begins at 0.
        bounds: intervals of the first series.
    """
    values = [float(value) for one in series for value in one.cells]
    edges = [edge for pair in (bounds or {}).values() for edge in pair]
    y = scales.scale([*values, *edges], zero=unit != "mm")
    label = f"{' and '.join(one.name for one in series)} in {unit}"
    return [
        Panel(
            spaced(name),
            sentence(name),
            figures.curves(
                [*(_line(one, name, bounds or {}) for one in series), *_reference(series[0])],
                y,
                f"{label} against the severity of {spaced(name)}",
                digits_of(unit),
            ),
        )
        for name in names
    ]


def legend(series: Sequence[Series]) -> list[Key]:
    """Return the legend of such panels."""
    keys = [Key(figures.mark(one.place), one.name) for one in series]
    return [*keys, *(Key(figures.mark(COLORS), line.name) for line in _reference(series[0]))]


def digits_of(unit: str) -> int:
    """Return how many decimal places are shown of a value."""
    return 2 if unit == "s" else 1


def _line(series: Series, corruption: str, bounds: Bounds) -> Line:
    cells = series.cells
    keys = sorted((k for k in cells.index if k[0] in (corruption, "clean")), key=lambda k: k[1])
    drawn = bounds if series.place == 0 else {}
    points = [Point(k[1], float(cells[k]), *drawn.get(k, (None, None))) for k in keys]
    return Line(series.name, series.place, points)


def _reference(series: Series) -> list[Line]:
    value = clean(series.cells)
    return [] if value is None else [Line("clean", COLORS, [Point(0, value), Point(5, value)])]
