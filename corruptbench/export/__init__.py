"""2D detections as the files that the repositories of lifters read: one file per format.

Only detections leave the shards. Where a repository keeps keypoints and labels in one file, or row
by row beside one another, its own label file, which the user has, is read and cut to fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from corruptbench.export.mmpose import MMPose
from corruptbench.export.motionbert import MotionBERT
from corruptbench.export.tracks import Target, Track
from corruptbench.export.videopose3d import VideoPose3D
from corruptbench.manifest import Cell

__all__ = ["FORMATS", "Format", "Target", "Track"]


class Format(Protocol):
    """Writes the files of one repository."""

    left_out: list[str]

    def __init__(self, target: Target) -> None:
        """Reads the annotations; raises `InputError` when they or the options do not fit."""

    def write(self, cell: Cell, found: Sequence[Track]) -> Path:
        """Writes all tracks of a cell; what could not be written is named in ``left_out``."""


FORMATS: dict[str, type[Format]] = {
    "videopose3d": VideoPose3D,
    "motionbert": MotionBERT,
    "mmpose": MMPose,
}
