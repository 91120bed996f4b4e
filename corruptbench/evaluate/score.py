"""Scores a lifter on shards: one row for each clip and cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from corruptbench.build.detect import CellDetections
from corruptbench.datasets import Clip
from corruptbench.errors import InputError
from corruptbench.evaluate import metrics
from corruptbench.evaluate.lifter import Lifter
from corruptbench.evaluate.shardset import ShardSet
from corruptbench.evaluate.windows import lift, lifter_input
from corruptbench.manifest import Scoring
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
    rows: list[tuple[str | int | float | None, ...]] = []
    for d, pose in zip(detections, poses, strict=True):
        errors = clip_errors(pose, clip.joints_camera, rules, lifter.contract.root)
        if errors is not None:
            about = (clip.id.subject, clip.id.sequence, clip.id.action, clip.id.camera)
            rows.append((*about, d.cell.corruption, d.cell.severity, *errors))
    return rows


class ClipErrors(NamedTuple):
    """The last columns of a row of the per-clip table: numbers of frames, then mm."""

    frames: int
    run_frames: int
    mpjpe: float
    p_mpjpe: float
    mpjve: float | None


def clip_errors(
    predicted: NDArray[np.float64],
    target: NDArray[np.float64],
    rules: Scoring,
    root: Literal["relative", "absolute"],
) -> ClipErrors | None:
    """Errors of one clip in one cell; None where no frame has a valid label.

    Args:
        predicted: (F, J, 3) mm, camera axes, `metrics.whole`.
        target: (F, J, 3) mm, camera; NaN where a label is not valid.
        rules: of the manifest.
        root: whether the predictions are relative to the root joint, by the lifter's contract.
    """
    target = metrics.root_relative(target, rules.root_joint)
    valid = np.asarray(np.isfinite(target).all(axis=(1, 2)))
    if not valid.any():
        return None
    if rules.root_rule == "subtract" or root == "absolute":
        predicted = metrics.root_relative(predicted, rules.root_joint)
    mpjve, run_frames = metrics.mpjve_of_runs(predicted, target, valid)
    predicted, target = predicted[valid], target[valid]
    return ClipErrors(
        frames=len(target),
        run_frames=run_frames,
        mpjpe=float(metrics.mpjpe(predicted, target).mean()),
        p_mpjpe=float(metrics.p_mpjpe(predicted, target).mean()),
        mpjve=mpjve,
    )
