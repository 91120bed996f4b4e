"""The head of a report: who was measured on what, the three numbers, and all metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from corruptbench.leaderboard.all_numbers import (
    OF_HYPOTHESES,
    Block,
    hypotheses,
    prepared,
    robustness,
)
from corruptbench.leaderboard.columns import METRIC_COLUMNS
from corruptbench.leaderboard.page.table_view import interval_text
from corruptbench.leaderboard.schema import Interval
from corruptbench.leaderboard.text import counted, signed
from corruptbench.progress import short_number
from corruptbench.report import averages
from corruptbench.report.averages import means
from corruptbench.report.evidence import Evidence
from corruptbench.report.part import is_whole, missing


class Figure(NamedTuple):
    """A large number: its name, its text, its interval, a note."""

    name: str
    text: str
    interval: str
    note: str


class MetricRow(NamedTuple):
    """A line of the table of metrics."""

    name: str
    unit: str
    clean: str
    corrupted: str
    degradation: str


class Headline(NamedTuple):
    """The head of a report."""

    title: str
    benchmark: str
    facts: Sequence[str]
    figures: Sequence[Figure]
    warnings: Sequence[str]
    allowed: Sequence[str]
    metrics: Sequence[MetricRow]
    more_is_better: Sequence[str]
    #: Of several hypotheses, and of robustness.
    blocks: Sequence[Block]


def headline(evidence: Evidence) -> Headline:
    """Return the head of a report."""
    result = evidence.result
    benchmark = result.benchmark
    return Headline(
        title=result.lifter.name,
        benchmark=f"{benchmark.id}, version {benchmark.version}",
        facts=_facts(evidence),
        figures=_figures(evidence),
        warnings=[
            *([part] if (part := missing(result)) else []),
            *(warning.text for warning in result.warnings or ()),
        ],
        allowed=result.lifter.allowed or (),
        metrics=_metrics(evidence),
        more_is_better=[
            m.label for n, m in METRIC_COLUMNS.items() if m.grows and n in evidence.clips
        ],
        blocks=[
            block
            for make in (hypotheses, robustness)
            if is_whole(result) and (block := make(result))
        ],
    )


def _facts(evidence: Evidence) -> list[str]:
    result = evidence.result
    coverage, scoring = result.coverage, result.scoring
    joints = str(result.lifter.contract.get("joints") or scoring.joints)
    return [
        f"detector {result.build.detectors}",
        f"joints {joints}",
        f"{short_number(result.lifter.parameters / 1e6)} M parameters",
        counted(coverage.clips, "clip"),
        counted(coverage.cells, "cell"),
        f"{counted(coverage.n_scored, 'frame')} scored"
        + ("" if is_whole(result) else f" of {coverage.n_expected:,}"),
        f"mean over {scoring.average}",
        *_samples(result.lifter.samples or 1),
        *([told] if (told := prepared(result)) else []),
        *([f"without {', '.join(coverage.excluded)}"] if coverage.excluded else []),
    ]


def _samples(count: int) -> list[str]:
    """Say what is of all samples of a lifter, and what only of the first, if there are several."""
    text = f"mean over {count} samples; occlusion, joints, time and poses are of the first of them"
    return [text] if count > 1 else []


def _figures(evidence: Evidence) -> list[Figure]:
    """Return clean, corrupted and degradation, with intervals where they are known."""
    numbers = getattr(evidence.result, evidence.metric)
    intervals = getattr(evidence.result, f"{evidence.metric}_intervals")

    def figure(name: str, text: str, note: str) -> Figure:
        interval: Interval | None = getattr(intervals, name, None)
        return Figure(name, text, interval_text(interval) if interval else "", note)

    clean = figure("clean", f"{numbers.clean:.1f}", "video as it was recorded")
    if not is_whole(evidence.result):
        return [clean]
    share = 100 * numbers.degradation / numbers.clean if numbers.clean else 0.0
    return [
        clean,
        figure("corrupted", f"{numbers.corrupted:.1f}", "mean of severities and corruptions"),
        figure("degradation", signed(numbers.degradation, 1), f"{signed(share, 0)} % of clean"),
    ]


def _metrics(evidence: Evidence) -> list[MetricRow]:
    rows = []
    for column, metric in METRIC_COLUMNS.items():
        if column in OF_HYPOTHESES:  # they stand beside no others
            continue
        cells = means(evidence.clips, column, metric.weight, evidence.average)
        clean, corrupted = averages.clean(cells), averages.corrupted(cells)
        if clean is not None and corrupted is not None:
            digits = metric.digits
            texts = [f"{clean:.{digits}f}", "none", "none"]
            if is_whole(evidence.result):
                texts[1:] = f"{corrupted:.{digits}f}", signed(corrupted - clean, digits)
            label = evidence.result.lifter.label(column)
            rows.append(MetricRow(label, metric.unit, *texts))
    return rows
