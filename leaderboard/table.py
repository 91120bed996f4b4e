"""The board as a table for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_uppercase

from rich import box
from rich.table import Table
from rich.text import Text

from leaderboard.ranking import Row, corruption_names, rank, shards
from leaderboard.schema import Result

_CUTS = (9, 7, 5)  # characters of each part of a corruption's name in a column's head
_FIXED = 52  # columns of the terminal that all else takes


def as_text(results: Sequence[Result], width: int = 100) -> Table:
    """Return the rows of one benchmark as a table, sorted by mean corrupted MPJPE, in mm.

    Corruptions that do not fit into ``width`` columns are left out, which the caption says.
    Detectors are given as letters that the caption spells out. Rows that do not compare directly
    (other shards, best of several hypotheses) have a dagger for a rank.

    Raises:
        ValueError: the results are of several benchmarks (see `ranking.by_benchmark`).
    """
    rows = rank(results)
    corruptions = corruption_names(results)
    room = max(0, width - _FIXED)
    cut = next((c for c in _CUTS if len(corruptions) * (c + 1) <= room), _CUTS[-1])
    shown = corruptions[: room // (cut + 1)]
    letters = _letters(rows)
    table = Table(
        title=_title(results),
        caption=_caption(rows, letters, shown, len(corruptions)),
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        padding=0,
        pad_edge=False,
    )
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("lifter", overflow="fold", min_width=10)
    table.add_column("det", no_wrap=True)
    for head in ("clean", "corr.", "degr."):
        table.add_column(f"\n{head}", justify="right", no_wrap=True)
    for name in shown:
        table.add_column(_head(name, cut), justify="right", no_wrap=True)
    for head in ("P\nclean", "P\ncorr."):
        table.add_column(head, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*_cells(row, shown, letters))
    return table


def _cells(row: Row, shown: Sequence[str], letters: dict[tuple[str, str, str], str]) -> list[Text]:
    result = row.result
    error = result.mpjpe
    numbers = [f"{error.clean:.1f}", f"{error.corrupted:.1f}", f"{error.degradation:+.1f}"]
    for name in shown:
        value = error.corruptions.get(name)
        numbers.append("-" if value is None else f"{value:.1f}")
    numbers += [f"{result.p_mpjpe.clean:.1f}", f"{result.p_mpjpe.corrupted:.1f}"]
    rank_text = "†" if row.rank is None else str(row.rank)
    style = "dim" if row.rank is None else "bold" if row.rank == 1 else ""
    cells = [rank_text, result.lifter.name, letters[shards(result.build)], *numbers]
    return [Text(cell, style=style) for cell in cells]


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
    return Text(f"{benchmark.id}, version {benchmark.version}: MPJPE in mm, lower is better")


def _caption(
    rows: Sequence[Row],
    letters: dict[tuple[str, str, str], str],
    shown: Sequence[str],
    corruptions: int,
) -> Text:
    lines = []
    if rows:
        lines.append("corr.: mean over corruptions; degr.: corr. less clean; P: P-MPJPE")
    for kind, letter in letters.items():
        detector = "".join(char if char.isprintable() else "?" for char in kind[0])
        lines.append(f"{letter}: {detector}, weights {kind[1][:8]}, pixels {kind[2][:8]}")
    lines += [f"† {row.result.lifter.name}: {row.apart}, not ranked" for row in rows if row.apart]
    if len(shown) < corruptions:
        lines.append(f"{corruptions - len(shown)} more corruptions are on the page")
    return Text("\n".join(lines))
