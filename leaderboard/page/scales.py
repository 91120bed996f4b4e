"""Scales of figures, with round ends."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

#: By this share of its range a value may lie beyond an end, as ticks are rounded.
_SLACK = 1e-9


class Scale(NamedTuple):
    """A range of values with round ends, and the values of its ticks."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        """Return the position of a value from 0 to 1; that of an end for a value beyond it."""
        return min(max(self._at(value), 0.0), 1.0)

    def side(self, value: float) -> int:
        """Return -1 for a value below the range, 1 for one above it, and 0 for one inside."""
        at = self._at(value)
        return int(at > 1 + _SLACK) - int(at < -_SLACK)

    def _at(self, value: float) -> float:
        return (value - self.low) / (self.high - self.low)


def scale(values: Iterable[float], zero: bool = False, steps: int = 4) -> Scale:
    """Return a scale with round ticks that contains all values.

    Args:
        values: any numbers; without any, the scale is 0 to 1.
        zero: whether the scale must contain 0 too.
        steps: approximate number of steps between ticks.
    """
    kept = [*values, 0.0] if zero else list(values)
    low, high = (min(kept), max(kept)) if kept else (0.0, 1.0)
    spread = high - low if high > low else max(abs(high), 1.0) * 0.1
    power = 10.0 ** math.floor(math.log10(spread / steps))
    step = power * next(unit for unit in (1, 2, 5, 10) if unit * power * steps >= spread * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    last = max(last, first + 1)
    ticks = tuple(count * step for count in range(first, last + 1))
    return Scale(ticks[0], ticks[-1], ticks)
