"""The contract of an ONNX model: what it takes and what it gives, in a TOML file beside it.

The fields have no defaults where two published models differ and a wrong guess would only show as
worse keypoints. `docs/detectors.md` has an example of each kind.
"""

from __future__ import annotations

import tomllib
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from corruptbench.detectors.base import DetectorError
from corruptbench.detectors.inputs import Fit

Side = Annotated[int, Field(ge=16, le=2048)]  # px
Number = Annotated[float, Field(ge=-1e6, le=1e6, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]


def _problem(text: str) -> PydanticCustomError:
    return PydanticCustomError("complete", "{text}", {"text": text})


def _output(value: object) -> object:
    place = type(value) is int and 0 <= value < 64
    if place or (isinstance(value, str) and value):
        return value
    raise _problem(
        f"found {value!r:.80}, expected the name of an output, or its place from 0 to 63"
    )


#: An output of the model: its name, or its place, from 0.
Output = Annotated[str | int, BeforeValidator(_output)]
#: Scores from 0 to 1 are asked for ("unit"); or others are moved to 0 or 1 ("limit"); or the
#: logistic function is taken of all ("sigmoid").
Range = Literal["unit", "limit", "sigmoid"]


class _Table(BaseModel):
    """Base of every table: immutable, without unknown fields, without conversions of types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Input(_Table):
    """What the model takes.

    Attributes:
        width: px.
        height: px.
        colors: order of the channels.
        axes: order of the axes.
        mean: is subtracted from pixels of 0 to 255, one number for each channel in their order.
        std: divides what is left.
        fit: how a square crop meets an input that is not square. "pad": the whole crop is seen,
            with black beside it. "cut": the crop fills the input, and its sides are cut.
    """

    width: Side
    height: Side
    colors: Literal["rgb", "bgr"]
    axes: Literal["nchw", "nhwc"]
    mean: Annotated[list[Number], Field(min_length=3, max_length=3)]
    std: Annotated[list[Positive], Field(min_length=3, max_length=3)]
    fit: Fit = "pad"


class Heatmap(_Table):
    """One map for each joint, (N, J, h, w).

    Attributes:
        output: which one.
        cells: where in the input a cell lies; see `onnx_decoding.placed`.
        subpixel: how the place of the largest value is refined; see `onnx_decoding.found_in_maps`.
        blur: side of the Gaussian kernel before "dark", in cells, odd; 0 for none.
        score: the largest value of the map.
        range: of the scores.
    """

    kind: Literal["heatmap"]
    output: Output = 0
    cells: Literal["index", "centers", "udp"]
    subpixel: Literal["none", "quarter", "dark"]
    blur: Annotated[int, Field(ge=0, le=63)] = 0
    score: Literal["maximum"] = "maximum"
    range: Range = "unit"

    @model_validator(mode="after")
    def _blur_fits(self) -> Self:
        if self.blur and self.subpixel != "dark":
            raise _problem(f"blur: found {self.blur}, but only subpixel 'dark' blurs; remove it")
        if self.blur and self.blur % 2 == 0:
            raise _problem(f"blur: found {self.blur}, expected an odd number, such as 11, or 0")
        return self


class SimCC(_Table):
    """Two outputs for each joint, (N, J, width * split) and (N, J, height * split).

    Attributes:
        x: the output along the width.
        y: the output along the height.
        split: cells for each pixel of the input.
        cells: where in the input a cell lies; see `onnx_decoding.placed`.
        subpixel: how the place of the largest value is refined.
        score: the smaller one of both largest values, or their mean.
        range: of the scores.
    """

    kind: Literal["simcc"]
    x: Output = 0
    y: Output = 1
    split: Annotated[float, Field(ge=0.1, le=64, allow_inf_nan=False)]
    cells: Literal["index", "centers"]
    subpixel: Literal["none", "taylor"] = "none"
    score: Literal["smaller", "mean"]
    range: Range = "unit"

    @model_validator(mode="after")
    def _two_outputs(self) -> Self:
        if self.x == self.y:
            raise _problem(f"y: found {self.y!r}, the same output as x; name the other one")
        return self


class Keypoints(_Table):
    """Coordinates of each joint, (N, J, 2), or (N, J, 3) with a score.

    Attributes:
        output: which one.
        unit: pixels of the input, or parts of its width and height.
        origin: what has the coordinate 0: the outer edge of the first pixel, or its center.
        score: the third number, or 1 for every joint.
        range: of the scores.
    """

    kind: Literal["keypoints"]
    output: Output = 0
    unit: Literal["pixels", "parts"]
    origin: Literal["edge", "center"]
    score: Literal["third", "one"]
    range: Range = "unit"


class Flip(_Table):
    """The flip test: the mean with what the model says of the mirrored picture.

    Attributes:
        shift: cells by which maps of the mirrored picture are moved to the right afterwards.
    """

    shift: Annotated[int, Field(ge=-64, le=64)] = 0


Kind = Heatmap | SimCC | Keypoints


class Contract(_Table):
    """All of a contract.

    Attributes:
        format: of the file.
        joints: name of the joint set.
        input: what the model takes.
        output: what it gives.
        flip: the flip test, if it is wanted.
    """

    format: Literal["corruptbench-detector/1"]
    joints: Literal["coco17", "h36m17", "humaneva15"]
    input: Input
    output: Annotated[Kind, Field(discriminator="kind")]
    flip: Flip | None = None

    @model_validator(mode="after")
    def _shift_fits(self) -> Self:
        if self.flip and self.flip.shift and isinstance(self.output, Keypoints):
            raise _problem(
                f"flip.shift: found {self.flip.shift}, but keypoints have no cells; remove it"
            )
        return self


def parse(data: bytes, where: str) -> Contract:
    """Return the contract in a TOML file.

    Args:
        data: content of the file, UTF-8.
        where: its name, for messages.

    Raises:
        DetectorError: not TOML, or a field is missing, unknown or wrong; names the first one.
    """
    try:
        content = tomllib.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise DetectorError(f"{where}: not TOML in UTF-8 ({error}); correct it") from None
    try:
        return Contract.model_validate(content)
    except ValidationError as error:
        raise DetectorError(f"{where}: {_said(error.errors()[0])}; correct it") from None


def _said(error: ErrorDetails) -> str:
    """Return the field, what was found and what was expected."""
    kinds = ("heatmap", "simcc", "keypoints")
    place = [str(p) for n, p in enumerate(error["loc"]) if not (n == 1 and p in kinds)]
    field = ".".join(place)
    found, context = f"found {error['input']!r:.80}", error.get("ctx", {})
    match error["type"]:
        case "complete":
            glue = ": " if error["msg"].startswith("found") else "."
            return glue.join(filter(None, (field, error["msg"])))
        case "missing":
            return f"{field}: missing"
        case "extra_forbidden":
            return f"{field}: unknown field ({found}); remove it"
        case "literal_error":
            return f"{field}: {found}, expected {context['expected']}"
        case "union_tag_not_found":
            return f"{field}.kind: missing, expected one of {', '.join(kinds)}"
        case "union_tag_invalid":
            expected = ", ".join(kinds)
            return f"{field}.kind: found '{context['tag']}', expected one of {expected}"
    return f"{field}: {found}: {error['msg'].lower()}"
