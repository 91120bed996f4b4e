"""Compute what the page shows from the results."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from corruptbench.leaderboard import figure_view, figures, page_columns
from corruptbench.leaderboard.board import row_path
from corruptbench.leaderboard.columns import METRIC_COLUMNS, METRICS, Metric
from corruptbench.leaderboard.compare_view import paired_data
from corruptbench.leaderboard.figure_view import DRAWN, drawn
from corruptbench.leaderboard.lifter_view import lifter_view
from corruptbench.leaderboard.more import prepared, samples
from corruptbench.leaderboard.numbers import Aggregate
from corruptbench.leaderboard.page_columns import Column
from corruptbench.leaderboard.page_records import (
    HOTTEST,
    BenchmarkView,
    Heading,
    MetricView,
    Number,
    TableRow,
)
from corruptbench.leaderboard.paired import NOT_PAIRED, Paired
from corruptbench.leaderboard.protocol import protocol
from corruptbench.leaderboard.ranking import (
    Row,
    boxes_of,
    by_benchmark,
    corruption_names,
    marks,
    rank,
    sections,
)
from corruptbench.leaderboard.scatter import scatter
from corruptbench.leaderboard.schema import (
    Benchmark,
    Interval,
    Result,
)
from corruptbench.leaderboard.text import counted, signed
from corruptbench.leaderboard.trust_view import Trust, trust

#: Place of the degradation among the numbers of a row.
_DEGRADATION = 2
_MINUS = "\N{MINUS SIGN}"

#: The metrics with tables and figures in the section of unknown units.
_WITHOUT_UNITS: tuple[Metric, ...] = ("p_mpjpe", "n_mpjpe")

_ROOTS = {"subtract": "subtracted", "as-predicted": "as predicted"}


def benchmark_views(
    results: Sequence[Result],
    manifests: Mapping[str, Mapping[str, object]],
    paired: Paired = NOT_PAIRED,
) -> list[BenchmarkView]:
    """Compute what the page shows of each section of each benchmark, sorted by its id.

    Lifters of unknown units and rows on other boxes have sections (see `ranking.sections`).

    Args:
        results: results of any benchmarks.
        manifests: by benchmark id, exactly the fields of `Heading`. A benchmark without a manifest
            is titled by its id, with the corruptions in the order of its results.
        paired: differences of rows, of `paired.read_paired`.

    Raises:
        ValueError: a manifest has other fields or types (pydantic's ValidationError).
    """
    headings = {key: Heading.model_validate(fields) for key, fields in manifests.items()}
    split = [
        (benchmark, section)
        for benchmark, rows in by_benchmark(results).items()
        for section in sections(rows)
    ]
    return [
        _benchmark_view(
            number,
            benchmark,
            rows,
            headings.get(benchmark.id) or _heading(benchmark, rows),
            paired,
            trust(rows, results),
        )
        for number, (benchmark, rows) in enumerate(split)
    ]


def _heading(benchmark: Benchmark, results: Sequence[Result]) -> Heading:
    return Heading(title=benchmark.id, corruptions=tuple(corruption_names(results)))


def _benchmark_view(
    number: int,
    benchmark: Benchmark,
    results: Sequence[Result],
    heading: Heading,
    paired: Paired,
    trusted: Mapping[str, Trust],
) -> BenchmarkView:
    rows = rank(results)
    places = {row.result.lifter.name: place for place, row in enumerate(rows)}
    corruptions = _in_order(corruption_names(results), heading.corruptions)
    families = {name: kind.family for name, kind in heading.kinds.items()}
    shown = page_columns.columns(corruptions, families)
    metrics = METRICS if results[0].lifter.has_units else _WITHOUT_UNITS
    kind = _kind(results[0])
    key = "-".join([f"{benchmark.id}-v{benchmark.version}", *map(_in_address, kind)])
    return BenchmarkView(
        number=number,
        key=key,
        folder=row_path(results[0], Path()).parent.as_posix(),
        benchmark=benchmark,
        title=", ".join([heading.title, *kind]),
        in_units=metrics is METRICS,
        facts=_facts(rows),
        protocol=protocol(rows[0].result, heading.title),
        columns=shown,
        metrics=[_metric_view(metric, results, places, shown, key) for metric in metrics],
        lifters=[lifter_view(place, row, metrics, corruptions) for place, row in enumerate(rows)],
        paired=paired_data([row.result for row in rows], paired),
        trust=trusted,
        apart=any(row.apart for row in rows),
        allowed=any(marks(row.result) for row in rows),
        more_than_drawn=len(rows) > DRAWN,
    )


def _kind(result: Result) -> list[str]:
    """Say what the rows of a section have in common that the first section does not have."""
    boxes, units = boxes_of(result), [] if result.lifter.has_units else ["units unknown"]
    return [*units, *([f"boxes by {boxes}"] if boxes else [])]


def _in_address(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text)


def _in_order(names: Sequence[str], listed: Sequence[str]) -> list[str]:
    """Sort names by their place in the list, then the others in their own order."""
    return sorted(names, key=lambda name: listed.index(name) if name in listed else len(listed))


def _facts(rows: Sequence[Row]) -> list[str]:
    result = rows[0].result
    coverage, scoring = result.coverage, result.scoring
    average = "mean over actions" if scoring.average == "actions" else "mean over frames"
    without = f"without {', '.join(coverage.excluded)}" if coverage.excluded else ""
    facts = [
        counted(len(rows), "lifter"),
        counted(coverage.clips, "clip"),
        without,
        counted(coverage.cells, "cell"),
        f"{counted(coverage.n_expected, 'frame')} scored for each lifter",
        f"{scoring.joints} joints, root {scoring.root_joint} {_ROOTS[scoring.root_rule]}",
        average,
    ]
    return [fact for fact in facts if fact]


def _metric_view(
    metric: Metric,
    results: Sequence[Result],
    places: Mapping[str, int],
    columns: Sequence[Column],
    key: str,
) -> MetricView:
    mean = METRIC_COLUMNS[metric]
    rows = rank(results, metric)
    few = drawn(rows, places)
    corruptions = [column.key for column in columns if column.group == "corruption"]
    return MetricView(
        key=metric,
        label=mean.label,
        unit=mean.unit,
        digits=mean.digits,
        intervals=any(getattr(result, f"{metric}_intervals", None) for result in results),
        rows=_table_rows(metric, rows, places, columns),
        scatter=scatter(figure_view.dots(metric, rows, places, key), mean.label, mean.unit),
        curves=figure_view.curves(metric, few, places, corruptions),
        bars=figure_view.bars(metric, few, places, corruptions),
    )


def _table_rows(
    metric: Metric, rows: Sequence[Row], places: Mapping[str, int], columns: Sequence[Column]
) -> list[TableRow]:
    found = [_numbers(metric, row.result, columns) for row in rows]
    ranked = [numbers for row, numbers in zip(rows, found, strict=True) if not row.apart]
    least = [
        min((numbers[place].value for numbers in ranked), key=_missing_last, default=None)
        for place in range(len(columns))
    ]
    least[_DEGRADATION] = None  # a lifter that is bad on clean video loses little
    found = _colored(found)
    ends = [v for row in rows for v in _ends(metric, row.result)]
    x = figures.scale(ends)
    return [
        TableRow(
            rank=row.rank,
            apart=row.apart,
            lifter=places[row.result.lifter.name],
            name=row.result.lifter.name,
            allowed=marks(row.result),
            detector=row.result.build.detectors,
            parameters=_parameters(row.result),
            numbers=[
                n._replace(best=not row.apart and n.value is not None and n.value == best)
                for n, best in zip(numbers, least, strict=True)
            ],
            span=figures.span(
                *_ends(metric, row.result),
                x,
                places[row.result.lifter.name],
                f"from {numbers[0].text} clean to {numbers[1].text} corrupted",
            ),
        )
        for row, numbers in zip(rows, found, strict=True)
    ]


def _colored(rows: Sequence[Sequence[Number]]) -> list[list[Number]]:
    """Return the numbers with the colors of their columns, from the least to the greatest."""
    columns = []
    for numbers in zip(*rows, strict=True):
        values = [n.value for n in numbers if n.value is not None]
        least, most = min(values, default=0.0), max(values, default=0.0)
        columns.append([n._replace(heat=_heat(n.value, least, most)) for n in numbers])
    return [list(row) for row in zip(*columns, strict=True)]


def _heat(value: float | None, least: float, most: float) -> int | None:
    if value is None or least == most:
        return None
    return round(HOTTEST * (value - least) / (most - least))


def _parameters(result: Result) -> str:
    """Return the number of parameters, of samples if there are several, and the filter if any."""
    count = f"{result.lifter.parameters / 1e6:.3g} M parameters"
    return ", ".join(part for part in (count, samples(result), prepared(result)) if part)


def _ends(metric: Metric, result: Result) -> tuple[float, float]:
    error = getattr(result, metric)
    return error.clean, error.corrupted


def _numbers(metric: Metric, result: Result, columns: Sequence[Column]) -> list[Number]:
    return [_number(metric, result, column) for column in columns]


def _number(metric: Metric, result: Result, column: Column) -> Number:
    digits, found = METRIC_COLUMNS[metric].digits, page_columns.value(metric, result, column)
    if found is None:
        return Number("not scored", None, column.group)
    if column.group != "total":
        return Number(f"{found:.{digits}f}", found, column.group)
    is_change = column.key == "degradation"
    text = signed(found, digits) if is_change else f"{found:.{digits}f}"
    intervals = getattr(result, f"{metric}_intervals", None)
    interval = interval_text(getattr(intervals, column.key)) if intervals else ""
    beside = _percent(getattr(result, metric)) if is_change else ""
    return Number(text, found, column.group, interval, beside)


def _percent(error: Aggregate) -> str:
    """Return the degradation in percent of the clean error; nothing where that is 0."""
    return f"{signed(100 * error.degradation / error.clean, 0)} %" if error.clean else ""


def _missing_last(value: float | None) -> float:
    return math.inf if value is None else value


def interval_text(interval: Interval) -> str:
    """Return an interval as text; nothing for the empty interval of a single take."""
    if interval.low == interval.high:
        return ""
    between = " to " if interval.low < 0 else "\N{EN DASH}"
    return f"{interval.low:.1f}{between}{interval.high:.1f}".replace("-", _MINUS)
