"""Report poses that cannot be scored: an error with their number, and a list in a file."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path

import numpy as np
import pandas as pd

from corruptbench.errors import InputError
from corruptbench.evaluation.metrics import is_valid_pose
from corruptbench.files import atomic
from corruptbench.frame_runs import runs
from corruptbench.leaderboard import clips
from corruptbench.manifest import Cell
from corruptbench.progress import counted
from corruptbench.shards.shard_set import ShardSet


class RejectedPosesError(InputError):
    """A lifter gave poses that cannot be scored.

    Attributes:
        lifter: its name.
        rows: the rows of the per-clip table (`corruptbench.evaluation.score.COLUMNS`) with a
            rejected pose; their errors in mm are those of the other frames.
    """

    def __init__(self, lifter: str, table: pd.DataFrame, unseen: int = 0) -> None:
        """Take the per-clip table; ``unseen`` of the rejected poses are as `unseen_poses` says."""
        self.lifter = lifter
        self.rows = table[table["rejected"] > 0]
        rejected = int(self.rows["rejected"].sum())
        total = int((table["frames"] + table["rejected"]).sum())
        in_clips = _share(self.rows, table, clips.CLIP_KEY, "clip")
        in_cells = _share(self.rows, table, clips.CELL_KEY, "cell")
        worst = self.rows.nlargest(1, "rejected").iloc[0]
        super().__init__(
            f"{lifter}: cannot score {rejected} of {counted(total, 'pose')} "
            f"(NaN, infinite or collapsed to a point), in {in_clips} and {in_cells}; most "
            f"({worst['rejected']}) in {worst['subject']}/{worst['sequence']}.{worst['camera']}, "
            f"{Cell(worst['corruption'], worst['severity'])}. A result without them would not be "
            f"comparable, so there is none: {_remedy(rejected, unseen)}"
        )


def unseen_poses(table: pd.DataFrame, shard_set: ShardSet) -> int:
    """Count the rejected poses of runs of labeled frames without a single detection in their cell.

    A lifter is given the center of the picture for all joints there (`corruptbench.lifters.gaps`),
    from which no lifter can tell a pose.

    Args:
        table: per-clip, of `corruptbench.evaluation.score.score`.
        shard_set: the shards that were scored.

    Raises:
        InputError: a shard is not as its lock says.
    """
    rejected = table[table["rejected"] > 0].set_index(
        ["subject", "sequence", "camera", *clips.CELL_KEY]
    )["rejected"]
    found = 0
    for clip, detections in shard_set.clips():
        labeled = runs(is_valid_pose(clip.joints))
        for d in detections:
            key = (clip.id.subject, clip.id.sequence, clip.id.camera, *astuple(d.cell))
            seen = np.asarray(np.isfinite(d.keypoints).all(axis=(1, 2)))
            unseen = sum(len(run) for run in labeled if not seen[run.start : run.stop].any())
            found += min(unseen, int(rejected.get(key, 0)))
    return found


def _remedy(rejected: int, unseen: int) -> str:
    blind = "in stretches of labeled frames where the detector finds nobody"
    detections = (
        "use another detector, or look at the videos and the boxes (corruptbench detections "
        "compares detections and labels in each cell)"
    )
    if unseen == 0:
        return "correct the model"
    if unseen == rejected:
        return f"all of them are {blind}, which is no fault of the model: {detections}"
    return f"{unseen} of them are {blind}: {detections}. For the others correct the model"


def _share(rows: pd.DataFrame, table: pd.DataFrame, key: tuple[str, ...], noun: str) -> str:
    some, total = (len(t[[*key]].drop_duplicates()) for t in (rows, table))
    return f"{some} of {counted(total, noun)}"


def rejected_path(folder: Path, lifter: str) -> Path:
    """Return the path of the list of a lifter's rejected poses."""
    return folder / f"{lifter}.rejected.csv"


def save_rejected(error: RejectedPosesError, folder: Path) -> InputError:
    """Write ``<lifter>.rejected.csv`` into ``folder`` and return the error that names it."""
    path = rejected_path(folder, error.lifter)
    with atomic(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        error.rows.to_csv(stream, index=False, lineterminator="\n")
    return InputError(f"{error}. {path} lists them, with the errors of the other frames")
