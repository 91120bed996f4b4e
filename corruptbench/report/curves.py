"""Errors against severity, and the error of every cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from corruptbench.report.averages import by_corruption, means
from corruptbench.report.evidence import Evidence
from corruptbench.report.families import by_family
from corruptbench.report.panels import Key, Panel, Series, legend, panels


class Curves(NamedTuple):
    """The panels of each family of corruptions, and their legend."""

    families: Mapping[str, Sequence[Panel]]
    legend: Sequence[Key]


def severity_curves(evidence: Evidence) -> Curves:
    """Draw errors against severity: the metric, and P-MPJPE beside MPJPE."""
    shown = {evidence.metric: evidence.label, "p_mpjpe": "P-MPJPE"}
    series = [
        Series(label, place, means(evidence.clips, metric, "frames", evidence.average))
        for place, (metric, label) in enumerate(shown.items())
    ]
    names = list(by_corruption(series[0].cells))
    drawn = dict(zip(names, panels(series, names, "mm", _bounds(evidence)), strict=True))
    families = {family: [drawn[n] for n in inside] for family, inside in by_family(names).items()}
    return Curves(families, legend(series))


def _bounds(evidence: Evidence) -> dict[tuple[str, int], tuple[float, float]]:
    """Return the intervals of MPJPE, which no other metric has."""
    cells = evidence.result.cells if evidence.metric == "mpjpe" else ()
    return {
        (c.corruption, c.severity): (c.mpjpe_low, c.mpjpe_high)
        for c in cells
        if c.mpjpe_low is not None and c.mpjpe_high is not None
    }


def cell_rows(evidence: Evidence) -> list[tuple[str, list[str]]]:
    """Return the error of every cell as text: a corruption, then severities 1 to 5."""
    cells = means(evidence.clips, evidence.metric, "frames", evidence.average)
    found = {key: f"{float(value):.1f}" for key, value in cells.items()}
    return [
        (name, [found.get((name, severity), "none") for severity in range(1, 6)])
        for name in by_corruption(cells)
    ]
