"""The color behind a number: a step between that of the least and that of the greatest number."""

from __future__ import annotations

#: Steps of the color.
HOTTEST = 6


def heat(value: float, least: float, most: float) -> int:
    """Return the step of a value, 0 for the least to `HOTTEST` for the greatest.

    A value beyond an end has the step of that end.
    """
    kept = min(max(value, least), most)
    return round(HOTTEST * (kept - least) / (most - least)) if most > least else 0
