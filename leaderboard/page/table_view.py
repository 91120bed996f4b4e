"""Compute the lines of the page's tables: texts, colors, the best of each column."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from corruptbench.leaderboard.about import About
from corruptbench.leaderboard.all_numbers import prepared, samples
from corruptbench.leaderboard.columns import METRIC_COLUMNS, Metric
from corruptbench.leaderboard.numbers import Aggregate
from corruptbench.leaderboard.page import columns as page_columns
from corruptbench.leaderboard.page import scales
from corruptbench.leaderboard.page.columns import Column
from corruptbench.leaderboard.page.ends import deciding
from corruptbench.leaderboard.page.heat import heat
from corruptbench.leaderboard.page.records import Number, TableRow
from corruptbench.leaderboard.page.spans import span
from corruptbench.leaderboard.ranking.order import Row, marks, may_be_best
from corruptbench.leaderboard.schema import Interval, Result
from corruptbench.leaderboard.text import signed

#: Place of the degradation among the numbers of a row.
_DEGRADATION = 2
_MINUS = "\N{MINUS SIGN}"


def table_rows(
    metric: Metric, rows: Sequence[Row], places: Mapping[str, int], columns: Sequence[Column]
) -> list[TableRow]:
    """Return the lines of the table of a metric.

    Args:
        metric: of the table.
        rows: of a section, sorted by the metric.
        places: of the lifters among the rows of the section, by name.
        columns: those of `page_columns.columns`.
    """
    every = {row.result.lifter.name: _numbers(metric, row.result, columns) for row in rows}
    names = may_be_best(rows)
    least = [
        min((every[name][place].value for name in names), key=_missing_last, default=None)
        for place in range(len(columns))
    ]
    least[_DEGRADATION] = None  # a lifter that is bad on clean video loses little
    known = [row.result for row in deciding(rows)]
    found = _colored([*every.values()], [every[result.lifter.name] for result in known])
    x = scales.scale(v for result in known for v in _ends(metric, result))
    return [
        TableRow(
            rank=row.rank,
            apart=row.apart,
            lifter=places[row.result.lifter.name],
            name=row.result.lifter.name,
            words=_words(row.result),
            allowed=marks(row.result),
            parameters=_parameters(row.result),
            numbers=[
                n._replace(
                    best=row.result.lifter.name in names and n.value is not None and n.value == best
                )
                for n, best in zip(numbers, least, strict=True)
            ],
            span=span(
                *_ends(metric, row.result),
                x,
                places[row.result.lifter.name],
                f"from {numbers[0].text} clean to {numbers[1].text} corrupted",
            ),
        )
        for row, numbers in zip(rows, found, strict=True)
    ]


def _colored(
    rows: Sequence[Sequence[Number]], deciding: Sequence[Sequence[Number]]
) -> list[list[Number]]:
    """Return numbers with the colors of their columns, which end at those of the deciding rows."""
    columns = []
    for numbers, known in zip(zip(*rows, strict=True), zip(*deciding, strict=True), strict=True):
        values = [n.value for n in known if n.value is not None]
        least, most = min(values, default=0.0), max(values, default=0.0)
        columns.append([n._replace(heat=_heat(n.value, least, most)) for n in numbers])
    return [list(row) for row in zip(*columns, strict=True)]


def _heat(value: float | None, least: float, most: float) -> int | None:
    return None if value is None or least == most else heat(value, least, most)


def _words(result: Result) -> str:
    """Return what a reader may filter by: name, detector, and what the authors say of it."""
    about = result.lifter.about or About()
    said = (about.authors, about.venue, about.paper, *(about.training_data or ()))
    return " ".join(filter(None, (result.lifter.name, result.build.detectors, *said)))


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
