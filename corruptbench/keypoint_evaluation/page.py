"""The detectors of an evaluation as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from markupsafe import Markup

from corruptbench.files import atomic
from corruptbench.keypoint_evaluation.cell_rows import ALL
from corruptbench.keypoint_evaluation.comparison import CORRECT
from corruptbench.keypoint_evaluation.oks import JOINTS
from corruptbench.keypoint_evaluation.results import DetectorEvaluation, DetectorResult
from corruptbench.leaderboard.page import figures, scales
from corruptbench.leaderboard.page.figures import Line, Point
from corruptbench.leaderboard.standalone import policy, shared_style, spaced, templates
from corruptbench.manifest import CLEAN

#: Its folder ``site`` holds the page.
PACKAGE = "corruptbench.keypoint_evaluation"


class Panel(NamedTuple):
    """A small figure with its title."""

    title: str
    figure: Markup


def write_page(found: DetectorEvaluation, out: Path) -> None:
    """Write the page, whole or not at all. Equal input gives equal bytes.

    Raises:
        OSError: it cannot be written.
    """
    text = html(found)
    with atomic(out) as temporary:
        temporary.write_bytes(text.encode())


def html(found: DetectorEvaluation) -> str:
    """Return the page as text. It holds all that it shows, and loads nothing."""
    style = shared_style()
    names = [c.corruption for c in found.cells if c != CLEAN]
    return (
        templates(PACKAGE)
        .get_template("detectors.html.jinja")
        .render(
            found=found,
            ranking=found.ranking.to_dict(orient="index"),
            legend=[(figures.mark(i), d.name) for i, d in enumerate(found.detectors)],
            panels=_panels(found.detectors, list(dict.fromkeys(names))),
            joints=_joint_rows(found),
            correct=CORRECT,
            style=Markup(style),
            policy=policy(style, []),
        )
    )


def _panels(detectors: Sequence[DetectorResult], corruptions: Sequence[str]) -> list[Panel]:
    """Draw AP in percent against the severity of each corruption, all on one scale."""
    y = scales.scale([100 * ap for d in detectors for ap in d.cells["ap"]], zero=True)
    return [
        Panel(
            spaced(name),
            figures.curves(
                [_line(d, place, name) for place, d in enumerate(detectors)],
                y,
                f"AP in percent against the severity of {spaced(name)}",
            ),
        )
        for name in corruptions
    ]


def _line(detector: DetectorResult, place: int, corruption: str) -> Line:
    cells = detector.cells["ap"]
    keys = [key for key in cells.index if key[0] in (CLEAN.corruption, corruption)]
    return Line(detector.name, place, [Point(key[1], 100 * float(cells[key])) for key in keys])


def _joint_rows(found: DetectorEvaluation) -> list[tuple[str, list[str]]]:
    """Return, for each joint, the share of correct ones of each detector: clean, corrupted."""
    rows = found.table
    rows = rows[(rows["camera"] == ALL) & (rows["joint"] != ALL)]
    is_clean = rows["corruption"] == CLEAN.corruption
    corrupted = rows[~is_clean].groupby(["detector", "joint", "corruption"])["pck_05"].mean()
    means = {
        "clean": rows[is_clean].set_index(["detector", "joint"])["pck_05"],
        "corrupted": corrupted.groupby(level=[0, 1]).mean(),
    }
    keys = [(d.name, part) for d in found.detectors for part in ("clean", "corrupted")]
    return [
        (spaced(joint), [f"{100 * float(means[part][name, joint]):.1f}" for name, part in keys])
        for joint in JOINTS
    ]
