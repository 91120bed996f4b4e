"""A data set in open folders: bring your own calibrated videos and 3D labels.

::

    ROOT/dataset.json                                 name, fps, joint set, cameras, sequences
    ROOT/labels/<subject>.parquet                     sequence, frame, joints (J * 3) world mm
    ROOT/videos/<subject>/<sequence>.<camera>.mp4     one frame per label, or a few more at the end
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from corruptbench.datasets.base import Clip, ClipId
from corruptbench.datasets.checks import folder as checks
from corruptbench.datasets.checks.report import ALL_CLIPS, Finding, Needs
from corruptbench.datasets.dataset_json import read_record
from corruptbench.datasets.near_misses import require_file
from corruptbench.errors import InputError
from corruptbench.skeleton import joint_set


class FolderDataset:
    """Reader of open folders. Raises `InputError` for all that is missing or wrong.

    Attributes:
        record: the content of dataset.json.
        name: of the data set, part of every clip's identity.
        joints: name of the joint set of its labels.
        labels: reads a subject's labels, (F, J, 3) world mm, by sequence.
        licensed: dataset.json names a licence of any kind, so nothing is known.
        cameras: without an order of their own.
    """

    licensed = False
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
        if clip_id.sequence not in labels:
            raise InputError(
                f"{self.labels_path(clip_id.subject)}: no rows of sequence '{clip_id.sequence}', "
                "which dataset.json lists; add its labels or remove it from dataset.json"
            )
        return Clip(
            id=clip_id,
            video=self.video_path(clip_id),
            fps=self.record.fps,
            camera=self.record.cameras[clip_id.camera].camera(clip_id.camera),
            joint_set=self.joints,
            joints=labels[clip_id.sequence],
        )

    def check(self, needs: Needs = ALL_CLIPS) -> Iterator[Finding]:
        """Yield what is there, missing, or other than dataset.json says."""
        return checks.findings(self, needs)

    def video_path(self, clip_id: ClipId) -> Path:
        """Return where the video of a clip should be."""
        file = f"{clip_id.sequence}.{clip_id.camera}.mp4"
        return self.root / "videos" / clip_id.subject / file

    def labels_path(self, subject: str) -> Path:
        """Return where the labels of a subject should be."""
        return self.root / "labels" / f"{subject}.parquet"

    def _read_labels(self, subject: str) -> dict[str, NDArray[np.float64]]:
        """Return the labels (F, J, 3) world mm of each sequence of a subject."""
        path = self.labels_path(subject)
        remedy = "add them, or remove the subject from dataset.json"
        require_file(path, f"expected the 3D labels of subject {subject}: {remedy}")
        try:
            with path.open("rb") as stream:  # pyarrow only opens names that are UTF-8
                table = pq.read_table(stream, columns=["sequence", "frame", "joints"])
        except (pa.ArrowInvalid, KeyError) as error:
            raise InputError(
                f"{path}: not a label table ({error}); expected Parquet with the columns "
                "sequence, frame, joints"
            ) from None
        return _by_sequence(table, _joints(table, self.joints, path), path)


def _joints(table: pa.Table, joints: str, path: Path) -> NDArray[np.float64]:
    """Return the column of joints as (rows, J, 3); raise `InputError` when it is no such thing."""
    count = len(joint_set(joints))
    kind = table["joints"].type
    lists = (pa.types.is_fixed_size_list, pa.types.is_list, pa.types.is_large_list)
    if not (any(t(kind) for t in lists) and pa.types.is_floating(kind.value_type)):
        raise InputError(
            f"{path}: joints: column of {kind}, expected a list of {count * 3} floats a row"
        )
    values = table["joints"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    if values.size != table.num_rows * count * 3:
        raise InputError(
            f"{path}: joints: {values.size / max(table.num_rows, 1):g} numbers a row, expected "
            f"{count * 3} (x, y, z of the {count} joints of {joints})"
        )
    found = values.reshape(-1, count, 3).astype(np.float64)
    if np.isinf(found).any():
        raise InputError(
            f"{path}: joints: infinite numbers, expected world mm; put NaN where a joint is not "
            "valid"
        )
    return np.asarray(found)


def _by_sequence(
    table: pa.Table, joints: NDArray[np.float64], path: Path
) -> dict[str, NDArray[np.float64]]:
    """Return the rows of each sequence; raise `InputError` unless they are in order."""
    sequence = np.asarray(table["sequence"].to_pylist())
    frame = table["frame"].to_numpy()
    labels = {}
    for name in dict.fromkeys(sequence.tolist()):
        rows = np.flatnonzero(sequence == name)
        if not np.array_equal(frame[rows], np.arange(rows.size)):
            raise InputError(
                f"{path}: frame: the rows of sequence '{name}' are numbered {frame[rows[0]]} to "
                f"{frame[rows[-1]]}, expected 0 to {rows.size - 1} in order, one row for each "
                "video frame: sort them, and count from 0"
            )
        labels[name] = joints[rows]
    return labels


def open_root(root: Path | None) -> FolderDataset:
    """Return the data set in the folder ``root``, which must be given."""
    if root is None:
        needed = "the folder that holds its dataset.json"
        raise InputError(f"this data set needs its root: {needed}", "root")
    return FolderDataset(root)
