"""The rows of a whole board, each with its place: its table, and its rank there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from corruptbench.leaderboard.ranking.order import Row, by_benchmark
from corruptbench.leaderboard.ranking.sections import sections
from corruptbench.leaderboard.ranking.superseding import superseded
from corruptbench.leaderboard.ranking.ties import Resampled, ranked
from corruptbench.leaderboard.ranking.twins import doubtful
from corruptbench.leaderboard.schema import Result


class Placed(NamedTuple):
    """A row and its table.

    Attributes:
        section: title of the table, see `sections.Section`; empty for the main one.
        row: with its rank in that table.
        superseded_by: name of the newer row of the same authors, if there is one.
        same_as: names of the other rows of the table that state the same model or numbers, where
            none is verified (see `twins.doubtful`).
    """

    section: str
    row: Row
    superseded_by: str | None = None
    same_as: Sequence[str] = ()

    @property
    def result(self) -> Result:
        """The result of the row."""
        return self.row.result

    @property
    def rank_or_reason(self) -> str:
        """The rank, or that there is none and why."""
        return f"rank {self.row.rank}" if self.row.rank else f"not ranked: {self.row.apart}"


def placed_rows(
    results: Sequence[Result], resampled: Mapping[str, Resampled] | None = None
) -> list[Placed]:
    """Return the rows of any benchmarks in the order of their tables.

    Args:
        results: rows of a board.
        resampled: from `resampling.read_resampled`; without it no rows are tied.
    """
    return [
        Placed(title, row, newer.get(row.result.lifter.name), same.get(row.result.lifter.name, ()))
        for rows in by_benchmark(results).values()
        for title, section in sections(rows)
        for newer, same in [(superseded(section), doubtful(section))]
        for row in ranked(section, resampled)
    ]
