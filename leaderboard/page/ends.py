"""Where colors, scales and axes end: anybody can invent a number far from the others."""

from __future__ import annotations

from collections.abc import Sequence

from corruptbench.leaderboard.ranking.order import Row, may_be_best
from corruptbench.leaderboard.status import is_confirmed

#: Numbers of other rows are on an axis up to this share of the greatest deciding number beyond the
#: deciding ones. Our own choice: one confirmed row alone leaves room for claimed ones beside it.
_REACH = 0.25


def deciding(rows: Sequence[Row]) -> Sequence[Row]:
    """Return the rows of a table whose numbers are the ends of its colors and scales.

    These are the rows that may be best. Where no row is ranked, they are the confirmed ones, or all
    where none is confirmed.
    """
    names = may_be_best(rows)
    best = [row for row in rows if row.result.lifter.name in names]
    return best or [row for row in rows if is_confirmed(row.result)] or rows


def on_axis(values: Sequence[float], known: Sequence[float]) -> list[float]:
    """Return the values that an axis holds: those of deciding rows, and others near them.

    Near is not farther away than the deciding ones are from each other, or than a quarter of the
    greatest of them. So others can make a figure of the deciding rows smaller, but not a dot.

    Args:
        values: of all rows.
        known: of the deciding rows. Without any, all values are returned.
    """
    if not known:
        return list(values)
    least, most = min(known), max(known)
    reach = max(most - least, _REACH * max(abs(least), abs(most)))
    return [*known, *(value for value in values if least - reach <= value <= most + reach)]
