"""Compute what the page shows from the results."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from corruptbench.leaderboard import figures
from corruptbench.leaderboard.columns import METRIC_COLUMNS, METRICS, Metric
from corruptbench.leaderboard.lifter_view import lifter_view
from corruptbench.leaderboard.more import prepared, samples
from corruptbench.leaderboard.numbers import Aggregate
from corruptbench.leaderboard.page_records import (
    HOTTEST,
    BenchmarkView,
    Heading,
    MetricView,
    Number,
    Panel,
    TableRow,
)
from corruptbench.leaderboard.ranking import (
    Row,
    boxes_of,
    by_benchmark,
    corruption_names,
    marks,
    rank,
    sections,
)
from corruptbench.leaderboard.schema import (
    Benchmark,
    Cell,
    Interval,
    Result,
)
from corruptbench.leaderboard.text import counted

#: Place of the degradation among the numbers of a row.
_DEGRADATION = 2
#: The greatest number of bars in a panel; the table has every row.
BARS = 12

_MINUS = "\N{MINUS SIGN}"

#: The metrics with tables and figures in the section of unknown units.
_WITHOUT_UNITS: tuple[Metric, ...] = ("p_mpjpe", "n_mpjpe")

_ROOTS = {"subtract": "subtracted", "as-predicted": "as predicted"}


def benchmark_views(
    results: Sequence[Result], manifests: Mapping[str, Mapping[str, object]]
) -> list[BenchmarkView]:
    """Compute what the page shows of each section of each benchmark, sorted by its id.

    Lifters of unknown units and rows on other boxes have sections (see `ranking.sections`).

    Args:
        results: results of any benchmarks.
        manifests: by benchmark id, exactly the fields of `Heading`. A benchmark without a manifest
            is titled by its id, with the corruptions in the order of its results.

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
            number, benchmark, rows, headings.get(benchmark.id) or _heading(benchmark, rows)
        )
        for number, (benchmark, rows) in enumerate(split)
    ]


def _heading(benchmark: Benchmark, results: Sequence[Result]) -> Heading:
    return Heading(title=benchmark.id, corruptions=tuple(corruption_names(results)))


def _benchmark_view(
    number: int, benchmark: Benchmark, results: Sequence[Result], heading: Heading
) -> BenchmarkView:
    rows = rank(results)
    places = {row.result.lifter.name: place for place, row in enumerate(rows)}
    corruptions = _in_order(corruption_names(results), heading.corruptions)
    metrics = METRICS if results[0].lifter.has_units else _WITHOUT_UNITS
    kind = _kind(results[0])
    return BenchmarkView(
        number=number,
        key="-".join([f"{benchmark.id}-v{benchmark.version}", *map(_in_address, kind)]),
        benchmark=benchmark,
        title=", ".join([heading.title, *kind]),
        in_units=metrics is METRICS,
        facts=_facts(rows),
        corruptions=corruptions,
        metrics=[_metric_view(metric, results, places, corruptions) for metric in metrics],
        lifters=[lifter_view(place, row, metrics, corruptions) for place, row in enumerate(rows)],
        apart=any(row.apart for row in rows),
        allowed=any(marks(row.result) for row in rows),
        more_than_bars=len(rows) > BARS,
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
    corruptions: Sequence[str],
) -> MetricView:
    mean = METRIC_COLUMNS[metric]
    rows = rank(results, metric)
    return MetricView(
        key=metric,
        label=mean.label,
        unit=mean.unit,
        intervals=any(getattr(result, f"{metric}_intervals", None) for result in results),
        rows=_table_rows(metric, rows, places, corruptions),
        curves=_curves(metric, rows, places, corruptions),
        bars=_bars(metric, rows, places, corruptions),
    )


def _table_rows(
    metric: Metric, rows: Sequence[Row], places: Mapping[str, int], corruptions: Sequence[str]
) -> list[TableRow]:
    columns = [_numbers(metric, row.result, corruptions) for row in rows]
    ranked = [numbers for row, numbers in zip(rows, columns, strict=True) if not row.apart]
    least = [
        min((numbers[column].value for numbers in ranked), key=_missing_last, default=None)
        for column in range(len(columns[0]))
    ]
    least[_DEGRADATION] = None  # a lifter that is bad on clean video loses little
    columns = _colored(columns)
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
        for row, numbers in zip(rows, columns, strict=True)
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


