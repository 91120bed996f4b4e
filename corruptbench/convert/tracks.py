"""What the formats have in common: what to write, and detections of a clip without gaps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corruptbench.datasets import Clip, Dataset
from corruptbench.errors import InputError
from corruptbench.lifters.gaps import filled
from corruptbench.manifest import Cell
from corruptbench.shards.shard_set import ShardSet
from corruptbench.skeleton import convert, joint_set

#: Subject, recording, camera.
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Target:
    """The choices for a conversion: whose detections, which joints, beside which labels.

    Attributes:
        dataset: that the shards were built from.
        joints: name of the joint set that is wanted.
        confidence: whether scores are wanted where they are optional.
        annotations: the repository's own label file.
    """

    dataset: Dataset
    joints: str
    confidence: bool = False
    annotations: Path | None = None

    def labels(self, expected: str) -> Path:
        """Return the label file of a format that is for Human3.6M.

        Args:
            expected: what it should be, in words.

        Raises:
            InputError: when there is none, or the shards or joints are not Human3.6M's.
        """
        if self.dataset.name != "human36m":
            raise InputError(
                f"this format is for Human3.6M, these are shards of {self.dataset.name}; expected "
                "the format videopose3d"
            )
        if self.joints != "h36m17":
            raise InputError(
                f"joints {self.joints}: repositories of this format read h36m17; expected that",
                "joints",
            )
        if self.annotations is None:
            raise InputError(
                f"the annotations are missing: expected {expected}; keypoints and labels belong "
                "together row by row there, and labels are not converted",
                "annotations",
            )
        return self.annotations


@dataclass(frozen=True)
class Track:
    """Detections of one clip in one cell.

    Attributes:
        clip: with its labels.
        keypoints: (F, K, 2) float32 px; a frame without a detection repeats the nearest one's.
        scores: (F, K) float32; 0 in such a frame.
    """

    clip: Clip
    keypoints: NDArray[np.float32]
    scores: NDArray[np.float32]

    @property
    def key(self) -> Key:
        """Identity without the data set."""
        return self.clip.id.subject, self.clip.id.sequence, self.clip.id.camera


def slug(cell: Cell) -> str:
    """Return a cell as it stands in a file's name, "erase_3"."""
    return str(cell).replace(" ", "_")


def check_joints(shard_set: ShardSet, joints: str) -> None:
    """Raise `InputError` when the detector's joints cannot be converted to that joint set."""
    given = shard_set.lock.detector.layout
    count = len(joint_set(given))
    try:
        convert(np.zeros((0, count, 2)), np.zeros((0, count)), given, joints)
    except InputError as error:
        raise InputError(
            f"joints {joints}: {shard_set.folder} holds joints of {given}; {error}; expected a "
            f"joint set that {given} can be converted to, or {given} itself",
            "joints",
        ) from None


def tracks(shard_set: ShardSet, cell: Cell, joints: str) -> Iterator[Track]:
    """Yield all clips in one cell, as the lifters of an evaluation are given them, in pixels.

    Raises:
        InputError: when a shard is damaged, or there is no conversion to that joint set.
    """
    for clip, (d,) in shard_set.clips((cell,)):
        points, scores = convert(
            filled(d.keypoints.astype(np.float64), clip.camera),
            d.scores.astype(np.float64),
            shard_set.lock.detector.layout,
            joints,
        )
        yield Track(clip, points.astype(np.float32), scores.astype(np.float32))
