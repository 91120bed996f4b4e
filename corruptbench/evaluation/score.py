"""Score a lifter on shards: one row for each clip and cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from corruptbench.datasets import Clip
from corruptbench.errors import InputError
from corruptbench.evaluation import metrics
from corruptbench.leaderboard.schema import CLIP_COLUMNS
from corruptbench.lifters.lifter import Lifter
from corruptbench.lifters.windows import lift, lifter_input
from corruptbench.manifest import CLEAN, Scoring
from corruptbench.shards.records import CellDetections
from corruptbench.shards.shard_set import ShardSet

#: Columns of `score`: those of a result, and the number of frames without a pose to score.
COLUMNS = (*CLIP_COLUMNS, "rejected")

#: Is given a clip, its clean detections, and the poses (F, J, 3) mm that were lifted from them.
Watch = Callable[[Clip, CellDetections, NDArray[np.float64]], None]


def score(
    lifter: Lifter,
    shard_set: ShardSet,
    progress: Callable[[str], None] = lambda clip: None,  # noqa: ARG005
    watch: Watch = lambda clip, clean, poses: None,  # noqa: ARG005
) -> pd.DataFrame:
    """Compute the per-clip table, with columns `COLUMNS`.

    Every clip of the manifest is scored in every cell that was built, over the frames with valid
    labels. A pose that is not valid (see `metrics.is_valid_pose`) counts in ``rejected``, and its
    frame is left out of the errors.

    Args:
        lifter: a loaded lifter.
        shard_set: the shards to score it on.
        progress: called with the name of each finished clip.
        watch: called with each clip, the detections of its clean cell and the poses there.

    Returns:
        One row for each clip and cell; errors in mm (MPJVE: mm per frame).

    Raises:
        InputError: the lifter gives poses of another shape, the labels or the lifter have another
            joint set than the manifest, or a clip has no valid label.
    """
    rows = []
    for clip, detections in shard_set.clips():
        rows.extend(_score_clip(lifter, clip, detections, shard_set, watch))
        progress(str(clip.id))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _score_clip(
    lifter: Lifter,
    clip: Clip,
    detections: Sequence[CellDetections],
    shard_set: ShardSet,
    watch: Watch,
) -> list[tuple[str | int | float | None, ...]]:
    rules = shard_set.manifest.scoring
    if clip.joint_set != rules.joints or lifter.contract.joints != rules.joints:
        raise InputError(
            f"{clip.id}: labels are {clip.joint_set}, the lifter gives {lifter.contract.joints}, "
            f"the manifest scores {rules.joints}; expected the same joint set"
        )
    if not metrics.is_valid_pose(clip.joints).any():
        recording = f"{clip.id.subject}/{clip.id.sequence}.{clip.id.camera}"
        raise InputError(
            f"{clip.id}: none of its {len(clip.joints)} frames has a valid label, so it cannot be "
            f'scored; correct the labels, or exclude it in the manifest: exclude = ["{recording}"]'
        )
    joints = shard_set.lock.detector.layout
    conventions = (joints, clip.camera, lifter.contract)
    tracks = np.stack([lifter_input(d.keypoints, d.scores, *conventions) for d in detections])
    about = (clip.id.subject, clip.id.sequence, clip.id.action, clip.id.camera)
    target, root = clip.joints_camera, lifter.contract.root
    lifted = lift(lifter, tracks)
    errors = [clip_errors(poses, target, rules, root) for poses in lifted]
    for d, poses in zip(detections, lifted, strict=True):
        if d.cell == CLEAN:
            watch(clip, d, poses)
    cells = [(d.cell.corruption, d.cell.severity) for d in detections]
    return [(*about, *cell, *found) for cell, found in zip(cells, errors, strict=True)]


class ClipErrors(NamedTuple):
    """The last of `COLUMNS`: numbers of frames, then mm; None without a frame or a step."""

    frames: int
    run_frames: int
    mpjpe: float | None
    p_mpjpe: float | None
    mpjve: float | None
    rejected: int


def clip_errors(
    predicted: NDArray[np.float64],
    target: NDArray[np.float64],
    rules: Scoring,
    root: Literal["relative", "absolute"],
) -> ClipErrors:
    """Compute the errors of one clip in one cell, over the frames with a valid label and pose.

    Args:
        predicted: (F, J, 3) mm, in camera axes.
        target: (F, J, 3) mm, in camera space; NaN where a label is not valid.
        rules: scoring rules of the manifest.
        root: whether the predictions are relative to the root joint (from the lifter's contract).
    """
    labeled = metrics.is_valid_pose(target)
    scored = labeled & metrics.is_valid_pose(predicted)
    frames = int(scored.sum())
    rejected = int(labeled.sum()) - frames
    if not frames:
        return ClipErrors(0, 0, None, None, None, rejected)
    predicted = np.where(scored[:, None, None], predicted, np.nan)  # infinities would warn below
    target = metrics.root_relative(target, rules.root_joint)
    if rules.root_rule == "subtract" or root == "absolute":
        predicted = metrics.root_relative(predicted, rules.root_joint)
    steps = metrics.mpjve(predicted, target)
    mpjve, run_frames = metrics.mean_of_runs(steps, scored)
    predicted, target = predicted[scored], target[scored]
    return ClipErrors(
        frames=frames,
        run_frames=int(run_frames),
        mpjpe=float(metrics.mpjpe(predicted, target).mean()),
        p_mpjpe=float(metrics.p_mpjpe(predicted, target).mean()),
        mpjve=float(mpjve) if run_frames else None,
        rejected=rejected,
    )
