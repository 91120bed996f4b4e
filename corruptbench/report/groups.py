"""Clean and corrupted values of parts of a benchmark, each part a row with two dots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
from markupsafe import Markup

from corruptbench.leaderboard.clips import CLIP_KEY
from corruptbench.leaderboard.page import scales
from corruptbench.leaderboard.standalone import spaced
from corruptbench.leaderboard.text import signed
from corruptbench.report import averages
from corruptbench.report.averages import means
from corruptbench.report.dots import axis, dumbbell
from corruptbench.report.evidence import Evidence
from corruptbench.report.part import is_whole, whole_corruptions

#: What is told apart, in order. A part of only one row says nothing.
PARTS = ("action", "camera", "subject")
SEVERITIES = (1, 2, 3, 4, 5)


class Row(NamedTuple):
    """One row: its name, its texts, its figure."""

    name: str
    texts: Sequence[str]
    figure: Markup


class Rows(NamedTuple):
    """A table with a figure in its last column."""

    title: str
    columns: Sequence[str]
    axis: Markup
    rows: Sequence[Row]


def group_tables(evidence: Evidence) -> list[Rows]:
    """Show each action, camera and subject, all on one scale, the most degraded first."""
    table = evidence.clips
    found = {part: _ends(evidence, part) for part in PARTS if table[part].nunique() > 1}
    values = [v for rows in found.values() for ends in rows.values() for v in ends]
    x = scales.scale(v for v in values if v is not None)
    return [
        Rows(
            f"By {part}",
            (part, "clips", "clean", "corrupted", "degradation"),
            axis(x),
            [_row(name, _clips(table, part, name), *ends, x) for name, ends in rows.items()],
        )
        for part, rows in found.items()
    ]


def exchange_table(evidence: Evidence) -> Rows | None:
    """Show the share of frames in which left and right are exchanged; None without joints."""
    if evidence.joints is None:
        return None
    share = means(evidence.joints, "exchanged", "frames", evidence.average) * 100
    clean, found = averages.clean(share), averages.by_corruption(share)
    x = scales.scale([*found.values(), clean or 0.0], zero=True)
    whole = whole_corruptions(evidence.result)
    rows = []
    for name, mean in sorted(found.items(), key=lambda item: -item[1]):
        value = mean if name in whole else None
        each = [_text(share.get((name, s))) for s in SEVERITIES]
        label = f"{spaced(name)}: {_text(clean)} % clean, {_text(value)} % corrupted"
        texts = (_text(clean), _text(value), *each)
        rows.append(Row(spaced(name), texts, dumbbell(clean, value, x, label)))
    columns = ("corruption", "clean", "mean", *map(str, SEVERITIES))
    return Rows("Left and right exchanged", columns, axis(x), rows)


def _ends(evidence: Evidence, part: str) -> dict[str, tuple[float | None, float | None]]:
    cells = means(evidence.clips, evidence.metric, "frames", evidence.average, [part])
    ends = {}
    for name in cells.index.get_level_values(part).unique():
        inside = cells.xs(name, level=part)
        whole = averages.corrupted(inside) if is_whole(evidence.result) else None
        ends[str(name)] = averages.clean(inside), whole
    return dict(sorted(ends.items(), key=lambda item: -_degradation(*item[1])))


def _degradation(clean: float | None, corrupted: float | None) -> float:
    return 0.0 if clean is None or corrupted is None else corrupted - clean


def _row(
    name: str, clips: int, clean: float | None, corrupted: float | None, x: scales.Scale
) -> Row:
    is_known = clean is not None and corrupted is not None
    degradation = signed(_degradation(clean, corrupted), 1) if is_known else "none"
    numbers = [_text(clean), _text(corrupted), degradation]
    label = f"{spaced(name)}: {numbers[0]} mm clean, {numbers[1]} mm corrupted"
    return Row(spaced(name), (str(clips), *numbers), dumbbell(clean, corrupted, x, label))


def _clips(table: pd.DataFrame, part: str, name: str) -> int:
    return len(table.loc[table[part] == name, [*CLIP_KEY]].drop_duplicates())


def _text(value: float | None) -> str:
    return "none" if value is None else f"{value:.1f}"
