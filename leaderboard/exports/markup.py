"""The rows of a board as tables for a paper: Markdown and LaTeX.

Each section has a table of its own, the main one first. Rows without a rank come last and say why.
Rows may share a rank (see `ties.ranked`). LaTeX needs the package booktabs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from corruptbench.leaderboard.columns import METRIC_COLUMNS
from corruptbench.leaderboard.ranking.notes import notes
from corruptbench.leaderboard.ranking.order import corruption_names, may_be_best
from corruptbench.leaderboard.ranking.placed import Placed
from corruptbench.leaderboard.ranking.ties import MEANING, is_tied
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.text import between, printable

#: What a backslash stands before, or what a character becomes, in LaTeX.
LATEX = {
    **{char: f"\\{char}" for char in "&%$#_{}"},
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip
_MARKDOWN = {char: f"\\{char}" for char in "\\`*_{}[]<>|#&~"}
#: What GitHub makes a link or a mention of, also where a backslash stands before it.
_LINKED = re.compile(r"@|#[0-9]|://|www\.", re.IGNORECASE)
_HEADS = ("#", "Lifter", "Detector", "Clean", "Corrupted", "Degradation")
#: Place of the degradation among the numbers of a row.
_DEGRADATION = 2


def as_markdown(rows: Sequence[Placed]) -> str:
    """Return a table for each section of a benchmark, errors in mm, the best ones in bold."""

    def text(table: Sequence[Placed]) -> str:
        heads, cells = _cells(table, _escaped_markdown, lambda n: f"**{n}**", lambda i: f" ({i})")
        lines = [heads, ["---:", "---", "---", *["---:"] * (len(heads) - 3)], *cells]
        title = _escaped_markdown(_title(table[0]))
        note = [line for told in _notes(table) for line in ("", told)]
        return "\n".join([title, "", *(f"| {' | '.join(line)} |" for line in lines), *note]) + "\n"

    return "\n".join(map(text, _tables(rows)))


def as_latex(rows: Sequence[Placed]) -> str:
    """Return a booktabs table for each section of a benchmark, with 95 % intervals."""

    def text(table: Sequence[Placed]) -> str:
        heads, cells = _cells(table, _escaped_latex, _bold, lambda i: f" {{\\scriptsize {i}}}")
        head, *body = [f"{' & '.join(line)} \\\\" for line in (heads, *cells)]
        return "\n".join([
            f"% {_title(table[0])}", *(f"% {told}" for told in _notes(table)),
            f"\\begin{{tabular}}{{rll{'r' * (len(heads) - 3)}}}",
            "\\toprule", head, "\\midrule", *body, "\\bottomrule", "\\end{tabular}", "",
        ])  # fmt: skip

    return "\n".join(map(text, _tables(rows)))


def _notes(table: Sequence[Placed]) -> Iterator[str]:
    """Yield what explains the ranks."""
    if is_tied([placed.row for placed in table]):
        yield f"{MEANING}."
    yield from (f"{told}." for told in notes([placed.result for placed in table]))


def _tables(rows: Sequence[Placed]) -> list[list[Placed]]:
    """Split rows, which are in the order of their tables, into these."""
    by_table = groupby(rows, lambda placed: (placed.result.benchmark, placed.section))
    return [list(table) for _, table in by_table]


def _cells(
    table: Sequence[Placed],
    escaped: Callable[[str], str],
    bold: Callable[[str], str],
    beside: Callable[[str], str],
) -> tuple[list[str], list[list[str]]]:
    """Return the heads of the columns of a table, and the cells of each row, as text."""
    names = corruption_names([placed.result for placed in table])
    columns = [_numbers(placed.result, names) for placed in table]
    names_of_best = may_be_best([placed.row for placed in table])
    compared = [placed.result.lifter.name in names_of_best for placed in table]
    best = _best([c for c, is_compared in zip(columns, compared, strict=True) if is_compared])
    cells = []
    for row, values, is_compared in zip([p.row for p in table], columns, compared, strict=True):
        is_best = [is_compared and v == b for v, b in zip(values, best, strict=False)]
        texts = [
            bold(f"{v:.1f}") if b else f"{v:.1f}"
            for v, b in zip(values, is_best or [False] * len(values), strict=True)
        ]
        intervals = [beside(i) if i else "" for i in _intervals(row.result)]
        texts[:3] = [f"{t}{i}" for t, i in zip(texts, intervals, strict=False)]
        note = f" ({row.apart})" if row.apart else ""
        place = "" if row.rank is None else str(row.rank)
        about = (row.result.lifter.name + note, row.result.build.detectors)
        cells.append([place, *map(escaped, about), *texts])
    heads = [*_HEADS, *(name.replace("_", " ") for name in names)]
    return [escaped(head) for head in heads], cells


def _best(columns: Sequence[Sequence[float]]) -> list[float]:
    """Return the least number of each column, NaN for the degradation.

    A lifter that is bad on clean video loses little, so the least degradation is not the best.
    """
    least = [min(values) for values in zip(*columns, strict=True)]
    return [math.nan if i == _DEGRADATION else value for i, value in enumerate(least)]


def _numbers(result: Result, names: Sequence[str]) -> list[float]:
    error = result.errors
    missing = float("nan")
    each = [error.corruptions.get(name, missing) for name in names]
    return [error.clean, error.corrupted, error.degradation, *each]


def _intervals(result: Result) -> list[str]:
    """Return the intervals of the first three numbers; nothing for version 2."""
    found = getattr(result, f"{result.main_metric}_intervals", None)
    if found is None:
        return ["", "", ""]
    ends = [getattr(found, part) for part in ("clean", "corrupted", "degradation")]
    return [between(interval.low, interval.high) for interval in ends]


def _title(placed: Placed) -> str:
    mean = METRIC_COLUMNS[placed.result.main_metric]
    benchmark = placed.result.benchmark
    section = f", {placed.section}" if placed.section else ""
    return f"{benchmark.id}, version {benchmark.version}{section}: {mean.label} in {mean.unit}"


def _bold(text: str) -> str:
    return f"\\textbf{{{text}}}"


def _escaped_latex(text: str) -> str:
    return "".join(LATEX.get(char, char) for char in text)


def as_code(text: str) -> str:
    """Return a text as code in a cell of a Markdown table, where it mentions and links nothing."""
    return f"`{printable(text).replace('`', chr(39)).replace('|', chr(92) + '|')}`"


def _escaped_markdown(text: str) -> str:
    if _LINKED.search(text):
        return as_code(text)
    return "".join(_MARKDOWN.get(char, char) for char in text)
