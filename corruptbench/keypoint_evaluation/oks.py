"""Object keypoint similarity (OKS) and average precision (AP), as COCO defines them.

Source: https://cocodataset.org/#keypoints-eval, and ``COCOeval`` of pycocotools. A test compares
both functions with numbers that pycocotools 2.0.11 gave.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corruptbench.skeleton import COCO17, LIMB_JOINTS

Array = NDArray[np.float64]
Floats = NDArray[np.floating]

#: COCO's standard deviation of each joint of COCO17, as a fraction of the person's scale.
COCO_SIGMAS = (
    0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107,
    0.087, 0.087, 0.089, 0.089,
)  # fmt: skip
#: Those of the joints of `skeleton.LIMB_JOINTS`, in their order.
SIGMAS = np.array([COCO_SIGMAS[joint] for joint, _ in LIMB_JOINTS])
#: Names of these joints.
JOINTS = tuple(COCO17.joints[joint] for joint, _ in LIMB_JOINTS)
#: COCO measures a person by the area of its mask, which labels of joints do not have. For data sets
#: without masks xtcocotools takes this share of the box (``use_area=False``, as for CrowdPose).
AREA_OF_BOX = 0.53
#: A person is found at these OKS, and precision is read at these recalls.
THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)


def similarity(distances: Array, areas: Array) -> Array:
    """Compute the OKS of each person, (N,), 0 to 1.

    ``mean(exp(-d^2 / (2 s^2 k^2)))`` over the joints that are scored, with k of twice the sigma.

    Args:
        distances: (N, 12) px, in the order of `JOINTS`; NaN for a joint that is not scored,
            infinite for one that was not found.
        areas: (N,) px, s^2 of the formula.

    Returns:
        (N,) float64; NaN where no joint is scored.
    """
    scale = 2 * (2 * SIGMAS) ** 2 * (areas[:, None] + np.spacing(1))
    each = np.exp(-(distances**2) / scale)
    scored = ~np.isnan(distances)
    count = scored.sum(axis=1)
    total = np.where(scored, each, 0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def average_precision(similarities: Floats, scores: Floats) -> float:
    """Compute AP: the mean precision over 101 recalls and ten thresholds of OKS, 0 to 1.

    Each frame has one person and one detection of it, so nothing has to be matched.

    Args:
        similarities: (N,) OKS of each person; 0 for one that was not found.
        scores: (N,) of each detection. Only their order counts. Equal ones keep their order.

    Returns:
        AP; NaN without a person.
    """
    count = len(similarities)
    if not count:
        return float("nan")
    ranked = similarities[np.argsort(-scores, kind="stable")]
    found = np.cumsum(ranked >= THRESHOLDS[:, None], axis=1)
    precision = found / np.arange(1, count + 1)
    best_later = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    padded = np.pad(best_later, ((0, 0), (0, 1)))  # a recall that is not reached counts 0
    place = np.stack([np.searchsorted(row / count, RECALLS) for row in found])
    return float(np.take_along_axis(padded, place, axis=1).mean())
