r"""The rows of a board as text for a paper or a spreadsheet: Markdown, LaTeX and CSV.

Rows without a rank come last and say why. LaTeX needs the package booktabs.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence

from corruptbench.leaderboard.columns import METRIC_COLUMNS, METRICS
from corruptbench.leaderboard.ranking import Row, by_benchmark, corruption_names, rank, sections
from corruptbench.leaderboard.schema import Interval, Result

#: What a backslash stands before, or what a character becomes, in LaTeX.
_LATEX = {
    **{char: f"\\{char}" for char in "&%$#_{}"},
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip
_MARKDOWN = {char: f"\\{char}" for char in "\\`*_{}[]<>|#"}
_HEADS = ("#", "Lifter", "Detector", "Clean", "Corrupted", "Degradation")


def as_csv(results: Sequence[Result]) -> str:
    """Return one line for each row of any benchmarks, with every metric of the board, unrounded.

    Columns: benchmark, version, rank (empty without one), note (why), lifter, detector, parameters,
    and for each metric its clean and corrupted mean and the mean of each corruption, mm.
    """
    names = corruption_names(results)
    parts = ("clean", "corrupted", *names)
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    about = ("benchmark", "version", "rank", "note", "lifter", "detector", "parameters")
    writer.writerow([*about, *(f"{metric}_{part}" for metric in METRICS for part in parts)])
    for row in _rows(results):
        result = row.result
        benchmark = result.benchmark
        writer.writerow([
            benchmark.id, benchmark.version, row.rank, row.apart, result.lifter.name,
            _no_formula(result.build.detectors), result.lifter.parameters,
            *(value for metric in METRICS for value in _means(result, metric, names)),
        ])  # fmt: skip
    return sink.getvalue()


def as_markdown(results: Sequence[Result]) -> str:
    """Return a table for each section of a benchmark, errors in mm, the best ones in bold."""

    def text(section: Sequence[Row], head: list[str], cells: list[list[str]]) -> str:
        lines = [head, ["---:", "---", "---", *["---:"] * (len(head) - 3)], *cells]
        title = _title(section[0].result, _escaped_markdown)
        return "\n".join([title, "", *(f"| {' | '.join(line)} |" for line in lines)]) + "\n"

    return "\n".join(
        text(*_table(section, _escaped_markdown, lambda n: f"**{n}**", lambda i: f" ({i})"))
        for section in map(rank, sections(results))
    )


def as_latex(results: Sequence[Result]) -> str:
    """Return a booktabs table for each section of a benchmark, with 95 % intervals."""

    def text(section: Sequence[Row], head: list[str], cells: list[list[str]]) -> str:
        def line(parts: list[str]) -> str:
            return f"{' & '.join(parts)} \\\\"

        return "\n".join([
            f"% {_title(section[0].result, str)}",
            f"\\begin{{tabular}}{{rll{'r' * (len(head) - 3)}}}",
            "\\toprule", line(head), "\\midrule", *map(line, cells), "\\bottomrule",
            "\\end{tabular}", "",
        ])  # fmt: skip

    return "\n".join(
        text(*_table(section, _escaped_latex, _bold, lambda i: f" {{\\scriptsize {i}}}"))
        for section in map(rank, sections(results))
    )


def _table(
    section: list[Row],
    escaped: Callable[[str], str],
    bold: Callable[[str], str],
    beside: Callable[[str], str],
) -> tuple[list[Row], list[str], list[list[str]]]:
    """Return the rows of a section, the heads of the columns, and the cells as text."""
    names = corruption_names([row.result for row in section])
    columns = [_numbers(row.result, names) for row in section]
    ranked = [c for row, c in zip(section, columns, strict=True) if row.rank is not None]
    best = [min(values) for values in zip(*ranked, strict=True)] if ranked else []
    cells = []
    for row, values in zip(section, columns, strict=True):
        is_best = [row.rank is not None and v == b for v, b in zip(values, best, strict=False)]
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
    return section, [escaped(head) for head in heads], cells


def _rows(results: Sequence[Result]) -> list[Row]:
    every = by_benchmark(results).values()
    return [row for rows in every for section in sections(rows) for row in rank(section)]


def _no_formula(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _means(result: Result, metric: str, names: Sequence[str]) -> list[float | None]:
    error = getattr(result, metric)
    if error is None:
        return [None] * (2 + len(names))
    return [error.clean, error.corrupted, *(error.corruptions.get(name) for name in names)]


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
    return [_interval(getattr(found, part)) for part in ("clean", "corrupted", "degradation")]


def _interval(interval: Interval) -> str:
    return f"{interval.low:.1f} to {interval.high:.1f}" if interval.low < interval.high else ""


def _title(result: Result, escaped: Callable[[str], str]) -> str:
    mean = METRIC_COLUMNS[result.main_metric]
    benchmark = result.benchmark
    return escaped(f"{benchmark.id}, version {benchmark.version}: {mean.label} in {mean.unit}")


def _bold(text: str) -> str:
    return f"\\textbf{{{text}}}"


def _escaped_latex(text: str) -> str:
    return "".join(_LATEX.get(char, char) for char in text)


def _escaped_markdown(text: str) -> str:
    return "".join(_MARKDOWN.get(char, char) for char in text)
