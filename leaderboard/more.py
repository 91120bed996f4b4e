"""What the page shows of a lifter beyond the tables: further metrics, robustness, occlusion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corruptbench.leaderboard.columns import MEANS, METRIC_COLUMNS, OCCLUSION_COLUMNS, Metric
from corruptbench.leaderboard.numbers import Interval, Occlusion, OcclusionErrors, Robustness
from corruptbench.leaderboard.page_records import Block
from corruptbench.leaderboard.schema import Result

_MINUS = "\N{MINUS SIGN}"


def more_numbers(result: Result, shown: Sequence[Metric]) -> list[Block]:
    """Return the numbers of a result that the tables do not show; nothing for version 2.

    Args:
        result: of a lifter.
        shown: the metrics that have tables of their own.
    """
    blocks = []
    lines = [_metric(m, result) for m in METRIC_COLUMNS if m not in shown and getattr(result, m)]
    if lines:
        blocks.append(Block("Further metrics", ("", "clean", "corrupted", "change"), lines))
    if result.robustness:
        lines = list(_robustness(result.robustness))
        blocks.append(Block("Robustness", ("", "value", "95 % interval"), lines))
    if result.occlusion:
        blocks.append(_occlusion(result.occlusion))
    return blocks


def _metric(metric: Metric, result: Result) -> list[str]:
    """Return label and numbers; the number of hypotheses or samples is in the label."""
    mean, error, lifter = METRIC_COLUMNS[metric], getattr(result, metric), result.lifter
    draws = {"best_mpjpe": lifter.hypotheses, "best_p_mpjpe": lifter.hypotheses,
             "mean_mpjpe": lifter.hypotheses, "spread": lifter.samples}.get(metric)  # fmt: skip
    label = mean.label if draws is None else f"{mean.label} ({draws})"
    label += f", {mean.unit}" + (", more is better" if mean.grows else "")
    numbers = [f"{n:.{mean.digits}f}" for n in (error.clean, error.corrupted)]
    return [label, *numbers, _minus(f"{error.degradation:+.{mean.digits}f}")]


def _robustness(found: Robustness) -> Iterator[list[str]]:
    label, worst = METRIC_COLUMNS[found.metric].label, found.worst
    if found.relative is not None and found.relative_interval:
        relative = _minus(f"{found.relative:+.1f} %")
        yield ["degradation, relative to clean", relative, _range(found.relative_interval)]
    yield [f"{label} over severities 0 to 5, mm", f"{found.area:.1f}", _range(found.area_interval)]
    yield ["more than 10 mm worse than clean", f"{found.worse:.1f} %", _range(found.worse_interval)]
    cell = f"{worst.corruption.replace('_', ' ')} {worst.severity}"
    yield [f"worst cell: {cell}, mm", f"{worst.error:.1f}", ""]


def _occlusion(found: Occlusion) -> Block:
    heads = [f"{MEANS[name].label}, {MEANS[name].unit}" for name in OCCLUSION_COLUMNS.values()]
    rows = {"all": found.mean, **found.corruptions}
    lines = [[name.replace("_", " "), *_parts(errors)] for name, errors in rows.items()]
    return Block("While something hides the person", ("", *heads), lines)


def _parts(errors: OcclusionErrors) -> Iterator[str]:
    for part, name in OCCLUSION_COLUMNS.items():
        value = getattr(errors, part)
        yield "" if value is None else f"{value:.{MEANS[name].digits}f}"


def _range(interval: Interval) -> str:
    return _minus(f"{interval.low:.1f} to {interval.high:.1f}")


def _minus(text: str) -> str:
    return text.replace("-", _MINUS)
