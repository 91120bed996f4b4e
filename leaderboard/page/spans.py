"""The column of the table that draws errors: a ring at the clean one, a dot at the corrupted one.

Each end is a class of a step, and the page's style has a rule for each step. So a row needs no
element for its drawing, and a page of many rows opens faster.
"""

from __future__ import annotations

from typing import NamedTuple

from corruptbench.leaderboard.page.figures import color_class
from corruptbench.leaderboard.page.scales import Scale

#: Steps of the width. Our own choice: one is less than a pixel.
STEPS = 100


class Span(NamedTuple):
    """Hold the classes that draw the two errors of a row, and the same in words."""

    classes: str
    text: str


def span(clean: float, corrupted: float, x: Scale, place: int, text: str) -> Span:
    """Return the drawing of two errors. One beyond an end of the scale is drawn at that end.

    Args:
        clean: error on clean video.
        corrupted: mean error on corrupted video.
        x: the scale of the column.
        place: decides the color.
        text: the same in words.
    """
    start, end = (round(STEPS * x.at(error)) for error in (clean, corrupted))
    return Span(f"{color_class(place)} from-{start} to-{end}", text)


def steps_style() -> str:
    """Return the rules of the steps."""
    return "".join(f".from-{n}{{--x0:{n}}}.to-{n}{{--x1:{n}}}\n" for n in range(STEPS + 1))
