"""Paired differences of the rows of a board, for its page.

The intervals are those of `compare.compare`. Its p values are left out: they need a correction for
what is compared, and a page does not know what its reader compares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from corruptbench.leaderboard.board.folder import RESULT_FILE, row_path
from corruptbench.leaderboard.comparison.comparable import pair_problems
from corruptbench.leaderboard.comparison.compare import numbers_of
from corruptbench.leaderboard.problem import SubmissionError
from corruptbench.leaderboard.ranking.order import by_benchmark, rank
from corruptbench.leaderboard.ranking.sections import sections
from corruptbench.leaderboard.referee import inspection
from corruptbench.leaderboard.referee.inspection import Scored
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.statistics.wide import TAILS, Array, Wide, cell_means, widen

#: The rows of a section whose pairs a page holds, the best ones. Our own choice: 190 pairs of 11
#: numbers are 70 kB of a page.
MOST_PAIRED = 20


class PairedDifference(NamedTuple):
    """Second minus first, in mm, and the 95 % interval from the bootstrap over takes."""

    difference: float
    low: float
    high: float


#: By the digests of the clips tables of two rows: the differences of clean, corrupted, degradation
#: and each corruption, in their main metric.
Paired = Mapping[tuple[str, str], Mapping[str, PairedDifference]]
NOT_PAIRED: Paired = MappingProxyType({})


class _Entry(NamedTuple):
    """A row with its numbers (M,), and the same in each resample (R, M)."""

    scored: Scored
    wide: Wide
    names: Sequence[str]
    numbers: Array
    drawn: Array


def read_paired(results: Sequence[Result], board: Path) -> Paired:
    """Compare each two of the best `MOST_PAIRED` rows of each section of a board.

    Rows whose tables cannot be read, or that do not compare with the best row, are in no pair.

    Args:
        results: rows of the board.
        board: its folder.
    """
    found: dict[tuple[str, str], Mapping[str, PairedDifference]] = {}
    for rows in by_benchmark(results).values():
        for section in sections(rows):
            best = [row.result for row in rank(section.results) if not row.apart][:MOST_PAIRED]
            entries = [_entry(result, board) for result in best]
            found |= _pairs([entry for entry in entries if entry])
    return found


def _pairs(entries: Sequence[_Entry]) -> dict[tuple[str, str], Mapping[str, PairedDifference]]:
    return {
        (a.scored.result.clips_sha256, b.scored.result.clips_sha256): _differences(a, b)
        for a, b in combinations([e for e in entries if _fits(entries[0], e)], 2)
    }


def _fits(first: _Entry, other: _Entry) -> bool:
    same = first.names == other.names and first.wide.cells == other.wide.cells
    return same and not any(pair_problems(first.scored, other.scored, first.wide, other.wide))


def _entry(result: Result, board: Path) -> _Entry | None:
    try:
        scored = inspection.read(row_path(result, board) / RESULT_FILE)
        wide = widen(scored.table, result.scoring.average)
        names, weights = numbers_of(wide)
    except (SubmissionError, OSError, ValueError):
        return None
    once, drawn = (
        cell_means(wide, result.main_metric, counts) @ weights
        for counts in (wide.once, wide.resamples)
    )
    return _Entry(scored, wide, names, once[0], drawn)


def _differences(first: _Entry, second: _Entry) -> dict[str, PairedDifference]:
    ends = np.quantile(second.drawn - first.drawn, TAILS, axis=0)
    columns = np.array([second.numbers - first.numbers, *ends]).T.tolist()
    return {
        name: PairedDifference(*column) for name, column in zip(first.names, columns, strict=True)
    }
