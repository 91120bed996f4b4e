"""A data set in open folders: bring your own calibrated videos and 3D labels.

::

    ROOT/dataset.json                                 name, fps, joint set, cameras, sequences
    ROOT/labels/<subject>.parquet                     joints and boxes; see `LabelTable`
    ROOT/videos/<subject>/<sequence>.<camera>.mp4     one frame per label, or a few more at the end

A video may also be an .avi, .mov or .mkv.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from corruptbench.datasets.base import Clip, ClipId
from corruptbench.datasets.checks import folder as checks
from corruptbench.datasets.checks.report import ALL_CLIPS, Finding, Needs
from corruptbench.datasets.dataset_json import read_record
from corruptbench.datasets.label_table import LabelTable, read_label_table
from corruptbench.datasets.near_misses import require_file
from corruptbench.errors import InputError

#: Endings of videos. The first one is expected where there is none.
_ENDINGS = tuple(e for low in (".mp4", ".avi", ".mov", ".mkv") for e in (low, low.upper()))


class FolderDataset:
    """Reader of open folders. Raises `InputError` for all that is missing or wrong.

    Attributes:
        record: the content of dataset.json.
        name: of the data set, part of every clip's identity.
        joints: name of the joint set of its labels.
        labels: reads the table of labels of a subject.
        licensed: dataset.json names a licence of any kind, so nothing is known.
        publishes_boxes: those of a table of labels are "ground-truth" in a manifest.
        cameras: without an order of their own.
    """

    licensed = False
    publishes_boxes = False
    cameras: tuple[str, ...] = ()

    def __init__(self, root: Path) -> None:
        """Read dataset.json; labels are read when a clip is."""
        self.root = root
        self.record = read_record(root)
        self.name, self.joints = self.record.name, self.record.joints
        self.labels = lru_cache(maxsize=4)(self._read_labels)

    def clip_ids(self) -> list[ClipId]:
        """Return all clips, sorted."""
        return sorted(
            ClipId(self.name, subject, sequence, camera, action)
            for subject, sequences in self.record.sequences.items()
            for sequence, action in sequences.items()
            for camera in self.record.cameras
        )

    def load(self, clip_id: ClipId) -> Clip:
        """Return the clip with its labels; the video is named, not opened."""
        labels = self.labels(clip_id.subject)
        if clip_id.sequence not in labels.joints:
            raise InputError(
                f"{self.labels_path(clip_id.subject)}: no rows of sequence '{clip_id.sequence}', "
                "which dataset.json lists; add its labels or remove it from dataset.json"
            )
        return Clip(
            id=clip_id,
            video=self.video_path(clip_id),
            fps=self.record.fps,
            camera=self.record.cameras_of(clip_id.subject)[clip_id.camera].camera(clip_id.camera),
            joint_set=self.joints,
            joints=labels.joints[clip_id.sequence],
            person_boxes=labels.boxes.get(clip_id.camera, {}).get(clip_id.sequence),
        )

    def check(self, needs: Needs = ALL_CLIPS) -> Iterator[Finding]:
        """Yield what is there, missing, or other than dataset.json says."""
        return checks.findings(self, needs)

    def video_path(self, clip_id: ClipId) -> Path:
        """Return where the video of a clip is, or should be.

        Raises:
            InputError: there are two; names both.
        """
        stem = self.root / "videos" / clip_id.subject / f"{clip_id.sequence}.{clip_id.camera}"
        found = _files(stem)
        if len(found) > 1:
            names = " and ".join(repr(path.name) for path in found)
            raise InputError(
                f"{stem.parent}: {names} are both the video of {clip_id}; expected one: remove or "
                "rename the other"
            )
        return next(iter(found), Path(f"{stem}{_ENDINGS[0]}"))

    def labels_path(self, subject: str) -> Path:
        """Return where the labels of a subject should be."""
        return self.root / "labels" / f"{subject}.parquet"

    def _read_labels(self, subject: str) -> LabelTable:
        path = self.labels_path(subject)
        remedy = "add them, or remove the subject from dataset.json"
        require_file(path, f"expected the 3D labels of subject {subject}: {remedy}")
        return read_label_table(path, self.joints, self.record.cameras_of(subject))


def _files(stem: Path) -> list[Path]:
    """Return the videos of this name. A system that ignores case has one file of two names."""
    there: dict[tuple[int, int], Path] = {}
    for path in (Path(f"{stem}{ending}") for ending in _ENDINGS):
        if path.is_file():
            facts = os.stat(path)
            there.setdefault((facts.st_dev, facts.st_ino), path)
    return list(there.values())


def open_root(root: Path | None) -> FolderDataset:
    """Return the data set in the folder ``root``, which must be given."""
    if root is None:
        needed = "the folder that holds its dataset.json"
        raise InputError(f"this data set needs its root: {needed}", "root")
    return FolderDataset(root)
