"""Scores a lifter on shards: one row for each clip and cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from corruptbench.build.detect import CellDetections
from corruptbench.datasets import Clip
from corruptbench.errors import InputError
from corruptbench.evaluate import metrics
from corruptbench.evaluate.lifter import Lifter
from corruptbench.evaluate.shardset import ShardSet
from corruptbench.evaluate.windows import lift, lifter_input
from leaderboard.schema import CLIP_COLUMNS


def score(
    lifter: Lifter,
    shard_set: ShardSet,
    progress: Callable[[str], None] = lambda clip: None,  # noqa: ARG005
) -> pd.DataFrame:
    """The per-clip table, columns `leaderboard.schema.CLIP_COLUMNS`, errors in mm.

    Args:
        lifter: loaded and probed.
        shard_set: opened; every clip of its manifest is scored in every cell that was built, over
            the frames whose labels are valid.
        progress: called with each finished clip.

    Raises:
        InputError: when the lifter gives another shape, or a pose that is not finite or has
            collapsed to a point; when the labels are not in the joint set that the manifest scores.
    """
    rows = []
    for clip, detections in shard_set.clips():
        rows.extend(_score_clip(lifter, clip, detections, shard_set))
        progress(str(clip.id))
    return pd.DataFrame(rows, columns=list(CLIP_COLUMNS))


def _score_clip(
    lifter: Lifter, clip: Clip, detections: Sequence[CellDetections], shard_set: ShardSet
) -> list[tuple[str | int | float | None, ...]]:
    rules = shard_set.manifest.scoring
    if clip.joint_set != rules.joints or lifter.contract.joints != rules.joints:
        raise InputError(
            f"{clip.id}: labels are {clip.joint_set}, the lifter gives {lifter.contract.joints}, "
            f"the manifest scores {rules.joints}; expected the same joint set"
        )
    layout = shard_set.lock.detector.layout
    tracks = np.stack(
        [
            lifter_input(
                d.keypoints.astype(np.float64), d.scores.astype(np.float64), layout, clip.camera,
                lifter.contract,
            )
            for d in detections
        ]
    )  # fmt: skip
    poses = lift(lifter, tracks)
    bad = np.count_nonzero(~metrics.whole(poses), axis=1)
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise InputError(
            f"{lifter.contract.name}: poses that are NaN, infinite or collapsed to a point on "
            f"{clip.id}, {detections[first].cell}: {bad[first]} of {poses.shape[1]} frames "
            f"({np.count_nonzero(bad)} of the clip's {len(bad)} cells have some); "
            "a result would not be comparable: mend the model"
        )
    target = metrics.root_relative(clip.joints_camera, rules.root_joint)
    valid = np.asarray(np.isfinite(target).all(axis=(1, 2)))
    if not valid.any():
        return []
    rows: list[tuple[str | int | float | None, ...]] = []
    for d, pose in zip(detections, poses, strict=True):
        predicted = metrics.root_relative(pose, rules.root_joint)
        velocity = metrics.mpjve(predicted, target)[valid[1:] & valid[:-1]]  # no step over a gap
        rows.append(
            (
                clip.id.subject, clip.id.sequence, clip.id.action, clip.id.camera,
                d.cell.corruption, d.cell.severity, int(valid.sum()), velocity.size,
                float(metrics.mpjpe(predicted[valid], target[valid]).mean()),
                float(metrics.p_mpjpe(predicted[valid], target[valid]).mean()),
                float(velocity.mean()) if velocity.size else None,
            )
        )  # fmt: skip
    return rows
