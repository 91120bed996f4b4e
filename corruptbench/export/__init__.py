"""2D detections as the files that the repositories of lifters read: one module per repository.

Only detections leave the shards. Where a repository keeps keypoints and labels in one file, or row
by row beside one another, its own label file, which the user has, is read and cut to fit.
"""

from __future__ import annotations

from collections.abc import Callable

from corruptbench.export.mmpose import MMPose
from corruptbench.export.motionbert import MotionBERT
from corruptbench.export.tracks import Target, Track
from corruptbench.export.videopose3d import VideoPose3D
from corruptbench.export.writer import Format, Writer

__all__ = ["FORMATS", "JOINT_SETS", "Format", "Target", "Track", "Writer"]

#: Joint sets that can be written.
JOINT_SETS = ("h36m17", "coco17", "humaneva15")

FORMATS: dict[str, Callable[[Target], Format]] = {
    "videopose3d": VideoPose3D,
    "motionbert": MotionBERT,
    "mmpose": MMPose,
}
