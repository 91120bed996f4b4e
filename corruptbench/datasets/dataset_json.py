"""``dataset.json``, the description of a data set in open folders."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from corruptbench.corruptions.validation import FASTEST, SLOWEST
from corruptbench.datasets.camera_json import CameraRecord
from corruptbench.datasets.near_misses import near_miss
from corruptbench.datasets.other_names import DATASET, refuse_others
from corruptbench.errors import InputError
from corruptbench.nearby import held, nearest, refuse_archives
from corruptbench.records import Record, problem
from corruptbench.skeleton import scored_joints
from corruptbench.storage import found_at
from corruptbench.text_files import read_text

_T = TypeVar("_T")
_NAME = "dataset.json"
_FOLDER = "the folder that holds dataset.json"
#: Names become parts of paths: no separators, no leading dot. A camera's has no dot at all, so that
#: "<sequence>.<camera>" can be read in one way only.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_. +-]*$", max_length=80)]
CameraName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_ +-]*$", max_length=80)]
#: Labels per second; corruptions take no others.
Rate = Annotated[float, Field(ge=SLOWEST, le=FASTEST, allow_inf_nan=False)]


def _distinct(content: dict[str, _T]) -> dict[str, _T]:
    """Return the content if its names are files of their own on every system."""
    seen: dict[str, str] = {}
    for name in content:
        if (other := seen.setdefault(name.casefold(), name)) != name:
            raise problem(
                f"{other} and {name} differ in case only, so that their files are the same file on "
                "many systems; rename one"
            )
    return content


def _millimeters(units: object) -> object:
    if isinstance(units, str) and units != "mm":
        raise ValueError("expected 'mm': multiply labels and positions (by 1000 if they are in m)")
    return units


#: A mapping of names to something, which is not empty.
Named = Annotated[dict[Name, _T], Field(min_length=1), AfterValidator(_distinct)]
Cameras = Annotated[dict[CameraName, CameraRecord], Field(min_length=1), AfterValidator(_distinct)]


class DatasetRecord(Record):
    """dataset.json. ``sequences`` maps subject to sequence to action.

    ``subject_cameras`` has the cameras that stood, or were calibrated, otherwise for a subject.
    """

    format: Literal["corruptbench-folder/1"]
    name: Name
    version: str
    licence: str
    fps: Rate
    joints: Annotated[str, AfterValidator(scored_joints)]
    units: Annotated[Literal["mm"], BeforeValidator(_millimeters)]
    cameras: Cameras
    sequences: Named[Named[Name]]
    subject_cameras: dict[Name, Cameras] = Field(default={})

    @model_validator(mode="before")
    @classmethod
    def _own_fields(cls, content: object) -> object:
        refuse_others(content, cls.model_fields, DATASET, "dataset.json")
        return content

    @model_validator(mode="after")
    def _known_names(self) -> Self:
        for subject, cameras in self.subject_cameras.items():
            _require(subject, self.sequences, "sequences", "subject_cameras")
            for camera in cameras:
                _require(camera, self.cameras, "cameras", f"subject_cameras.{subject}")
        return self

    def cameras_of(self, subject: str) -> dict[str, CameraRecord]:
        """Return the cameras by name, as they are for this subject."""
        return self.cameras | self.subject_cameras.get(subject, {})


def _require(name: str, known: Mapping[str, object], field: str, where: str) -> None:
    if name not in known:
        raise problem(f"{where}: {name} is not in {field}; expected one of {', '.join(known)}")


def read_record(root: Path) -> DatasetRecord:
    """Return dataset.json; raise `InputError` when it is missing or wrong."""
    path = root / _NAME
    if not root.is_dir():
        refuse_archives(root, _FOLDER)
        found = found_at(root, f"no such folder{near_miss(root)}")
        raise InputError(f"{root}: {found}; expected {_FOLDER}")
    if not path.is_file():
        raise InputError(f"{root}: no dataset.json in it{_in_place(root)}")
    remedy = "docs/data.md says what is expected"
    record = DatasetRecord.parse(text := read_text(path), str(path), remedy)
    json.loads(text, object_pairs_hook=lambda pairs: _once(pairs, path), parse_int=str)
    return record


def _in_place(root: Path) -> str:
    """Say what is there in place of dataset.json, and where one seems to be; "; ..."."""
    if similar := near_miss(root / _NAME):
        return f"{similar}; expected {_FOLDER}"
    if other := nearest(root, lambda place: (place / _NAME).is_file()):
        return f", but there is one in {other}: give that folder"
    refuse_archives(root, _FOLDER)
    other_things = f"; it holds {found}" if (found := held(root)) else ""
    return f"{other_things}; expected {_FOLDER}, labels/ and videos/ (docs/data.md)"


def _once(pairs: list[tuple[str, object]], path: Path) -> None:
    """Raise `InputError` for a name that an object has twice: the first would be lost."""
    names = [name for name, _ in pairs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"{path}: {twice} is there twice in one object; rename or remove one")
