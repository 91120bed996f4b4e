"""2D detections as the files that the repositories of lifters read: one module per repository.

Only detections leave the shards. Where a repository keeps keypoints and labels in one file, or row
by row beside one another, its own label file, which the user has, is read and cut to fit.
"""

from __future__ import annotations

from collections.abc import Callable

from corruptbench.convert.mmpose import MMPose
from corruptbench.convert.motionbert import MotionBERT
from corruptbench.convert.tracks import Target, Track
from corruptbench.convert.videopose3d import VideoPose3D
from corruptbench.convert.writer import Format, Writer

__all__ = ["FORMATS", "JOINT_SETS", "Format", "Target", "Track", "Writer"]

#: Joint sets that can be written.
JOINT_SETS = ("h36m17", "coco17", "humaneva15")

FORMATS: dict[str, Callable[[Target], Format]] = {
    "videopose3d": VideoPose3D,
    "motionbert": MotionBERT,
    "mmpose": MMPose,
}
