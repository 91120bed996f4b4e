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
from typing import Annotated, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pydantic import Field, ValidationError, field_validator, model_validator

from corruptbench.camera import Camera, Model
from corruptbench.datasets.base import Clip, ClipId
from corruptbench.datasets.checks import folder as checks
from corruptbench.datasets.checks.report import ALL_CLIPS, Finding, Needs
from corruptbench.datasets.near_misses import near_miss
from corruptbench.errors import InputError, first_problem
from corruptbench.records import Record
from corruptbench.skeleton import joint_set
from corruptbench.text_files import read_text

Finite = Annotated[float, Field(allow_inf_nan=False)]
Length = Annotated[Finite, Field(gt=0)]
Lengths = Annotated[list[Length], Field(min_length=2, max_length=2)]
Pair = Annotated[list[Finite], Field(min_length=2, max_length=2)]
Triple = Annotated[list[Finite], Field(min_length=3, max_length=3)]
Five = Annotated[list[Finite], Field(min_length=5, max_length=5)]
Rows = Annotated[list[Triple], Field(min_length=3, max_length=3)]
#: How far from orthonormal a rotation may be. Numbers with six decimals are off by 0.000002. This
#: limit is 0.1 mm at 10 m. Our own choice.
_ROUNDING = 1e-5


#: Names become parts of paths: no separators, no leading dot. A camera's has no dot at all, so that
#: "<sequence>.<camera>" can be read in one way only.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_. +-]*$", max_length=80)]
CameraName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_ +-]*$", max_length=80)]


class CameraRecord(Record):
    """A camera in dataset.json; see `Camera` for units and frames."""

    width: int = Field(gt=0)
    height: int = Field(gt=0)
    model: Model
    focal_length: Lengths
    principal_point: Pair
    rotation: Rows
    position: Triple
    distortion: Five = Field(default=[0.0] * 5)
    skew: Finite = 0.0

    @field_validator("rotation")
    @classmethod
    def _proper(cls, rows: list[list[float]]) -> list[list[float]]:
        matrix = np.array(rows)
        away = float(np.abs(matrix @ matrix.T - np.eye(3)).max())
        if away > _ROUNDING:
            raise ValueError(
                f"not a rotation: rows {away:.2g} from orthonormal, expected one from world to "
                "camera axes, its numbers with six decimals or more"
            )
        if np.linalg.det(matrix) < 0:
            raise ValueError(
                "not a rotation: determinant -1, a mirror, expected 1, from world axes, z up, to "
                "camera axes, x right, y down, z forward"
            )
        return rows

    @model_validator(mode="after")
    def _lens(self) -> Self:
        if self.model == "none" and any(self.distortion):
            raise ValueError(
                "distortion is given, but model is 'none', which has none: expected 'opencv' or "
                "'human36m'"
            )
        return self

    def camera(self, name: str) -> Camera:
        """Return the camera, by that name."""
        return Camera(
            name=name,
            width=self.width,
            height=self.height,
            model=self.model,
            focal_length=np.array(self.focal_length),
            principal_point=np.array(self.principal_point),
            rotation=np.array(self.rotation),
            position=np.array(self.position),
            distortion=np.array(self.distortion),
            skew=self.skew,
        )


class DatasetRecord(Record):
    """dataset.json. ``sequences`` maps subject to sequence to action."""

    format: Literal["corruptbench-folder/1"]
    name: Name
    version: str
    licence: str
    fps: Length
    joints: str
    units: Literal["mm"]
    cameras: dict[CameraName, CameraRecord]
    sequences: dict[Name, dict[Name, Name]]


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
        self.record = _read_record(root)
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
        if clip_id.sequence not in labels:
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
            joints=labels[clip_id.sequence],
        )

    def check(self, needs: Needs = ALL_CLIPS) -> Iterator[Finding]:
        """Yield what is there, missing, or other than dataset.json says."""
        cameras = {name: record.camera(name) for name, record in self.record.cameras.items()}
        return checks.findings(
            self.root, self.clip_ids(), cameras, self.record.joints, self._labels, needs
        )

    def _labels_path(self, subject: str) -> Path:
        return self.root / "labels" / f"{subject}.parquet"

    def _read_labels(self, subject: str) -> dict[str, NDArray[np.float64]]:
        """Return the labels (F, J, 3) world mm of each sequence of a subject."""
        path = self._labels_path(subject)
        if not path.is_file():
            raise InputError(
                f"{path}: missing{near_miss(path)}; expected the 3D labels of subject {subject}: "
                "add them, or remove the subject from dataset.json"
            )
        try:
            with path.open("rb") as stream:  # pyarrow only opens names that are UTF-8
                table = pq.read_table(stream, columns=["sequence", "frame", "joints"])
        except (pa.ArrowInvalid, KeyError) as error:
            raise InputError(
                f"{path}: not a label table ({error}); expected Parquet with the columns "
                "sequence, frame, joints"
            ) from None
        joints = _joints(table, self.record.joints, path)
        return _by_sequence(table, joints, path)


def _read_record(root: Path) -> DatasetRecord:
    """Return dataset.json; raise `InputError` when it is missing or wrong."""
    path = root / "dataset.json"
    if not root.is_dir():
        found = "a file" if root.is_file() else f"no such folder{near_miss(root)}"
        raise InputError(f"{root}: {found}; expected the folder that holds dataset.json")
    if not path.is_file():
        raise InputError(
            f"{root}: no dataset.json in it{near_miss(path)}; expected the root of a data set in "
            "open folders (dataset.json, labels/, videos/): is this one level too high or low?"
        )
    try:
        record = DatasetRecord.model_validate_json(read_text(path))
    except ValidationError as error:
        raise InputError(
            f"{path}: {first_problem(error)}; docs/data.md says what is expected"
        ) from None
    try:
        joint_set(record.joints)
    except InputError as error:
        raise InputError(f"{path}: joints: {error}") from None
    return record


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
        raise InputError("this data set needs its root: the folder that holds its dataset.json")
    return FolderDataset(root)
