"""What temporary occlusion does: under cover, after it, to hidden joints, until recovery."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from corruptbench.leaderboard import all_numbers as more
from corruptbench.leaderboard.all_numbers import Block
from corruptbench.leaderboard.statistics.wide import CLEAN
from corruptbench.report.averages import by_corruption, means
from corruptbench.report.evidence import Evidence
from corruptbench.report.panels import Key, Panel, Series, legend, panels
from corruptbench.report.part import is_whole


class View(NamedTuple):
    """Panels of one kind: title, unit, legend, one panel for each corruption."""

    title: str
    unit: str
    legend: Sequence[Key]
    panels: Sequence[Panel]


class Occlusion(NamedTuple):
    """Figures, and their means over severities as a table, if the result has them."""

    views: Sequence[View]
    numbers: Block | None


#: Title, unit, and of each line its name, and its value and weight in the clips table.
_VIEWS = (
    ("Frames", "mm", (
        ("under cover", "covered_error", "covered_frames"),
        ("0.3 s after cover", "after_error", "after_frames"),
        ("free frames", "free_error", "free_frames"),
    )),
    ("Joints", "mm", (
        ("hidden joints", "hidden_error", "hidden_joints"),
        ("visible joints", "visible_error", "visible_joints"),
    )),
    ("Recovery", "s", (("time until the error is back", "recovery", "recoveries"),)),
    ("Not recovered", "%", (("covers without recovery", "not_recovered", "recoveries"),)),
)  # fmt: skip


def occlusion(evidence: Evidence) -> Occlusion | None:
    """Show what occlusion does, by corruption.

    Returns:
        None if the clips table does not have these columns, or nobody was covered.
    """
    found = {(title, unit): _series(evidence, unit, lines) for title, unit, lines in _VIEWS}
    covered = found["Frames", "mm"]
    names = list(by_corruption(covered[0].cells)) if covered else []
    if not names:
        return None
    views = [
        View(title, unit, legend(series), panels(series, names, unit))
        for (title, unit), series in found.items()
        if series
    ]
    known = evidence.result.occlusion
    if known is None or not is_whole(evidence.result):
        return Occlusion(views, None)
    return Occlusion(views, more.occlusion(known))


def _series(evidence: Evidence, unit: str, lines: Sequence[tuple[str, str, str]]) -> list[Series]:
    """Return the lines that have values. Those in mm begin at the clean error."""
    clean = means(evidence.clips, evidence.metric, "frames", evidence.average)
    start = [_only(clean, clean=True)] if unit == "mm" else []
    series = []
    for place, (name, value, weight) in enumerate(lines):
        cells = _only(means(evidence.clips, value, weight, evidence.average), clean=False)
        if len(cells):
            series.append(Series(name, place, pd.concat([*start, cells])))
    return series


def _only(cells: pd.Series[float], clean: bool) -> pd.Series[float]:
    return cells[[(key == CLEAN) == clean for key in cells.index]] if len(cells) else cells
