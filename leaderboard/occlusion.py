"""Errors of hidden and visible joints, under cover, after it, and the time to recover."""

from __future__ import annotations

import numpy as np

from corruptbench.leaderboard.columns import OCCLUSION_COLUMNS
from corruptbench.leaderboard.numbers import Occlusion, OcclusionErrors
from corruptbench.leaderboard.wide import Wide, by_corruption, cell_means

#: A corruption hides the person for a while if it covers a frame of any clip.
_FAMILY = "covered_frames"


def occlusion(wide: Wide) -> Occlusion | None:
    """Average what the table says of occlusion; None if no corruption covers the person.

    Each number is the mean over a corruption's severities, then over corruptions. What has no
    value in a cell or corruption is left out of the mean.

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
    means = {part: cell_means(wide, name, wide.once)[0] for part, name in OCCLUSION_COLUMNS.items()}
    corruptions = {
        name: {part: _mean(values[columns].tolist()) for part, values in means.items()}
        for name, columns in family.items()
    }
    overall = {part: _mean([c[part] for c in corruptions.values()]) for part in means}
    return Occlusion(
        mean=OcclusionErrors.model_validate(overall),
        corruptions={
            name: OcclusionErrors.model_validate(found) for name, found in corruptions.items()
        },
    )


def _mean(values: list[float | None]) -> float | None:
    """Return the mean of the values that are there, None without one."""
    there = [value for value in values if value is not None and not np.isnan(value)]
    return float(np.mean(there)) if there else None
