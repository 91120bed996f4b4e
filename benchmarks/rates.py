"""Crops per second of functions that take turns, by wall time and by processor time."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple


class Rate(NamedTuple):
    """Crops per second, or the ratio of two such rates. Beside other work the second one holds."""

    wall: float
    processor: float

    def __str__(self) -> str:
        """Return both, the second in brackets."""
        return " ".join([_short(self.wall), f"({_short(self.processor)})"])


Rates = dict[str, list[Rate]]


def rates(contestants: dict[str, Callable[[], int]], rounds: int) -> Rates:
    """Return the rates of functions that take turns, by round; each returns its number of crops."""
    for run in contestants.values():
        run()  # compiles
    found: Rates = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            wall, processor = time.perf_counter(), time.process_time()
            crops = run()
            processor, wall = time.process_time() - processor, time.perf_counter() - wall
            found[name].append(Rate(crops / wall, crops / processor))
    return found


def median(rounds: list[Rate]) -> Rate:
    """Return the medians over the rounds."""
    return Rate(*map(statistics.median, zip(*rounds, strict=True)))


def ratio(found: Rates, of: str, to: str) -> Rate:
    """Return the medians over the rounds of one rate to another."""
    pairs = zip(found[of], found[to], strict=True)
    return median([Rate(a.wall / b.wall, a.processor / b.processor) for a, b in pairs])


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 200 else f"{value:.1f}"
