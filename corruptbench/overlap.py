"""How much two boxes overlap. Pure functions over arrays of boxes x0, y0, x1, y1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float64]


def iou(boxes: Boxes, others: Boxes) -> NDArray[np.float64]:
    """Return the intersection over union of boxes (..., 4) with others (..., 4), 0 to 1.

    It is NaN where one of both is, and where both are points.
    """
    both, union, _ = _areas(boxes, others)
    with np.errstate(invalid="ignore"):
        return np.asarray(both / union)


def generalized_iou(boxes: Boxes, others: Boxes) -> NDArray[np.float64]:
    """Return the generalized IoU of boxes (..., 4) with others (..., 4), -1 to 1.

    It is the IoU less the part of the hull that is in neither box (Rezatofighi et al., CVPR 2019).
    So it also tells which of two boxes is nearer to one that neither overlaps.
    """
    _, union, hull = _areas(boxes, others)
    return np.asarray(iou(boxes, others) - (hull - union) / hull)


def _areas(boxes: Boxes, others: Boxes) -> tuple[Boxes, Boxes, Boxes]:
    """Return the areas of intersection, union and hull, (...)."""
    a, b = boxes, others
    low, high = np.maximum(a[..., :2], b[..., :2]), np.minimum(a[..., 2:], b[..., 2:])
    both = np.clip(high - low, 0, None).prod(axis=-1)
    low, high = np.minimum(a[..., :2], b[..., :2]), np.maximum(a[..., 2:], b[..., 2:])
    first, second = ((box[..., 2:] - box[..., :2]).prod(axis=-1) for box in (a, b))
    return both, first + second - both, (high - low).prod(axis=-1)
