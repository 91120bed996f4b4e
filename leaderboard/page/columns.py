"""The columns of numbers in the page's tables, and the number of a result in each of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np

from corruptbench.leaderboard.columns import Metric
from corruptbench.leaderboard.schema import Result

#: What the columns of a group are means over. A reader sees the first and one of the others.
Group = Literal["total", "corruption", "family", "severity"]
#: The columns of the first group, in their order.
TOTALS = ("clean", "corrupted", "degradation")
SEVERITIES = range(1, 6)
#: Longer words in the head of a column are broken. Our own choice.
MOST_LETTERS = 14


class Column(NamedTuple):
    """A column of numbers.

    Attributes:
        key: names it in the page's address.
        label: its head.
        group: the columns among which it is shown.
        corruptions: those that its number is a mean over; empty for a total and for a severity.
    """

    key: str
    label: str
    group: Group
    corruptions: tuple[str, ...] = ()

    @property
    def letters(self) -> int:
        """The length of the longest word of the head, which decides the width of the column."""
        return min(max(map(len, self.label.split()), default=0), MOST_LETTERS)


def columns(corruptions: Sequence[str], families: Mapping[str, str]) -> list[Column]:
    """Return the columns of a benchmark: totals, corruptions, families and severities.

    Args:
        corruptions: names in the order of the columns.
        families: the family of each corruption. Without that of each one, no family has a column.
    """
    found = [Column(name, name, "total") for name in TOTALS]
    found += [Column(n, n.replace("_", " "), "corruption", (n,)) for n in corruptions]
    if set(corruptions) <= families.keys():
        for family in dict.fromkeys(families[name] for name in corruptions):
            members = tuple(name for name in corruptions if families[name] == family)
            found.append(Column(re.sub(r"\W+", "-", family), family, "family", members))
    return found + [Column(f"severity-{s}", f"severity {s}", "severity") for s in SEVERITIES]


def value(metric: Metric, result: Result, column: Column) -> float | None:
    """Return the number of a result in a column; None if it lacks one of the corruptions."""
    error = getattr(result, metric)
    if column.group == "total":
        return float(getattr(error, column.key))
    if column.group == "severity":
        severity = int(column.key.removeprefix("severity-"))
        return _mean([getattr(c, metric) for c in result.cells if c.severity == severity])
    found = [error.corruptions.get(name) for name in column.corruptions]
    return None if None in found else _mean(found)


def _mean(values: Sequence[float | None]) -> float | None:
    """Return the plain mean; None without any value. One value is returned as it is."""
    return float(np.mean(np.array(values, float))) if values else None
