"""``dataset.json``, the description of a data set in open folders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import AfterValidator, Field, field_validator, model_validator

from corruptbench.camera import Camera, Model
from corruptbench.datasets.near_misses import near_miss
from corruptbench.errors import InputError
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
            expected = "expected 'opencv' or 'human36m'"
            raise ValueError(
                f"distortion is given, but model is 'none', which has none: {expected}"
            )
        return self

    def camera(self, name: str) -> Camera:
        """Return the camera, by that name."""
        fields: dict[str, Any] = self.model_dump()
        arrays = {key: np.array(value) for key, value in fields.items() if isinstance(value, list)}
        return Camera(name=name, **(fields | arrays))


class DatasetRecord(Record):
    """dataset.json. ``sequences`` maps subject to sequence to action."""

    format: Literal["corruptbench-folder/1"]
    name: Name
    version: str
    licence: str
    fps: Length
    joints: Annotated[str, AfterValidator(lambda name: joint_set(name).name)]
    units: Literal["mm"]
    cameras: dict[CameraName, CameraRecord]
    sequences: dict[Name, dict[Name, Name]]


def read_record(root: Path) -> DatasetRecord:
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
    remedy = "docs/data.md says what is expected"
    return DatasetRecord.parse(read_text(path), str(path), remedy)
