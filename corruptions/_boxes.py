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
    out = np.full_like(boxes, np.nan)
    there = np.flatnonzero(np.isfinite(boxes).all(axis=1))
    for t in range(len(boxes) if there.size else 0):
        after = int(np.searchsorted(there, t))
        nearest = int(np.abs(there[max(after - 1, 0) : after + 1] - t).min())
        away = max(reach, nearest)
        low, high = np.searchsorted(there, (t - away, t + away + 1))
        out[t] = boxes[there[low:high]].mean(axis=0)
    return out
