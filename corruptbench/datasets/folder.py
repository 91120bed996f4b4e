"""A data set in open folders: bring your own calibrated videos and 3D labels.

::

    ROOT/dataset.json                                 name, fps, joint set, cameras, sequences
    ROOT/labels/<subject>.parquet                     joints and boxes; see `LabelTable`
    ROOT/videos/<subject>/<sequence>.<camera>.mp4     one frame per label, or a few more at the end
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from corruptbench.datasets.base import Clip, ClipId
from corruptbench.datasets.checks import folder as checks
from corruptbench.datasets.checks.report import ALL_CLIPS, Finding, Needs
from corruptbench.datasets.dataset_json import read_record
from corruptbench.datasets.label_table import LabelTable, read_label_table
from corruptbench.datasets.near_misses import near_miss
from corruptbench.errors import InputError


class FolderDataset:
    """Reader of open folders. Raises `InputError` for all that is missing or wrong.

    Attributes:
        record: the content of dataset.json.
        licensed: dataset.json names a licence of any kind, so nothing is known.
        cameras: without an order of their own.
    """

    licensed = False
    cameras: tuple[str, ...] = ()

    def __init__(self, root: Path) -> None:
        """Read dataset.json; labels are read when a clip is."""
        self.root = root
        self.record = read_record(root)
        self._labels = lru_cache(maxsize=4)(self._read_labels)

    @property
    def name(self) -> str:
        """Name of the data set, part of every clip's identity."""
        return self.record.name

    @property
    def joints(self) -> str:
        """Name of the joint set of its labels."""
        return self.record.joints

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
        labels = self._labels(clip_id.subject)
        if clip_id.sequence not in labels.joints:
            raise InputError(
                f"{self._labels_path(clip_id.subject)}: no rows of sequence '{clip_id.sequence}', "
                "which dataset.json lists; add its labels or remove it from dataset.json"
            )
        file = f"{clip_id.sequence}.{clip_id.camera}.mp4"
        return Clip(
            id=clip_id,
            video=self.root / "videos" / clip_id.subject / file,
            fps=self.record.fps,
            camera=self.record.cameras[clip_id.camera].camera(clip_id.camera),
            joint_set=self.record.joints,
            joints=labels.joints[clip_id.sequence],
            person_boxes=labels.boxes.get(clip_id.camera, {}).get(clip_id.sequence),
        )

    def check(self, needs: Needs = ALL_CLIPS) -> Iterator[Finding]:
        """Yield what is there, missing, or other than dataset.json says."""
        cameras = {name: record.camera(name) for name, record in self.record.cameras.items()}
        return checks.findings(
            self.root,
            self.clip_ids(),
            cameras,
            self.record.joints,
            lambda subject: self._labels(subject).joints,
            needs,
        )

    def _labels_path(self, subject: str) -> Path:
        return self.root / "labels" / f"{subject}.parquet"

    def _read_labels(self, subject: str) -> LabelTable:
        path = self._labels_path(subject)
        if not path.is_file():
            raise InputError(
                f"{path}: missing{near_miss(path)}; expected the 3D labels of subject {subject}: "
                "add them, or remove the subject from dataset.json"
            )
        return read_label_table(path, self.record.joints, self.record.cameras)


def open_root(root: Path | None) -> FolderDataset:
    """Return the data set in the folder ``root``, which must be given."""
    if root is None:
        raise InputError("this data set needs its root: the folder that holds its dataset.json")
    return FolderDataset(root)
