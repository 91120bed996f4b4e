"""The columns of the terminal's table, and how they fit into a width."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from rich import box
from rich.table import Table
from rich.text import Text

from corruptbench.leaderboard.ranking.order import Row, failed
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.status import LETTERS, is_confirmed, kind_of
from corruptbench.leaderboard.text import between

#: Least number of terminal columns for the name of a lifter, and the most before it is wrapped
#: to make room for other columns. Our own choice.
SHORTEST_NAME, LONGEST_NAME = 14, 40
_LETTERS = ("st", "det")  # heads of columns of letters
_EDGES = 2  # terminal columns that the box of a table takes


class Column(NamedTuple):
    """A column of numbers: its head, of one or more lines, and the text of each row."""

    head: str
    texts: list[str]

    @property
    def width(self) -> int:
        """The number of terminal columns, with the space before it."""
        return 1 + max(map(len, (*self.head.splitlines(), *self.texts)), default=0)


def summary(rows: Sequence[Row], letters: Sequence[str]) -> list[Column]:
    """Return the columns of every table, those that matter most first.

    Args:
        rows: of a section.
        letters: for each row the letter of its shards.
    """
    results = [row.result for row in rows]
    columns = [*_statuses(results), Column("det", [*letters]), *_ends(results, "")]
    degradation = [f"{result.errors.degradation:+.1f}" for result in results]
    columns.append(Column("degra-\ndation", degradation))
    if results and results[0].mpjpe is not None:
        columns += _ends(results, "P-MPJPE\n")
    return columns


def corruptions(rows: Sequence[Row], names: Sequence[str], width: int) -> list[Column]:
    """Return a column for each corruption.

    Args:
        rows: of a section.
        names: of the corruptions.
        width: longer words in a head are broken.
    """
    errors = [row.result.errors.corruptions for row in rows]
    return [
        Column(_head(name, width), [f"{e[name]:.1f}" if name in e else "-" for e in errors])
        for name in names
    ]


def further(rows: Sequence[Row]) -> list[Column]:
    """Return the columns of a wide terminal: the interval of the corrupted error, and the size."""
    results = [row.result for row in rows]
    found = [getattr(r, f"{r.main_metric}_intervals", None) for r in results]
    ends = [(i.corrupted.low, i.corrupted.high) if i else (0.0, 0.0) for i in found]
    intervals = [between(*pair) or "-" for pair in ends]
    sizes = [f"{result.lifter.parameters / 1e6:.2f}" for result in results]
    return [Column("corrupted,\n95 % interval", intervals), Column("million\nparameters", sizes)]


def room(rows: Sequence[Row], columns: Sequence[Column], width: int) -> int:
    """Return the terminal columns that are left for names beside these columns."""
    return width - _EDGES - len(_rank_head(rows)) - 1 - sum(column.width for column in columns)


def wanted(rows: Sequence[Row]) -> int:
    """Return the terminal columns that names should have; longer ones are wrapped."""
    longest = max((len(_name(row)) for row in rows), default=0)
    return max(SHORTEST_NAME, min(longest, LONGEST_NAME))


def table(rows: Sequence[Row], columns: Sequence[Column], width: int) -> Table:
    """Return a table of a section; names are wrapped, and numbers stand on their first line."""
    shown = Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False)
    tall = max((column.head.count("\n") for column in columns), default=0)
    shown.add_column(_lowered(_rank_head(rows), tall), justify="right", no_wrap=True)
    shown.add_column(_lowered("lifter", tall), no_wrap=True)
    for column in columns:
        justify: Literal["left", "right"] = "left" if column.head in _LETTERS else "right"
        shown.add_column(_lowered(column.head, tall), justify=justify, no_wrap=True)
    names = max(SHORTEST_NAME, room(rows, columns, width))
    for row, *texts in zip(rows, *(column.texts for column in columns), strict=True):
        style = "dim" if row.rank is None else "bold" if row.rank == 1 else ""
        cells = (rank_text(row), folded(_name(row), names), *texts)
        shown.add_row(*(Text(cell, style=style) for cell in cells))
    return shown


def folded(name: str, width: int) -> str:
    """Return a name on lines of at most ``width``, broken before + and - where possible."""
    lines = [""]
    for part in re.findall("[-+ ]?[^-+ ]+|.", name):
        pieces = [part] if len(part) <= width else re.findall(f".{{1,{width}}}", part)
        for piece in pieces:
            if lines[-1] and len(lines[-1]) + len(piece) > width:
                lines.append("")
            lines[-1] += piece
    return "\n".join(lines)


def rank_text(row: Row) -> str:
    """Return the rank of a row, or a dagger."""
    return "†" if row.rank is None else str(row.rank)


def _rank_head(rows: Sequence[Row]) -> str:
    return "#".rjust(max((len(rank_text(row)) for row in rows), default=1))


def _name(row: Row) -> str:
    return row.result.lifter.name + (" ‡" if failed(row.result) else "")


def _statuses(results: Sequence[Result]) -> list[Column]:
    """Return a column with the status of each row; none where all rows are claimed."""
    letters = [LETTERS[kind_of(result)] for result in results]
    return [Column("st", letters)] if any(map(is_confirmed, results)) else []


def _ends(results: Sequence[Result], prefix: str) -> list[Column]:
    """Return clean and corrupted of the main metric, or of P-MPJPE where the prefix is P."""
    errors = [result.p_mpjpe if prefix else result.errors for result in results]
    clean, corrupted = [e.clean for e in errors], [e.corrupted for e in errors]
    return [
        Column(f"{prefix}clean", [f"{value:.1f}" for value in clean]),
        Column(f"{prefix}corrupted", [f"{value:.1f}" for value in corrupted]),
    ]


def _head(corruption: str, width: int) -> str:
    """Stack the words of a name: "gaussian" over "noise"."""
    return "\n".join(line for word in corruption.split("_") for line in _broken(word, width))


def _broken(word: str, width: int) -> list[str]:
    """Break a word that is too long into lines of about the same length, with hyphens."""
    if len(word) <= width:
        return [word]
    step = math.ceil(len(word) / math.ceil(len(word) / (width - 1)))
    *first, last = (word[start : start + step] for start in range(0, len(word), step))
    return [*(f"{part}-" for part in first), last]


def _lowered(head: str, tall: int) -> str:
    """Return a head with empty lines above it, so that it ends on the last of all heads' lines."""
    return "\n" * (tall - head.count("\n")) + head
