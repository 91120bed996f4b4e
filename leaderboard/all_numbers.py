"""What pages show of one lifter: all metrics, robustness, occlusion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from corruptbench.leaderboard.columns import MEANS, METRIC_COLUMNS, OCCLUSION_COLUMNS, Metric
from corruptbench.leaderboard.numbers import Interval, MeanCorruptionError, Occlusion, Robustness
from corruptbench.leaderboard.records import Record
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.text import counted

#: The metrics of several hypotheses. They compare with no others.
OF_HYPOTHESES = tuple(m for m, mean in METRIC_COLUMNS.items() if mean.draws == "hypotheses")
_HEADS = ("metric", "clean", "corrupted", "degradation")
_MINUS = "\N{MINUS SIGN}"


class Block(NamedTuple):
    """A small table among the details of a lifter: its title, heads, and lines of text."""

    title: str
    heads: Sequence[str]
    lines: Sequence[Sequence[str]]

    @property
    def rows(self) -> list[tuple[str, Sequence[str]]]:
        """The name and the texts of each line."""
        return [(line[0], line[1:]) for line in self.lines]


def all_numbers(result: Result) -> list[Block]:
    """Return all numbers of a result but those of its cells; for version 2 these are few."""
    single = [m for m in METRIC_COLUMNS if m not in OF_HYPOTHESES]
    blocks = [Block("Errors", _HEADS, _metrics(single, result))]
    blocks += [block for make in (hypotheses, robustness) if (block := make(result))]
    if result.occlusion:
        blocks.append(occlusion(result.occlusion))
    return blocks


def hypotheses(result: Result) -> Block | None:
    """Return the metrics of several hypotheses, which stand beside no others; None without."""
    lines = _metrics(OF_HYPOTHESES, result)
    return Block(f"{result.lifter.hypotheses} hypotheses", _HEADS, lines) if lines else None


def samples(result: Result) -> str:
    """Return how many samples the errors of a result are means over; nothing for one."""
    drawn = result.lifter.samples or 1
    return counted(drawn, "sample") if drawn > 1 else ""


def prepared(result: Result) -> str:
    """Say what was done to keypoints and scores before the lifter; nothing if nothing was."""
    used, digest = result.lifter.filter, result.lifter.calibration_sha256
    parts = (
        f"filtered: {used}" if used else "",
        f"scores calibrated: {digest[:12]}" if digest else "",
    )
    return ", ".join(filter(None, parts))


def robustness(result: Result) -> Block | None:
    """Return how much corruption costs, with the mCE; None for version 2."""
    if not result.robustness:
        return None
    lines = [*_robustness(result.robustness), *(_mce(result.mce) if result.mce else ())]
    return Block("Robustness", ("measure", "value", "95 % interval"), lines)


def _metrics(metrics: Sequence[Metric], result: Result) -> list[list[str]]:
    """Return label and numbers of those that the lifter has."""
    return [_metric(metric, result) for metric in metrics if getattr(result, metric)]


def _metric(metric: Metric, result: Result) -> list[str]:
    mean, error = METRIC_COLUMNS[metric], getattr(result, metric)
    label = f"{result.lifter.label(metric)}, {mean.unit}" + (", more is better" * mean.grows)
    numbers = [f"{n:.{mean.digits}f}" for n in (error.clean, error.corrupted)]
    return [label, *numbers, _minus(f"{error.degradation:+.{mean.digits}f}")]


def _mce(found: MeanCorruptionError) -> Iterator[list[str]]:
    label = METRIC_COLUMNS[found.metric].label
    yield [f"mCE: {label} in percent of that of {found.reference}", f"{found.value:.1f} %", ""]


def _robustness(found: Robustness) -> Iterator[list[str]]:
    label, worst = METRIC_COLUMNS[found.metric].label, found.worst
    if found.relative is not None and found.relative_interval:
        relative = _minus(f"{found.relative:+.1f} %")
        yield ["degradation, relative to clean", relative, _range(found.relative_interval)]
    yield [f"{label} over severities 0 to 5, mm", f"{found.area:.1f}", _range(found.area_interval)]
    yield ["more than 10 mm worse than clean", f"{found.worse:.1f} %", _range(found.worse_interval)]
    cell = f"{worst.corruption.replace('_', ' ')} {worst.severity}"
    yield [f"worst cell: {cell}, mm", f"{worst.error:.1f}", ""]


def occlusion(found: Occlusion) -> Block:
    """Return what occlusion does: over all corruptions with intervals, then in each."""
    heads = [f"{MEANS[name].label}, {MEANS[name].unit}" for name in OCCLUSION_COLUMNS.values()]
    rows: dict[str, Record] = {"all": found.mean}
    if found.mean_intervals:
        rows["all, 95 % interval"] = found.mean_intervals
    rows |= found.corruptions
    lines = [[name.replace("_", " "), *_parts(parts)] for name, parts in rows.items()]
    return Block("While something hides the person", ("corruption", *heads), lines)


def _parts(parts: Record) -> Iterator[str]:
    for part, name in OCCLUSION_COLUMNS.items():
        value, digits = getattr(parts, part), MEANS[name].digits
        if isinstance(value, Interval):
            yield _range(value, digits)
        else:
            yield "" if value is None else f"{value:.{digits}f}"


def _range(interval: Interval, digits: int = 1) -> str:
    return _minus(f"{interval.low:.{digits}f} to {interval.high:.{digits}f}")


def _minus(text: str) -> str:
    return text.replace("-", _MINUS)
