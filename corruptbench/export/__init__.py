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

__all__ = ["FORMATS", "LAYOUTS", "Format", "Target", "Track", "default_layout"]

#: Joint sets that can be written.
LAYOUTS = ("h36m17", "coco17", "humaneva15")


def default_layout(dataset: str) -> str:
    """The joint set that the field's lifters read on a data set of that name."""
    return "humaneva15" if dataset == "humaneva" else "h36m17"


class Format(Protocol):
    """Writes the files of one repository."""

    left_out: list[str]

    def __init__(self, target: Target) -> None:
        """Reads the annotations; raises `InputError` when they or the options do not fit."""

    def names(self, cells: Sequence[Cell]) -> list[str]:
        """Of all files that `write` will write for these cells; the folder is asked for them."""

    def write(self, cell: Cell, found: Sequence[Track]) -> Path:
        """Writes all tracks of a cell; what could not be written is named in ``left_out``.

        Raises:
            InputError: when the annotations do not fit the tracks; then nothing is written.
        """


FORMATS: dict[str, type[Format]] = {
    "videopose3d": VideoPose3D,
    "motionbert": MotionBERT,
    "mmpose": MMPose,
}
