"""A camera in ``dataset.json``: what is taken, and the way from what other tools write."""

from __future__ import annotations

from math import atan, degrees
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field, field_validator, model_validator

from corruptbench.camera import Camera, Model
from corruptbench.datasets import other_forms
from corruptbench.datasets.other_names import CAMERA, refuse_others
from corruptbench.records import Record, problem

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
#: The angle that a picture may span, degrees. Our own choice. A straight lens of 10 mm on 36 mm
#: film spans 122, a telescope of 2 m spans 1. A focal length of 50 mm, given for 1920 pixels, is
#: 174, and 9.31 mm is 179.
_NARROWEST, _WIDEST = 1.0, 170.0
#: fx by fy, or fy by fx, at most. Our own choice: pixels of half a field are 2 to 1.
_ASPECT = 4.0
#: How many pictures off the picture a principal point may lie. A part that was cut out of a picture
#: may lie at one side of it. Qualisys counts in 1/64 px. Our own choice.
_PICTURES_OFF = 10
_PIXELS = "expected [cx, cy] in pixels from the top left corner of the picture"
#: Largest coordinate of a camera, mm. Labels are float32, whose step is 1 mm there. Our own choice.
_FARTHEST_MM = 1e7
#: Largest tangential coefficient. Those of Human3.6M are up to 0.002. Larger ones are those of
#: another order or of a fisheye. Our own choice.
_TANGENTIAL = 0.1


class CameraRecord(Record):
    """A camera in dataset.json; see `Camera` for units and frames.

    ``distortion`` may have four numbers. Then k3 is 0.
    """

    width: int = Field(gt=0)
    height: int = Field(gt=0)
    model: Model
    focal_length: Lengths
    principal_point: Pair
    rotation: Rows
    position: Triple
    distortion: Five = Field(default=[0.0] * 5)
    skew: Finite = 0.0

    @model_validator(mode="before")
    @classmethod
    def _own_fields(cls, content: object) -> object:
        refuse_others(content, cls.model_fields, CAMERA, "a camera")
        return content

    _model = field_validator("model", mode="before")(other_forms.model)
    _focal = field_validator("focal_length", mode="before")(other_forms.focal_length)
    _center = field_validator("principal_point", mode="before")(other_forms.principal_point)
    _rotation = field_validator("rotation", mode="before")(other_forms.rotation)
    _position = field_validator("position", mode="before")(other_forms.position)
    _distortion = field_validator("distortion", mode="before")(other_forms.distortion)

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

    @field_validator("position")
    @classmethod
    def _near(cls, position: list[float]) -> list[float]:
        if max(map(abs, position)) > _FARTHEST_MM:
            raise ValueError(
                f"more than {_FARTHEST_MM / 1e6:g} km off, where float32 labels have no millimeters"
                ": put the origin of the world near the person"
            )
        return position

    @field_validator("distortion")
    @classmethod
    def _tangential(cls, numbers: list[float]) -> list[float]:
        if max(map(abs, numbers[2:4])) > _TANGENTIAL:
            raise ValueError(
                f"p1 or p2 beyond {_TANGENTIAL:g}, which no lens has; expected k1, k2, p1, p2, k3 "
                "in this order; those of a fisheye are of another model: "
                f"{other_forms.UNDISTORT_FISHEYE}"
            )
        return numbers

    @model_validator(mode="after")
    def _lens(self) -> Self:
        if self.model == "none" and any(self.distortion):
            expected = "expected 'opencv' or 'human36m'"
            raise ValueError(
                f"distortion is given, but model is 'none', which has none: {expected}"
            )
        return self

    @model_validator(mode="after")
    def _view(self) -> Self:
        (fx, fy), sides = self.focal_length, (self.width, self.height)
        view = max(2 * degrees(atan(side / 2 / f)) for side, f in zip(sides, (fx, fy), strict=True))
        if not _NARROWEST <= view <= _WIDEST:
            raise problem(
                f"focal_length: {[fx, fy]} makes the {sides[0]}x{sides[1]} picture span "
                f"{view:.3g} degrees, which no lens does; expected pixels: from mm, "
                "f * width / sensor width; from a share of the picture, f * width"
            )
        if max(fx / fy, fy / fx) > _ASPECT:
            raise problem(
                f"focal_length: {[fx, fy]} are too different; expected [fx, fy] in pixels"
            )
        return self

    @model_validator(mode="after")
    def _axis(self) -> Self:
        point, sides = self.principal_point, (self.width, self.height)
        shares = [p / side for p, side in zip(point, sides, strict=True)]
        if all(0 <= p <= 1 for p in point):
            raise problem(f"principal_point: {point} is the corner; {_PIXELS}")
        if not all(-_PICTURES_OFF <= share <= _PICTURES_OFF for share in shares):
            raise problem(
                f"principal_point: {point} is far outside of {sides[0]}x{sides[1]}; {_PIXELS}"
            )
        return self

    def camera(self, name: str) -> Camera:
        """Return the camera, by that name."""
        fields: dict[str, Any] = self.model_dump()
        arrays = {key: np.array(value) for key, value in fields.items() if isinstance(value, list)}
        return Camera(name=name, **(fields | arrays))
