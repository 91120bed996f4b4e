"""Two dots on a line: a clean value, and the corrupted one, in rows under one axis.

Positions are percentages, so that a row is as wide as its place on the page.
"""

from __future__ import annotations

from markupsafe import Markup

from corruptbench.leaderboard.page.scales import Scale

#: Percent of the width on either side, where the dots of the ends have their place.
_SIDE = 4.0


def dumbbell(clean: float | None, corrupted: float | None, x: Scale, label: str) -> Markup:
    """Draw a hollow dot at the clean value, a full one at the corrupted value, a bar between."""
    parts = [Markup('<line class="grid" x1="{0}%" x2="{0}%" y1="0" y2="24"/>').format(_at(t, x))
             for t in x.ticks]  # fmt: skip
    if clean is not None and corrupted is not None:
        parts.append(
            Markup('<line class="reach" x1="{}%" x2="{}%" y1="12" y2="12"/>').format(
                _at(clean, x), _at(corrupted, x)
            )
        )
    for value, kind, radius in ((clean, "from", 4.2), (corrupted, "to", 5)):
        if value is not None:
            parts.append(
                Markup('<circle class="{}" cx="{}%" cy="12" r="{}"/>').format(
                    kind, _at(value, x), radius
                )
            )
    return Markup(
        '<svg class="dumbbell s0" height="24" role="img" aria-label="{}"><title>{}</title>{}</svg>'
    ).format(label, label, Markup("").join(parts))


def axis(x: Scale) -> Markup:
    """Draw the numbers of the axis above the rows."""
    texts = [
        Markup('<text class="tick" x="{}%" y="12" text-anchor="middle">{:.10g}</text>').format(
            _at(tick, x), tick
        )
        for tick in x.ticks
    ]
    return Markup('<svg class="dumbbell" height="16" aria-hidden="true">{}</svg>').format(
        Markup("").join(texts)
    )


def _at(value: float, x: Scale) -> str:
    return f"{_SIDE + (100 - 2 * _SIDE) * x.at(value):.2f}"
