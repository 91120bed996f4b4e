"""A badge of a row for the README of its authors: an SVG picture in the flat look of shields.io."""

from __future__ import annotations

import unicodedata

from corruptbench.leaderboard.columns import METRIC_COLUMNS
from corruptbench.leaderboard.ranking.placed import Placed
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.standalone import templates
from corruptbench.leaderboard.status import kind_of

#: White text on them has a contrast of at least 5 to 1.
RANKED, UNRANKED = "#0969da", "#5f6770"
#: px beside each text.
MARGIN = 6

#: Letters by their width at 11 px in DejaVu Sans, which is as wide as Verdana, the font of
#: shields.io. Our own approximation: no font is needed to make a badge, and the attribute
#: textLength makes any font keep to the width.
_KINDS = {"narrow": "ijlIJ,.:;'|/ \N{MIDDLE DOT}", "slim": "frt()[]!-", "wide": "mwMW%@+=<>#~^"}
_PX = {"narrow": 3.4, "slim": 4.1, "usual": 6.8, "capital": 7.6, "wide": 9.9, "full": 11.0}
_KIND = {char: kind for kind, chars in _KINDS.items() for char in chars}


def badge(placed: Placed, title: str) -> str:
    """Return the badge of a row as SVG: benchmark, corrupted error, rank or why none, status.

    Args:
        placed: a row of a board.
        title: of its benchmark, without the version.
    """
    where = f"{title} v{placed.result.benchmark.version}"
    label = ", ".join(filter(None, (where, placed.section)))
    parts = (_error(placed.result), placed.rank_or_reason, kind_of(placed.result))
    message = " \N{MIDDLE DOT} ".join(parts)
    left, right = (2 * MARGIN + text_width(text) for text in (label, message))
    return (
        templates("corruptbench.leaderboard.exports")
        .get_template("badge.svg.jinja")
        .render(
            label=label,
            message=message,
            left=left,
            right=right,
            margin=MARGIN,
            color=UNRANKED if placed.row.rank is None else RANKED,
        )
    )


def text_width(text: str) -> int:
    """Return the width of a text in px, by the widths of its letters' kinds."""
    return round(sum(_PX[_kind(char)] for char in text))


def _error(result: Result) -> str:
    metric = METRIC_COLUMNS[result.main_metric]
    name = "" if result.main_metric == "mpjpe" else f"{metric.label} "
    return f"{name}corrupted {result.errors.corrupted:.1f} {metric.unit}"


def _kind(char: str) -> str:
    if unicodedata.east_asian_width(char) in "WF":
        return "full"
    return _KIND.get(char, "capital" if char.isupper() else "usual")
