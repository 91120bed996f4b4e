"""Compute the figures of a benchmark's section from its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from corruptbench.leaderboard.columns import METRIC_COLUMNS, Metric
from corruptbench.leaderboard.page import figures, scales
from corruptbench.leaderboard.page.ends import deciding, on_axis
from corruptbench.leaderboard.page.records import Panel, Panels
from corruptbench.leaderboard.page.scatter import Dot
from corruptbench.leaderboard.ranking.order import Row, may_be_best
from corruptbench.leaderboard.schema import Cell
from corruptbench.leaderboard.text import signed

#: The greatest number of rows that are drawn; a reader can choose others. Our own choice: with
#: more of them the bands of their intervals hide each other.
DRAWN = 5


def drawn(rows: Sequence[Row], places: Mapping[str, int]) -> list[Row]:
    """Return the rows that figures show: the first of the section, whatever ``rows`` are sorted by.

    Args:
        rows: of a section, sorted by any metric.
        places: of the lifters among the rows of the section, by name.
    """
    return [row for row in rows if places[row.result.lifter.name] < DRAWN]


def curves(
    metric: Metric, rows: Sequence[Row], places: Mapping[str, int], corruptions: Sequence[str]
) -> Panels:
    """Draw the errors of rows against the severity of each corruption, on one scale."""
    mean = METRIC_COLUMNS[metric]
    by_name = {name: _lines(metric, rows, places, name) for name in corruptions}
    drawn_lines = [line for lines in by_name.values() for line in lines]
    y = scales.scale(_on_axis(rows, [(line.name, _values(line)) for line in drawn_lines]))
    label = f"{mean.label} in {mean.unit} against "
    return Panels(
        [
            Panel(name, figures.curves(lines, y, label + name, mean.digits))
            for name, lines in by_name.items()
        ],
        beyond=any(y.side(point.value) for line in drawn_lines for point in line.points),
    )


def bars(
    metric: Metric, rows: Sequence[Row], places: Mapping[str, int], corruptions: Sequence[str]
) -> Panels:
    """Draw the degradation of rows under each corruption, on one scale."""
    mean = METRIC_COLUMNS[metric]
    by_name: dict[str, list[figures.Bar]] = {name: [] for name in corruptions}
    for row in rows:
        error, name = getattr(row.result, metric), row.result.lifter.name
        for corruption, value in error.corruptions.items():
            more = value - error.clean
            bar = figures.Bar(name, places[name], more, signed(more, mean.digits))
            by_name[corruption].append(bar)
    every = [bar for found in by_name.values() for bar in found]
    x = scales.scale(_on_axis(rows, [(bar.name, [bar.value]) for bar in every]), zero=True)
    label = f"{mean.label} over clean, in {mean.unit}, under "
    return Panels(
        [Panel(name, figures.bars(found, x, label + name)) for name, found in by_name.items()],
        beyond=any(x.side(bar.value) for bar in every),
    )


def _on_axis(rows: Sequence[Row], values: Sequence[tuple[str, Sequence[float]]]) -> list[float]:
    """Return the values that an axis holds, of values that stand beside the name of their row."""
    names = {row.result.lifter.name for row in deciding(rows)}
    known = [value for name, some in values for value in some if name in names]
    return on_axis([value for _, some in values for value in some], known)


def _values(line: figures.Line) -> list[float]:
    ends = [end for p in line.points for end in (p.value, p.low, p.high)]
    return [end for end in ends if end is not None]


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


def dots(metric: Metric, rows: Sequence[Row], places: Mapping[str, int], address: str) -> list[Dot]:
    """Return the points of rows in a scatter of their clean and corrupted errors.

    Args:
        metric: of the errors.
        rows: of a section.
        places: of the lifters among the rows of the section, by name.
        address: of the section; a lifter's panel is below it.
    """
    names, known = may_be_best(rows), {row.result.lifter.name for row in deciding(rows)}
    return [
        Dot(
            name=(name := row.result.lifter.name),
            place=places[name],
            clean=(error := getattr(row.result, metric)).clean,
            corrupted=error.corrupted,
            parameters=row.result.lifter.parameters,
            text=_told(metric, row),
            address=f"#{address}/{name}",
            is_ranked=row.rank is not None,
            may_be_best=name in names,
            decides=name in known,
        )
        for row in rows
    ]


def _told(metric: Metric, row: Row) -> str:
    error, digits = getattr(row.result, metric), METRIC_COLUMNS[metric].digits
    numbers = f"clean {error.clean:.{digits}f}, corrupted {error.corrupted:.{digits}f}"
    size = f"{row.result.lifter.parameters / 1e6:.3g} M parameters"
    why = f", not ranked: {row.apart}" if row.apart else ""
    return f"{row.result.lifter.name}: {numbers}, {size}{why}"
