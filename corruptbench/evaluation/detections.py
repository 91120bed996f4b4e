"""Measure the quality of the detector's keypoints and scores in each cell."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corruptbench.datasets import Clip
from corruptbench.keypoint_evaluation import metrics
from corruptbench.manifest import Cell
from corruptbench.shards.records import CellDetections
from corruptbench.shards.shard_set import ShardSet
from corruptbench.skeleton import convert, limb_joints

#: A keypoint is correct within this fraction of the longer side of the box; our own choice.
THRESHOLD = 0.1


@dataclass(frozen=True)
class Quality:
    """Detection quality of a cell over shoulders, elbows, wrists, hips, knees and ankles.

    Attributes:
        joints: number of joints, over all frames.
        mean_px: mean distance to the projected labels, pixels.
        mean_error: the same as a fraction of the longer side of the box.
        median_error: as a fraction of the longer side.
        pck: fraction of joints within `THRESHOLD` of the longer side.
        mean_score: mean detector score.
        auroc: probability that a correct joint has a higher score than a wrong one.
    """

    joints: int
    mean_px: float
    mean_error: float
    median_error: float
    pck: float
    mean_score: float
    auroc: float


def quality(shard_set: ShardSet) -> dict[Cell, Quality]:
    """Measure the detection quality of each cell of a build, over all clips and frames.

    Only the 12 limb joints count, because detector and labels define them in the same way. Frames
    without a person are left out.
    """
    pooled: dict[Cell, list[NDArray[np.float64]]] = defaultdict(list)
    for clip, detections in shard_set.clips():
        for d in detections:
            sides, layout = metrics.longer_sides(clip.boxes), shard_set.lock.detector.layout
            pooled[d.cell].append(joint_errors(clip, d, layout, sides))
    return {cell: quality_of(np.concatenate(parts)) for cell, parts in pooled.items()}


def joint_errors(
    clip: Clip, d: CellDetections, joints: str, lengths: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Compute the 2D error of each limb joint in each labeled frame.

    Args:
        clip: with labels.
        d: detections of one cell of the clip.
        joints: joint set of the detections.
        lengths: (F,) px. An error is divided by that of its frame, such as the longer side of the
            person's box.

    Returns:
        (N, 3) float64: error in px, error as a fraction of the length, detector score. Errors are
        NaN where the detector did not look.
    """
    found, scores = convert(
        d.keypoints.astype(np.float64), d.scores.astype(np.float64), joints, clip.joint_set
    )
    limbs = limb_joints(clip.joint_set)
    seen = np.isfinite(clip.boxes).all(axis=1) & np.isfinite(clip.keypoints).all(axis=(1, 2))
    lengths = lengths[seen]
    target, found = clip.keypoints[seen][:, limbs], found[seen][:, limbs]
    relative = metrics.keypoint_error(found, target, lengths)
    pixels = relative * lengths[:, None]
    return np.stack([pixels.ravel(), relative.ravel(), scores[seen][:, limbs].ravel()], axis=1)


def quality_of(joints: NDArray[np.float64]) -> Quality:
    """Summarize the joints (N, 3) from `joint_errors`."""
    pixels, relative, scores = joints.T
    return Quality(
        joints=len(joints),
        mean_px=float(np.nanmean(pixels)),
        mean_error=float(np.nanmean(relative)),
        median_error=float(np.nanmedian(relative)),
        pck=metrics.pck(relative, THRESHOLD),
        mean_score=float(scores.mean()),
        auroc=metrics.auroc(scores, relative <= THRESHOLD),
    )
