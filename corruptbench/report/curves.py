"""Curves against severity: errors of each corruption, and what temporary occlusion does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd
from markupsafe import Markup

from corruptbench.leaderboard import figures
from corruptbench.leaderboard.aggregate import CLEAN
from corruptbench.leaderboard.figures import COLORS, Line, Point
from corruptbench.leaderboard.standalone import spaced
from corruptbench.report.averages import by_corruption, clean, means
from corruptbench.report.evidence import Evidence
from corruptbench.report.families import by_family, sentence


class Panel(NamedTuple):
    """A small figure: its title, one sentence, the drawing."""

    title: str
    sentence: str
    figure: Markup


class Key(NamedTuple):
    """A line of a legend."""

    mark: Markup
    text: str


class Part(NamedTuple):
    """Values of one part of a clip by corruption: the name of the part, its place, its cells."""

    name: str
    place: int
    cells: pd.Series[float]


class Occlusion(NamedTuple):
    """What temporary occlusion does: figures, and the same numbers as a table.

    ``rows`` hold the name of a corruption and a text for each of ``columns``.
    """

    figures: Sequence[tuple[str, str, Sequence[Key], Sequence[Panel]]]
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]


def severity_curves(evidence: Evidence) -> tuple[dict[str, list[Panel]], list[Key]]:
    """Draw errors against severity: the panels of each family, all on one scale, and a legend."""
    parts = [Part(evidence.label, 0, means(evidence.clips, evidence.metric, "frames",
                                           evidence.average))]  # fmt: skip
    if evidence.metric == "mpjpe":
        parts.append(
            Part("P-MPJPE", 1, means(evidence.clips, "p_mpjpe", "frames", evidence.average))
        )
    names = list(by_corruption(parts[0].cells))
    bounds = {
        (c.corruption, c.severity): (c.mpjpe_low, c.mpjpe_high) for c in evidence.result.cells
    }
    panels = _panels(parts, names, "mm", bounds if evidence.metric == "mpjpe" else {})
    keys = [Key(figures.mark(part.place), part.name) for part in parts]
    grouped = {family: [panels[n] for n in inside] for family, inside in by_family(names).items()}
    return grouped, [*keys, Key(figures.mark(COLORS), "clean")]


def cell_rows(evidence: Evidence) -> list[tuple[str, list[str]]]:
    """Return the error of every cell as text: a corruption, then severities 1 to 5."""
    cells = means(evidence.clips, evidence.metric, "frames", evidence.average)
    return [
        (name, [_text(cells.get((name, severity)), "mm") for severity in range(1, 6)])
        for name in by_corruption(cells)
    ]


def occlusion(evidence: Evidence) -> Occlusion | None:
    """Show errors under cover, after it and elsewhere, of hidden joints, and the recovery.

    Returns:
        None if the clips table does not have these columns, or nothing was covered.
    """
    timed = _parts(evidence, _TIMES)
    names = list(by_corruption(timed[0].cells)) if timed else []
    if not names:
        return None
    joints, recovery = _parts(evidence, _JOINTS), _parts(evidence, _RECOVERY)
    shown = []
    for title, unit, parts in (
        ("Frames", "mm", timed), ("Joints", "mm", joints), ("Recovery", "s", recovery)
    ):  # fmt: skip
        if parts:
            keys = [Key(figures.mark(part.place), part.name) for part in parts]
            more = [Key(figures.mark(COLORS), "clean")] if unit == "mm" else []
            panels = _panels(parts, names, unit, {}, zero=unit == "s")
            shown.append((title, unit, [*keys, *more], [panels[n] for n in names]))
    every = [(part, unit) for _, unit, p in (("", "mm", timed + joints), ("", "s", recovery))
             for part in p]  # fmt: skip
    columns = [f"{part.name}, {unit}" for part, unit in every]
    values = [by_corruption(part.cells) for part, _ in every]
    rows = [(n, [_text(v.get(n), unit) for v, (_, unit) in zip(values, every, strict=True)])
            for n in names]  # fmt: skip
    return Occlusion(shown, columns, rows)


#: Columns of the clips table: the name of the part, value, weight.
_TIMES = (
    ("under cover", "covered_error", "covered_frames"),
    ("0.3 s after cover", "after_error", "after_frames"),
    ("free frames", "free_error", "free_frames"),
)
_JOINTS = (
    ("hidden joints", "hidden_error", "hidden_joints"),
    ("visible joints", "visible_error", "visible_joints"),
)
_RECOVERY = (("time until the error is back", "recovery", "recoveries"),)


def _parts(evidence: Evidence, columns: Sequence[tuple[str, str, str]]) -> list[Part]:
    reference = means(evidence.clips, evidence.metric, "frames", evidence.average)
    parts = []
    for place, (name, value, weight) in enumerate(columns):
        cells = means(evidence.clips, value, weight, evidence.average)
        cells = cells[[key != CLEAN for key in cells.index]] if len(cells) else cells
        if len(cells):
            start = reference[[key == CLEAN for key in reference.index]]
            parts.append(Part(name, place, cells if value == "recovery" else
                              pd.concat([start, cells])))  # fmt: skip
    return parts


def _panels(
    parts: Sequence[Part],
    names: Sequence[str],
    unit: str,
    bounds: Mapping[tuple[str, int], tuple[float, float]],
    zero: bool = False,
) -> dict[str, Panel]:
    """Draw a panel for each corruption; all have one scale."""
    values = [float(value) for part in parts for value in part.cells]
    edges = [edge for pair in bounds.values() for edge in pair]
    y = figures.scale([*values, *edges], zero)
    reference = clean(parts[0].cells)
    label = " and ".join(part.name for part in parts)
    return {
        name: Panel(
            spaced(name),
            sentence(name),
            figures.curves(
                [_line(part, name, bounds) for part in parts] + _reference(reference),
                y,
                f"{label} in {unit} against the severity of {spaced(name)}",
                2 if unit == "s" else 1,
            ),
        )
        for name in names
    }


def _line(
    part: Part, corruption: str, bounds: Mapping[tuple[str, int], tuple[float, float]]
) -> Line:
    keys = sorted(
        (k for k in part.cells.index if k[0] in (corruption, "clean")), key=lambda k: k[1]
    )
    drawn = bounds if part.place == 0 else {}
    points = [Point(k[1], float(part.cells[k]), *drawn.get(k, (None, None))) for k in keys]
    return Line(part.name, part.place, points)


def _reference(value: float | None) -> list[Line]:
    return [] if value is None else [Line("clean", COLORS, [Point(0, value), Point(5, value)])]


def _text(value: float | None, unit: str) -> str:
    return "none" if value is None else f"{value:.{2 if unit == 's' else 1}f}"
