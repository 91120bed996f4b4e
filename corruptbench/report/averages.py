"""Average the clips table by the rule of the result."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

import pandas as pd

from corruptbench.leaderboard.clips import CELL_KEY
from corruptbench.leaderboard.statistics.wide import CLEAN


def means(
    table: pd.DataFrame,
    value: str,
    weight: str = "frames",
    average: Literal["actions", "frames"] = "frames",
    by: Sequence[str] = (),
) -> pd.Series[float]:
    """Return the mean of a column in each cell, as `corruptbench.leaderboard.summarize` does.

    Args:
        table: rows of clips and cells. Rows without a value or weight do not count.
        value: the column to average.
        weight: the column with the number of frames (or joints, or covers) behind each value.
        average: "actions": the weighted mean within each action, then the plain mean over these.
        by: further columns to tell apart, such as "camera".

    Returns:
        Indexed by ``by``, corruption and severity; empty if there is no value.
    """
    if value not in table or weight not in table:
        return pd.Series(dtype="float64")
    keys = [*by, *CELL_KEY]
    inner = keys if average == "frames" or "action" in keys else [*keys, "action"]
    rows = table[table[value].notna() & (table[weight] > 0)]
    products = rows.assign(_sum=rows[value].astype("float64") * rows[weight])
    sums = products.groupby(inner, sort=False)[["_sum", weight]].sum()
    by_action = sums["_sum"] / sums[weight]
    found: pd.Series[float] = by_action.groupby(keys, sort=False).mean()
    return found


def clean(cells: pd.Series[float]) -> float | None:
    """Return the value of the clean cell, from `means` without ``by``."""
    return float(cells[CLEAN]) if CLEAN in cells.index else None


def by_corruption(
    cells: pd.Series[float], whole: Collection[str] | None = None
) -> dict[str, float]:
    """Return each corruption's mean over its severities, from `means` without ``by``.

    Args:
        cells: values of cells.
        whole: the corruptions that have all severities; the others are left out. None: all.
    """
    kept = [key != CLEAN and (whole is None or key[0] in whole) for key in cells.index]
    severities = cells[kept]
    if severities.empty:
        return {}
    groups = severities.groupby(level="corruption", sort=False).mean()
    return {str(name): float(value) for name, value in groups.items()}


def corrupted(cells: pd.Series[float]) -> float | None:
    """Return the mean over corruptions, each the mean over its severities."""
    found = by_corruption(cells)
    return sum(found.values()) / len(found) if found else None
