"""Where the person is to be seen: boxes cut at the picture's border, and held steady."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions.base import ClipInfo


def visible(info: ClipInfo) -> NDArray[np.float64]:
    """Return the parts of the boxes that lie in the picture, (F, 4); NaN where there is none."""
    corners = np.clip(info.boxes.reshape(-1, 2, 2), 0, (info.width, info.height)).reshape(-1, 4)
    corners[(corners[:, :2] >= corners[:, 2:]).any(axis=1)] = np.nan
    return corners


def steady(boxes: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """Return the boxes (F, 4), each averaged over those up to ``reach`` frames away.

    A frame without a person takes the nearest box. In a clip without a person all are NaN.
    """
    there = np.flatnonzero(np.isfinite(boxes).all(axis=1))
    if not there.size:
        return np.full_like(boxes, np.nan)
    times = np.arange(len(boxes))
    after = np.searchsorted(there, times)
    ends = there[np.stack([np.maximum(after - 1, 0), np.minimum(after, there.size - 1)])]
    away = np.maximum(np.abs(ends - times).min(axis=0), reach)
    low = np.searchsorted(there, times - away)
    high = np.searchsorted(there, times + away, side="right")
    total = np.concatenate([np.zeros((1, 4)), np.cumsum(boxes[there], axis=0)])
    return np.asarray((total[high] - total[low]) / (high - low)[:, None])