def _numbers(metric: Metric, result: Result, corruptions: Sequence[str]) -> list[Number]:
    """Return clean, corrupted, degradation, then each corruption."""
    digits = METRIC_COLUMNS[metric].digits
    error, numbers = getattr(result, metric), []
    intervals = getattr(result, f"{metric}_intervals", None)
    for part in ("clean", "corrupted", "degradation"):
        value = getattr(error, part)
        text = signed(value, digits) if part == "degradation" else f"{value:.{digits}f}"
        interval = interval_text(getattr(intervals, part)) if intervals else ""
        beside = _percent(error) if part == "degradation" else ""
        numbers.append(Number(text, value, interval, beside))
    for name in corruptions:
        value = error.corruptions.get(name)
        text = "not scored" if value is None else f"{value:.{digits}f}"
        numbers.append(Number(text, value))
    return numbers


def _percent(error: Aggregate) -> str:
    """Return the degradation in percent of the clean error; nothing where that is 0."""
    return f"{signed(100 * error.degradation / error.clean, 0)} %" if error.clean else ""


def _told(metric: Metric) -> tuple[str, str, int]:
    """Return label, unit and decimal places of a metric."""
    mean = METRIC_COLUMNS[metric]
    return mean.label, mean.unit, mean.digits


def _missing_last(value: float | None) -> float:
    return math.inf if value is None else value


def signed(value: float, digits: int) -> str:
    """Return a number with its sign, as text."""
    return f"{value:+.{digits}f}".replace("-", _MINUS)


def interval_text(interval: Interval) -> str:
    """Return an interval as text; nothing for the empty interval of a single take."""
    if interval.low == interval.high:
        return ""
    between = " to " if interval.low < 0 else "\N{EN DASH}"
    return f"{interval.low:.1f}{between}{interval.high:.1f}".replace("-", _MINUS)


def _curves(
    metric: Metric, rows: Sequence[Row], places: Mapping[str, int], corruptions: Sequence[str]
) -> list[Panel]:
    label, unit, digits = _told(metric)
    by_name = {name: _lines(metric, rows, places, name) for name in corruptions}
    points = [point for lines in by_name.values() for line in lines for point in line.points]
    y = figures.scale(
        value
        for point in points
        for value in (point.value, point.low, point.high)
        if value is not None
    )
    return [
        Panel(name, figures.curves(lines, y, f"{label} in {unit} against {name}", digits))
        for name, lines in by_name.items()
    ]


def _lines(
    metric: Metric, rows: Sequence[Row], places: Mapping[str, int], corruption: str
) -> list[figures.Line]:
    lines = []
    for row in rows:
        cells = [c for c in row.result.cells if c.corruption in (corruption, "clean")]
        points = [_point(metric, c) for c in sorted(cells, key=lambda cell: cell.severity)]
        name = row.result.lifter.name
        lines.append(figures.Line(name, places[name], points))
    return sorted(lines, key=lambda line: line.place)


def _point(metric: Metric, cell: Cell) -> figures.Point:
    low, high = (getattr(cell, f"{metric}_{end}", None) for end in ("low", "high"))
    return figures.Point(cell.severity, getattr(cell, metric), low, high)


def _bars(
    metric: Metric, rows: Sequence[Row], places: Mapping[str, int], corruptions: Sequence[str]
) -> list[Panel]:
    label, unit, digits = _told(metric)
    by_name: dict[str, list[figures.Bar]] = {name: [] for name in corruptions}
    for row in rows[:BARS]:
        error, name = getattr(row.result, metric), row.result.lifter.name
        for corruption, value in error.corruptions.items():
            lost = value - error.clean
            bar = figures.Bar(name, places[name], lost, signed(lost, digits))
            by_name[corruption].append(bar)
    x = figures.scale((bar.value for bars in by_name.values() for bar in bars), zero=True)
    return [
        Panel(name, figures.bars(bars, x, f"{label} over clean, in {unit}, under {name}"))
        for name, bars in by_name.items()
    ]
