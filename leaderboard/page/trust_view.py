"""Compute what the page shows of how far a row can be trusted, and of the rows around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corruptbench.leaderboard.ranking.superseding import (
    author_key,
    history,
    rows_by_authors,
    said_only,
    superseded,
)
from corruptbench.leaderboard.ranking.twins import doubtful
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.status import MEANINGS, kind_of
from corruptbench.leaderboard.text import counted, listed


@dataclass(frozen=True)
class Trust:
    """What the page says of one row.

    Attributes:
        kind: "claimed", "re-scored" or "verified".
        told: the same with date, version, and what it proves.
        history: names of the row, of those that it supersedes and of those that supersede it,
            oldest first; empty for a row without others.
        same: names of other rows that state the same model or numbers, none of which is verified,
            in words; nothing without such rows.
        says: name of the row that a claimed row says it supersedes; empty for other rows.
        author_rows: how many rows of the board its authors have, in words; nothing without authors.
    """

    kind: str
    told: str
    history: Sequence[str]
    same: str
    says: str
    author_rows: str


def trust(results: Sequence[Result], board: Sequence[Result]) -> dict[str, Trust]:
    """Return what the page says of each row of a table, by name.

    Args:
        results: rows of one table.
        board: all rows of the board, with these.
    """
    newer, counts = superseded(results), rows_by_authors(board)
    same = doubtful(results)
    return {
        result.lifter.name: Trust(
            kind=kind_of(result),
            told=f"{result.status or kind_of(result)}: {MEANINGS[kind_of(result)]}",
            history=_several(history(result.lifter.name, newer)),
            same=listed(same.get(result.lifter.name, ())),
            says=said_only(result),
            author_rows=counted(counts[key], "row") if (key := author_key(result)) else "",
        )
        for result in results
    }


def _several(names: list[str]) -> list[str]:
    return names if len(names) > 1 else []
