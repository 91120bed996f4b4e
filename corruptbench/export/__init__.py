"""2D detections as the files that the repositories of lifters read: one module per repository.

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

__all__ = ["FORMATS", "JOINT_SETS", "Format", "Target", "Track"]

#: Joint sets that can be written.
JOINT_SETS = ("h36m17", "coco17", "humaneva15")


class Format(Protocol):
    """Writes the files of one repository."""

    left_out: list[str]

    def __init__(self, target: Target) -> None:
        """Read the annotations; raise `InputError` when they or the target do not fit."""

    def names(self, cells: Sequence[Cell]) -> list[str]:
        """Return the names of all files that `write` will write for these cells."""

    def write(self, cell: Cell, found: Sequence[Track]) -> Path:
        """Write all tracks of a cell; what could not be written is named in ``left_out``.

        Raises:
            InputError: when the annotations do not fit the tracks; then nothing is written.
        """


FORMATS: dict[str, type[Format]] = {
    "videopose3d": VideoPose3D,
    "motionbert": MotionBERT,
    "mmpose": MMPose,
}
