"""Compute what the page shows from the results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from corruptbench.leaderboard.board.folder import row_path
from corruptbench.leaderboard.columns import METRIC_COLUMNS, METRICS, Metric
from corruptbench.leaderboard.comparison.paired import NOT_PAIRED, Paired
from corruptbench.leaderboard.page import columns as page_columns
from corruptbench.leaderboard.page import figure_view
from corruptbench.leaderboard.page.columns import Column
from corruptbench.leaderboard.page.compare_view import paired_data
from corruptbench.leaderboard.page.figure_view import DRAWN, drawn
from corruptbench.leaderboard.page.lifter_view import lifter_view
from corruptbench.leaderboard.page.protocol import protocol
from corruptbench.leaderboard.page.records import (
    BenchmarkView,
    Heading,
    MetricView,
)
from corruptbench.leaderboard.page.scatter import axes, scatter
from corruptbench.leaderboard.page.table_view import table_rows
from corruptbench.leaderboard.page.trust_view import Trust, trust
from corruptbench.leaderboard.ranking.order import (
    Row,
    by_benchmark,
    corruption_names,
    marks,
)
from corruptbench.leaderboard.ranking.sections import Section, address, sections
from corruptbench.leaderboard.ranking.ties import ByTable, is_tied, ranked
from corruptbench.leaderboard.schema import (
    Benchmark,
    Result,
)
from corruptbench.leaderboard.text import counted

#: The metrics with tables and figures in the section of unknown units.
_WITHOUT_UNITS: tuple[Metric, ...] = ("p_mpjpe", "n_mpjpe")

_ROOTS = {"subtract": "subtracted", "as-predicted": "as predicted"}


def benchmark_views(
    results: Sequence[Result],
    manifests: Mapping[str, Mapping[str, object]],
    paired: Paired = NOT_PAIRED,
    resampled: ByTable | None = None,
) -> list[BenchmarkView]:
    """Compute what the page shows of each section of each benchmark, sorted by its id.

    Args:
        results: results of any benchmarks.
        manifests: by benchmark id, exactly the fields of `Heading`. A benchmark without a manifest
            is titled by its id, with the corruptions in the order of its results.
        paired: differences of rows, of `paired.read_paired`.
        resampled: from `resampling.read_resampled`; without it no rows are tied.

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
            section,
            headings.get(benchmark.id) or _heading(benchmark, section.results),
            paired,
            resampled,
            trust(section.results, results),
        )
        for number, (benchmark, section) in enumerate(split)
    ]


def _heading(benchmark: Benchmark, results: Sequence[Result]) -> Heading:
    return Heading(title=benchmark.id, corruptions=tuple(corruption_names(results)))


def _benchmark_view(
    number: int,
    section: Section,
    heading: Heading,
    paired: Paired,
    resampled: ByTable | None,
    trusted: Mapping[str, Trust],
) -> BenchmarkView:
    results, kind = section.results, [section.title] if section.title else []
    benchmark, rows = results[0].benchmark, ranked(results, resampled)
    places = {row.result.lifter.name: place for place, row in enumerate(rows)}
    corruptions = _in_order(corruption_names(results), heading.corruptions)
    families = {name: kind.family for name, kind in heading.kinds.items()}
    shown = page_columns.columns(corruptions, families)
    metrics = METRICS if results[0].lifter.has_units else _WITHOUT_UNITS
    key = address(benchmark, section.title)
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
        metrics=[
            _metric_view(metric, ranked(results, resampled, metric), places, shown, key)
            for metric in metrics
        ],
        lifters=[lifter_view(place, row, metrics, corruptions) for place, row in enumerate(rows)],
        paired=paired_data([row.result for row in rows], paired),
        trust=trusted,
        apart=any(row.apart for row in rows),
        allowed=any(marks(row.result) for row in rows),
        more_than_drawn=len(rows) > DRAWN,
    )


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
    rows: Sequence[Row],
    places: Mapping[str, int],
    columns: Sequence[Column],
    key: str,
) -> MetricView:
    mean = METRIC_COLUMNS[metric]
    few = drawn(rows, places)
    corruptions = [column.key for column in columns if column.group == "corruption"]
    dots = figure_view.dots(metric, rows, places, key)
    return MetricView(
        key=metric,
        label=mean.label,
        unit=mean.unit,
        digits=mean.digits,
        intervals=any(getattr(row.result, f"{metric}_intervals", None) for row in rows),
        tied=is_tied(rows),
        rows=table_rows(metric, rows, places, columns),
        scatter=scatter(dots, mean.label, mean.unit),
        beyond=any(any(axes(dots).side(dot)) for dot in dots),
        curves=figure_view.curves(metric, few, places, corruptions),
        bars=figure_view.bars(metric, few, places, corruptions),
    )
