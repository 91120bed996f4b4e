"""The contract of a lifter: the conventions of its input and output."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from corruptbench.errors import InputError
from corruptbench.leaderboard.about import About
from corruptbench.leaderboard.referee.said import about_faults
from corruptbench.lifters.axes import Pattern, parse
from corruptbench.lifters.contract_rules import RULES
from corruptbench.lifters.joint_choice import JointChoice, joint_choice
from corruptbench.lifters.statistics import Normalize, Units
from corruptbench.records import Record, problem

#: Name of the file inside a model's archive that holds the contract.
EXTRA_FILE = "corruptbench.json"
#: Formats that are read. The first one had ten fields, all required, of the same meaning.
FORMATS = ("corruptbench-lifter/1", "corruptbench-lifter/2")
#: Fields of the first format. They are always part of a contract's record, others if they say more.
_FIRST = (
    "format", "name", "joints", "keypoints", "channels", "normalize", "window", "frames", "units",
    "root",
)  # fmt: skip


def _joints(text: str) -> str:
    try:
        joint_choice(text)
    except InputError as error:
        raise problem(f"found {error}") from None
    return text


Joints = Annotated[str, Field(max_length=500), AfterValidator(_joints)]


def _channels(value: object) -> object:
    if value in ("xy", "xyc"):
        return value
    raise problem(
        f"found {value!r:.80}, expected 'xy' (x and y of each keypoint) or 'xyc' (in addition the "
        "detector's score): a lifter reads keypoints, no picture and no depth"
    )


Channels = Annotated[Literal["xy", "xyc"], BeforeValidator(_channels)]


class Contract(Record):
    """Everything that a lifter assumes. Nothing is guessed from the model.

    B is the batch, T frames, K the joints of ``keypoints``, J those of ``joints``, C channels.

    Attributes:
        name: name of the lifter on the leaderboard.
        window: what the model lifts in one pass. "sequence": (B, T + frames - 1, K, C) ->
            (B, T, J, 3), fully convolutional with a receptive field of ``frames``; "centre":
            (B, frames, K, C) -> (B, 1, J, 3), one frame (an output of ``frames`` poses means the
            one of ``target``); "block": (B, frames, K, C) -> (B, frames, J, 3); "clip":
            (B, T, K, C) -> (B, T, J, 3) with T of at most ``frames``: the clip as it is, and
            longer ones in blocks. The first and last frame of a clip are repeated at its edges.
        frames: see ``window``.
        target: for "sequence" and "centre", which frame of the window a pose belongs to: the
            "middle", or the "last" (causal; all padding is in front).
        joints: joints of the output: "h36m17", "humaneva15", or a set without some joints, such as
            "h36m17 - neck_nose". A root that is left out is the origin. Any other joint that is
            left out is not scored, and the row says so.
        keypoints: joints of the input, in the same form, of "coco17" as well; by default those of
            the output.
        channels: "xy", or "xyc" with the detector's score as third channel.
        scores: of "xyc", the "raw" ones of the detector, or "calibrated": the probability that the
            joint lies within 0.05 of the longer side of the person's box.
        normalize: of x and y. "screen": ``x / w * 2 - [1, h / w]`` (`camera.normalize_screen`);
            "pixel": pixels of the picture; "crop": the bounds of the clip's keypoints are a square
            of -1 to 1 (MotionBERT's crop_scale); "rays": ``(u - c) / f``, independent of the
            camera; or the mean and standard deviation of the 2 K numbers of a frame, pixels.
        input: axis pattern of the input, see `corruptbench.lifters.axes`.
        output: axis pattern of the output. ``h`` are hypotheses: their mean is the pose that is
            scored.
        hypotheses: axis pattern of the hypotheses where ``output`` is the model's own aggregate.
        units: unit of the output; "none" if its scale is not known (P-MPJPE and N-MPJPE only); or
            mean, standard deviation and unit of the 3 J numbers of a pose.
        root: whether the output is relative to the root joint or absolute in camera space. Its axes
            are the camera's in both cases (x right, y down, z forward). An absolute output is made
            relative. The benchmark decides about a relative one (``scoring.root_rule``).
        flip: whether the pose is the mean of that of the input and that of the mirrored input,
            mirrored back.
        fps: frame rate that the lifter was trained at; every n-th frame is taken, and each frame
            once. None: all frames.
        samples: number of passes of a stochastic lifter, with seeds 0, 1, ...: errors are means
            over them.
        about: what its authors say about it: paper, code, training data.
    """

    format: Literal["corruptbench-lifter/1", "corruptbench-lifter/2"] = "corruptbench-lifter/2"
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,79}$")]
    window: Literal["sequence", "centre", "block", "clip"]
    frames: int = Field(ge=1, le=4096, strict=True)
    target: Literal["middle", "last"] = "middle"
    joints: Joints = "h36m17"
    keypoints: Joints
    channels: Channels = "xy"
    scores: Literal["raw", "calibrated"] = "raw"
    normalize: Normalize = "screen"
    input: Annotated[str, Field(max_length=100)] = "b t j c"
    output: Annotated[str, Field(max_length=100)] = "b t j c"
    hypotheses: Annotated[str, Field(max_length=100)] | None = None
    units: Units = "m"
    root: Literal["relative", "absolute"] = "relative"
    flip: bool = Field(default=False, strict=True)
    fps: float | None = Field(default=None, ge=1, le=10_000, strict=True)
    samples: int = Field(default=1, ge=1, le=1000, strict=True)
    about: About | None = None

    @model_validator(mode="before")
    @classmethod
    def _same_joints(cls, value: object) -> object:
        if isinstance(value, dict):
            return {"keypoints": value.get("joints", "h36m17"), **value}
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Contract:
        for check in RULES:
            check(self)
        return self

    @cached_property
    def given(self) -> JointChoice:
        """Joints of the input."""
        return joint_choice(self.keypoints)

    @cached_property
    def lifted(self) -> JointChoice:
        """Joints of the output."""
        return joint_choice(self.joints)

    @cached_property
    def scored_joints(self) -> int:
        """Number of joints that are scored: those of the output, and the root."""
        return len(self.lifted.with_root(0))

    @cached_property
    def width(self) -> int:
        """Number of channels C."""
        return len(self.channels)

    @cached_property
    def input_axes(self) -> Pattern:
        """The parsed ``input``."""
        return parse(self.input, required="bjc", allowed="btjc")

    @cached_property
    def output_axes(self) -> Pattern:
        """The parsed ``output``."""
        return parse(self.output, required="bjc", allowed="bhtjc")

    @cached_property
    def hypotheses_axes(self) -> Pattern | None:
        """The parsed ``hypotheses``."""
        text = self.hypotheses
        return None if text is None else parse(text, required="bhjc", allowed="bhtjc")

    @cached_property
    def is_scaled(self) -> bool:
        """Whether the size of the poses is known."""
        return self.units != "none"

    @classmethod
    def parse_toml(cls, text: str, where: str) -> Self:
        """Return the contract in a TOML text. Refuse one that says what a leaderboard refuses.

        The contract inside a model is not looked at in this way: its model can be evaluated, and
        what is said of it corrected when the result is submitted.

        Raises:
            InputError: it is no TOML or no contract, or says what a leaderboard refuses.
        """
        contract = super().parse_toml(text, where)
        for fault in about_faults(contract.about or About()):
            raise InputError(f"{where}: about.{fault}")
        return contract

    def record(self) -> dict[str, Any]:
        """Return the contract for a result: the first ten fields, and others that say more.

        A result has ``about`` in a field of its own.
        """
        whole = self.model_dump(mode="json", exclude={"about"})
        fields = type(self).model_fields
        return {
            name: value
            for name, value in whole.items()
            if name in _FIRST or value != fields[name].default
        }
