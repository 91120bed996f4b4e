"""The board as a table for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from string import ascii_uppercase

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from corruptbench.leaderboard.more import hypotheses, prepared, samples
from corruptbench.leaderboard.ranking import (
    Row,
    boxes_of,
    corruption_names,
    failed,
    rank,
    sections,
    shards,
)
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.status import LETTERS, MEANINGS, is_confirmed, kind_of
from corruptbench.leaderboard.text import counted, printable

_SHORTEST, _LONGEST = 5, 10  # characters of each part of a corruption's name in a column's head
_LIFTER = 18  # least number of terminal columns for rank and lifter


def as_text(results: Sequence[Result], width: int = 80) -> Group:
    """Return the rows of one benchmark as two tables, sorted by mean corrupted MPJPE, in mm.

    The first table is a summary, the second has a column for each corruption. Lifters of several
    hypotheses have a third table, of the best and the mean of these. All fit into ``width`` columns
    (80 or more). The caption says how many corruptions did not fit, and explains the letters of the
    detectors, and of the status where a row is not claimed. Rows without a rank (see
    `ranking.rank`) have a dagger instead, and the caption says why. Lifters of unknown units have
    two tables of their own, in P-MPJPE, and so have rows on the boxes of a person detector.

    Raises:
        ValueError: the results belong to several benchmarks (see `ranking.by_benchmark`).
    """
    if len({result.benchmark for result in results}) > 1:
        raise ValueError("results of different benchmarks do not share a table")
    return Group(*(_section(section, width) for section in sections(results) or [[]]))


def _section(results: Sequence[Result], width: int) -> Group:
    rows = rank(results)
    corruptions = corruption_names(results)
    room = width - _LIFTER
    cut = max(_SHORTEST, min(_LONGEST, room // max(1, len(corruptions)) - 1))
    shown = corruptions[: room // (cut + 1)]
    letters = _letters(rows)
    summary = _table()
    status = any(map(is_confirmed, results))
    for head in ("st", "det") if status else ("det",):
        summary.add_column(head, no_wrap=True)
    in_mm = bool(rows) and rows[0].result.mpjpe is not None
    for head in ("clean", "corr.", "degr.", *(("P clean", "P corr.") if in_mm else ())):
        summary.add_column(head, justify="right", no_wrap=True)
    each = _table()
    for name in shown:
        each.add_column(_head(name, cut), justify="right", no_wrap=True)
    for row in rows:
        letter = [LETTERS[kind_of(row.result)]] if status else []
        _add(summary, row, [*letter, letters[shards(row.result.build)], *_summary(row.result)])
        errors = row.result.errors.corruptions
        _add(each, row, [f"{errors[n]:.1f}" if n in errors else "-" for n in shown])
    tables = [summary, *([each] if shown else []), *_hypotheses(rows)]
    return Group(_title(results), *tables, _caption(rows, letters, shown, len(corruptions)))


def _table() -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=0, pad_edge=False)
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("lifter", overflow="fold", min_width=14)
    return table


def _hypotheses(rows: Sequence[Row]) -> Iterator[Table]:
    """Yield a table with a line for each metric of several hypotheses, named by their number."""
    blocks = [(row.result.lifter.name, found) for row in rows if (found := hypotheses(row.result))]
    if not blocks:
        return
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("lifter", overflow="fold", min_width=14)
    table.add_column("of several poses", no_wrap=True)
    for head in blocks[0][1].heads[1:]:
        table.add_column(head, justify="right", no_wrap=True)
    for name, block in blocks:
        for line in block.lines:
            table.add_row(*(Text(cell) for cell in (name, *line)))
    yield table


def _summary(result: Result) -> list[str]:
    error, aligned = result.errors, result.p_mpjpe
    numbers = [f"{error.clean:.1f}", f"{error.corrupted:.1f}", f"{error.degradation:+.1f}"]
    both = [f"{aligned.clean:.1f}", f"{aligned.corrupted:.1f}"]
    return numbers + (both if error is not aligned else [])


def _add(table: Table, row: Row, cells: Sequence[str]) -> None:
    rank_text = "†" if row.rank is None else str(row.rank)
    style = "dim" if row.rank is None else "bold" if row.rank == 1 else ""
    name = row.result.lifter.name + (" ‡" if failed(row.result) else "")
    table.add_row(*(Text(cell, style=style) for cell in (rank_text, name, *cells)))


def _letters(rows: Sequence[Row]) -> dict[tuple[str, str, str], str]:
    """Name each set of shards by a letter, those of the ranked rows first."""
    ranked_first = sorted(rows, key=lambda row: row.rank is None)
    kinds = dict.fromkeys(shards(row.result.build) for row in ranked_first)
    names = [*ascii_uppercase, *(f"{a}{b}" for a in ascii_uppercase for b in ascii_uppercase)]
    return dict(zip(kinds, names, strict=False))


def _head(corruption: str, cut: int) -> str:
    """Stack the parts of a name, each cut short: "gaussian" over "noise"."""
    parts = [part[:cut] for part in corruption.split("_")]
    return "\n".join([""] * (2 - len(parts)) + parts[:2])


def _title(results: Sequence[Result]) -> Text:
    if not results:
        return Text("No results")
    benchmark = results[0].benchmark
    told = "MPJPE in mm, lower is better" if results[0].mpjpe else "P-MPJPE in mm, units unknown"
    boxes = f"\nboxes by {boxes_of(results[0])}" if boxes_of(results[0]) else ""
    return Text(f"{benchmark.id}, version {benchmark.version}: {told}{boxes}", style="italic")


def _statuses(rows: Sequence[Row]) -> list[str]:
    """Explain the letters of the status; nothing where all rows are claimed."""
    found = {kind_of(row.result) for row in rows}
    letters = [
        f"{LETTERS[kind]}: {kind}, {text}" for kind, text in MEANINGS.items() if kind in found
    ]
    return letters if any(is_confirmed(row.result) for row in rows) else []


def _caption(
    rows: Sequence[Row],
    letters: dict[tuple[str, str, str], str],
    shown: Sequence[str],
    corruptions: int,
) -> Text:
    lines = []
    if rows:
        aligned = "; P: P-MPJPE" if rows[0].result.mpjpe else ""
        lines.append(f"corr.: mean over corruptions; degr.: corr. minus clean{aligned}")
    for kind, letter in letters.items():
        detector = printable(kind[0])
        lines.append(f"{letter}: {detector}, weights {kind[1][:8]}, pixels {kind[2][:8]}")
    lines += _statuses(rows)
    lines += [
        f"{row.result.lifter.name}: mean over {drawn}"
        for row in rows
        if (drawn := samples(row.result))
    ]
    lines += [f"{row.result.lifter.name}: {told}" for row in rows if (told := prepared(row.result))]
    lines += [f"† {row.result.lifter.name}: {row.apart}, not ranked" for row in rows if row.apart]
    if any(failed(row.result) for row in rows):
        lines.append("‡: failed a probe, which was allowed")
    if len(shown) < corruptions:
        lines.append(f"{counted(corruptions - len(shown), 'more corruption')}: see the page")
    return Text("\n".join(lines))
