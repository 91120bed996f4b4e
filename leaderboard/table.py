"""The board as a table for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from string import ascii_uppercase

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from corruptbench.leaderboard import table_columns
from corruptbench.leaderboard.all_numbers import hypotheses, prepared, samples
from corruptbench.leaderboard.columns import METRIC_COLUMNS
from corruptbench.leaderboard.ranking.notes import notes
from corruptbench.leaderboard.ranking.order import Row, corruption_names, failed
from corruptbench.leaderboard.ranking.reference_shards import shards
from corruptbench.leaderboard.ranking.sections import Section, sections
from corruptbench.leaderboard.ranking.superseding import said_only
from corruptbench.leaderboard.ranking.ties import MEANING, Resampled, is_tied, ranked
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.status import (
    LETTERS,
    MEANINGS,
    is_confirmed,
    kind_of,
)
from corruptbench.leaderboard.table_columns import Column, folded
from corruptbench.leaderboard.text import counted, printable

_SHORTEST, _LONGEST = 5, 10  # longest word of a corruption's name in a column's head
_LIFTER = 18  # least number of terminal columns for rank and lifter
_NAME = 24  # terminal columns of a name in the table of several hypotheses


def as_text(
    results: Sequence[Result], width: int = 80, resampled: Mapping[str, Resampled] | None = None
) -> Group:
    """Return the rows of one benchmark as tables, sorted by mean corrupted MPJPE, in mm.

    Each section (see `sections.sections`) has a summary and a table with a column for each
    corruption, or one table with both where the width permits. Lifters of several hypotheses have a
    further table, of the best and the mean of these. All fit into ``width`` columns (80 or more),
    and long names are wrapped. The caption says how many corruptions did not fit, and explains the
    letters of the detectors, and of the status where a row is not claimed. Rows without a rank (see
    `ranking.rank`) have a dagger instead, and the caption says why. Lifters of unknown units are
    ranked in P-MPJPE.

    Args:
        results: of one benchmark.
        width: of the terminal.
        resampled: from `resampling.read_resampled`; without it no rows are tied.

    Raises:
        ValueError: the results belong to several benchmarks (see `ranking.by_benchmark`).
    """
    if len({result.benchmark for result in results}) > 1:
        raise ValueError("results of different benchmarks do not share a table")
    if not results:
        return Group(Text("No results"))
    first, *others = (_section(section, width, resampled) for section in sections(results))
    return Group(first, *(Group("", section) for section in others))


def _section(section: Section, width: int, resampled: Mapping[str, Resampled] | None) -> Group:
    rows = ranked(section.results, resampled)
    letters = _letters(rows)
    names = corruption_names(section.results)
    summary = table_columns.summary(rows, [letters[shards(row.result.build)] for row in rows])
    tables, hidden = _tables(rows, summary, names, width)
    return Group(
        _title(section),
        *(table_columns.table(rows, columns, width) for columns in tables if columns),
        *_hypotheses(rows),
        _caption(rows, letters, hidden),
    )


def _tables(
    rows: Sequence[Row], summary: list[Column], names: Sequence[str], width: int
) -> tuple[list[list[Column]], int]:
    """Return the columns of each table, and the number of corruptions that do not fit."""
    every = [*summary, *table_columns.corruptions(rows, names, _LONGEST)]
    if table_columns.room(rows, every, width) >= table_columns.wanted(rows):
        return [_widened(rows, every, width)], 0
    space = width - _LIFTER
    wide = max(_SHORTEST, min(_LONGEST, space // max(1, len(names)) - 1))
    shown = names[: space // (wide + 1)]
    each = table_columns.corruptions(rows, shown, wide)
    return [_widened(rows, summary, width), each], len(names) - len(shown)


def _widened(rows: Sequence[Row], columns: list[Column], width: int) -> list[Column]:
    """Return the columns and as many further ones as a wide terminal has room for."""
    for column in table_columns.further(rows):
        if table_columns.room(rows, [*columns, column], width) >= table_columns.wanted(rows):
            columns = [*columns, column]
    return columns


def _hypotheses(rows: Sequence[Row]) -> Iterator[Table]:
    """Yield a table with a line for each metric of several hypotheses, named by their number."""
    blocks = [(row.result.lifter.name, found) for row in rows if (found := hypotheses(row.result))]
    if not blocks:
        return
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("lifter", no_wrap=True)
    table.add_column("of several poses", no_wrap=True)
    for head in blocks[0][1].heads[1:]:
        table.add_column(head, justify="right", no_wrap=True)
    for name, block in blocks:
        for line in block.lines:
            table.add_row(*(Text(cell) for cell in (folded(name, _NAME), *line)))
    yield table


def _letters(rows: Sequence[Row]) -> dict[tuple[str, str, str], str]:
    """Name each set of shards by a letter, those of the ranked rows first."""
    ranked_first = sorted(rows, key=lambda row: row.rank is None)
    kinds = dict.fromkeys(shards(row.result.build) for row in ranked_first)
    names = [*ascii_uppercase, *(f"{a}{b}" for a in ascii_uppercase for b in ascii_uppercase)]
    return dict(zip(kinds, names, strict=False))


def _title(section: Section) -> Text:
    first = section.results[0]
    metric = METRIC_COLUMNS[first.main_metric].label
    title = f"{first.benchmark.id}, version {first.benchmark.version}: {metric} in mm"
    kind = f"\n{printable(section.title)}" if section.title else ""
    return Text(f"{title}, lower is better{kind}", style="italic")


def _statuses(rows: Sequence[Row]) -> list[str]:
    """Explain the letters of the status; nothing where all rows are claimed."""
    found = {kind_of(row.result) for row in rows}
    letters = [
        f"st {LETTERS[kind]}: {kind}, {text}" for kind, text in MEANINGS.items() if kind in found
    ]
    return letters if any(is_confirmed(row.result) for row in rows) else []


def _caption(rows: Sequence[Row], letters: dict[tuple[str, str, str], str], hidden: int) -> Text:
    lines = ["corrupted: mean over corruptions; degradation: corrupted minus clean"]
    if is_tied(rows):
        lines.append(MEANING)
    for kind, letter in letters.items():
        detector = printable(kind[0])
        lines.append(f"det {letter}: {detector}, weights {kind[1][:8]}, pixels {kind[2][:8]}")
    lines += _statuses(rows)
    lines += notes([row.result for row in rows])
    lines += [
        f"{row.result.lifter.name}: mean over {drawn}"
        for row in rows
        if (drawn := samples(row.result))
    ]
    lines += [f"{row.result.lifter.name}: {told}" for row in rows if (told := prepared(row.result))]
    lines += [
        f"{row.result.lifter.name}: says that it supersedes {old}, not confirmed"
        for row in rows
        if (old := said_only(row.result))
    ]
    lines += [f"† {row.result.lifter.name}: {row.apart}, not ranked" for row in rows if row.apart]
    if any(failed(row.result) for row in rows):
        lines.append("‡: failed a probe, which was allowed")
    if hidden:
        lines.append(f"{counted(hidden, 'more corruption')}: see the page")
    return Text("\n".join(lines))
