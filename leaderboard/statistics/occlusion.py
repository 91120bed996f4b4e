"""Errors of hidden and visible joints, under cover, after it, and the time to recover."""

from __future__ import annotations

import numpy as np

from corruptbench.leaderboard.columns import OCCLUSION_COLUMNS, Occluded
from corruptbench.leaderboard.numbers import (
    Interval,
    Occlusion,
    OcclusionErrors,
    OcclusionIntervals,
)
from corruptbench.leaderboard.statistics.wide import (
    Array,
    Wide,
    by_corruption,
    cell_means,
    interval,
)

#: A corruption hides the person for a while if it covers a frame of any clip.
_FAMILY = "covered_frames"
_OVERALL = ""  # the key of the mean over corruptions; no corruption has an empty name


def occlusion(wide: Wide) -> Occlusion | None:
    """Average what the table says of occlusion; None if no corruption covers the person.

    Each number is the mean over a corruption's severities, then over corruptions. What has no
    value in a cell or corruption is left out of the mean, in each resample, too.

    Args:
        wide: a table of version 3.

    Raises:
        ValueError: a value is missing although its count is above 0.
    """
    covers = np.nan_to_num(wide.columns[_FAMILY]).sum(axis=0) > 0
    family = {
        name: columns
        for name, columns in by_corruption(wide.cells).items()
        if covers[columns].any()
    }
    if not family:
        return None
    found = _means(wide, family, wide.once)
    drawn = _means(wide, family, wide.resamples)
    return Occlusion(
        mean=_errors(found, _OVERALL),
        mean_intervals=OcclusionIntervals.model_validate(
            {part: _interval(means[_OVERALL]) for part, means in drawn.items()}
        ),
        corruptions={name: _errors(found, name) for name in family},
    )


def _means(
    wide: Wide, family: dict[str, list[int]], counts: Array
) -> dict[Occluded, dict[str, Array]]:
    """Return each part's means (R,) in the corruptions of a family, and over them; NaN for none.

    Args:
        wide: the table.
        family: the columns of each corruption's cells.
        counts: (R, C), how often each clip counts.
    """
    parts = {}
    for part, column in OCCLUSION_COLUMNS.items():
        cells = cell_means(wide, column, counts)
        means = {name: _mean(cells[:, columns]) for name, columns in family.items()}
        parts[part] = {**means, _OVERALL: _mean(np.stack([*means.values()], axis=1))}
    return parts


def _mean(values: Array) -> Array:
    """Return the means (R,) of the values (R, N) that are there, NaN without one."""
    there = ~np.isnan(values)
    count, total = there.sum(axis=1), np.where(there, values, 0.0).sum(axis=1)
    mean = np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0)
    return np.asarray(mean)


def _errors(found: dict[Occluded, dict[str, Array]], name: str) -> OcclusionErrors:
    values = {part: float(means[name][0]) for part, means in found.items()}
    return OcclusionErrors.model_validate(
        {part: None if np.isnan(value) else value for part, value in values.items()}
    )


def _interval(drawn: Array) -> Interval | None:
    """Return the interval of the resamples (R,) that have a value, None without one."""
    there = drawn[~np.isnan(drawn)]
    return interval(there) if there.size else None
