"""The rows of a whole board, each with its place: its table, and its rank there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from corruptbench.leaderboard.ranking import Row, boxes_of, by_benchmark, rank, sections
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.superseding import superseded


class Placed(NamedTuple):
    """A row and its table.

    Attributes:
        section: what the rows of the table have in common that those of the main one do not have;
            empty for the main one.
        row: with its rank in that table.
        superseded_by: name of the newer row of the same authors, if there is one.
    """

    section: str
    row: Row
    superseded_by: str | None = None

    @property
    def result(self) -> Result:
        """The result of the row."""
        return self.row.result

    @property
    def standing(self) -> str:
        """The rank, or that there is none and why."""
        return f"rank {self.row.rank}" if self.row.rank else f"not ranked: {self.row.apart}"


def placed_rows(results: Sequence[Result]) -> list[Placed]:
    """Return the rows of any benchmarks in the order of their tables."""
    return [
        Placed(_title(section[0]), row, newer.get(row.result.lifter.name))
        for rows in by_benchmark(results).values()
        for section in sections(rows)
        for newer in [superseded(section)]
        for row in rank(section)
    ]


def _title(result: Result) -> str:
    units = "" if result.lifter.has_units else "units unknown"
    boxes = f"boxes by {boxes_of(result)}" if boxes_of(result) else ""
    return ", ".join(filter(None, (units, boxes)))
