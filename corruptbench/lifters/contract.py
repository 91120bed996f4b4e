"""The contract of a lifter: the conventions of its input and output."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from corruptbench.datasets.near_misses import near_miss
from corruptbench.errors import InputError, first_problem
from corruptbench.leaderboard.about import About
from corruptbench.leaderboard.referee.said import about_faults
from corruptbench.lifters import wrong_files
from corruptbench.lifters.axes import Pattern, parse
from corruptbench.lifters.joint_choice import JointChoice, joint_choice
from corruptbench.records import Record, problem
from corruptbench.skeleton import SCORED
from corruptbench.storage import found_at
from corruptbench.text_files import read_text

#: Name of the file inside a model's archive that holds the contract.
EXTRA_FILE = "corruptbench.json"
#: Endings of the names of models.
MODELS = (".pt2", ".pt", ".pth", ".onnx")
#: Formats that are read. The first one had ten fields, all required, of the same meaning.
FORMATS = ("corruptbench-lifter/1", "corruptbench-lifter/2")
#: Fields of the first format. They are always part of a contract's record, others if they say more.
_FIRST = (
    "format", "name", "joints", "keypoints", "channels", "normalize", "window", "frames", "units",
    "root",
)  # fmt: skip

#: At most as many numbers as 17 joints and 3 channels have, with room for other joint sets.
Numbers = Annotated[
    tuple[Annotated[float, Field(allow_inf_nan=False, strict=True)], ...], Field(max_length=256)
]


def _joints(text: str) -> str:
    try:
        joint_choice(text)
    except InputError as error:
        raise problem(f"found {error}") from None
    return text


Joints = Annotated[str, Field(max_length=500), AfterValidator(_joints)]


class Statistics(Record):
    """Mean and standard deviation of each number of a flattened (joints, channels) array."""

    mean: Numbers
    std: Numbers


class OutputStatistics(Statistics):
    """Statistics of the output, and the unit that they are in."""

    units: Literal["m", "mm"]


def _word_or_table(table: type[Statistics], *words: str) -> BeforeValidator:
    """Return the check of a field that is one of these words or a table."""

    def check(value: object) -> object:
        if isinstance(value, dict):
            try:
                return table.model_validate(value)
            except ValidationError as error:
                raise problem(first_problem(error, table.model_fields)) from None
        if isinstance(value, table) or value in words:
            return value
        raise problem(f"found {value!r:.80}, expected {', '.join(words)}, or a table")

    return BeforeValidator(check)


Normalize = Annotated[
    Literal["screen", "pixel", "crop", "rays"] | Statistics,
    _word_or_table(Statistics, "screen", "pixel", "crop", "rays"),
]
Units = Annotated[
    Literal["m", "mm", "none"] | OutputStatistics,
    _word_or_table(OutputStatistics, "m", "mm", "none"),
]


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
        for check in (_check_window, _check_joints, _check_scores, _check_axes, _check_statistics):
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
        """Return the contract in a TOML text, of which no leaderboard refuses what is said.

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


def _check_window(c: Contract) -> None:
    if c.window in ("block", "clip"):
        if c.target == "last":
            raise problem(
                f"target: found 'last' with window '{c.window}', which gives a pose for each of "
                "its frames; remove it, or expected window 'sequence' or 'centre'"
            )
    elif c.frames % 2 == 0 and c.target == "middle":
        raise problem(
            f"frames: {c.frames} has no middle; expected an odd number, or target = 'last'"
        )


def _check_joints(c: Contract) -> None:
    base = c.lifted.base.name
    if base not in SCORED:
        raise problem(f"joints: found {base}, which nobody scores; expected {' or '.join(SCORED)}")
    if c.root == "absolute" and 0 not in c.lifted.kept:
        raise problem(
            f"root: found 'absolute', but joints '{c.joints}' leave out the root; expected "
            "'relative'"
        )


def _check_scores(c: Contract) -> None:
    if c.scores == "calibrated" and c.channels == "xy":
        raise problem(
            "scores: found 'calibrated' with channels 'xy', which have no score; remove it, or "
            "expected channels 'xyc'"
        )


def _check_axes(c: Contract) -> None:
    try:
        given, found = c.input_axes, c.output_axes
        hypotheses = c.hypotheses_axes
    except InputError as error:
        raise problem(f"input, output: found {error}") from None
    if given.select is not None or any(isinstance(a, int) and a != 0 for a in given.axes):
        raise problem(f"input: found '{c.input}'; expected letters, (letters) and 0 only")
    if "t" not in given.letters and c.frames > 1:
        raise problem(f"input: '{c.input}' has no axis t; expected frames = 1, found {c.frames}")
    if "t" not in given.letters and c.window == "sequence":
        raise problem(f"input: '{c.input}' has no axis t; expected window = 'centre'")
    if "t" not in found.letters and c.window != "centre" and c.frames > 1:
        raise problem(f"output: '{c.output}' has no axis t; expected window = 'centre'")
    if hypotheses is not None and "h" in found.letters:
        raise problem("hypotheses: output has an axis h already; remove one of the two")


def _check_statistics(c: Contract) -> None:
    counts = (("normalize", c.normalize, 2 * len(c.given)), ("units", c.units, 3 * len(c.lifted)))
    wrong = [
        f"{field}.{name}: found {len(numbers)} numbers, expected {count}"
        for field, value, count in counts
        if isinstance(value, Statistics)
        for name, numbers in (("mean", value.mean), ("std", value.std))
        if len(numbers) != count
    ]
    if wrong:
        raise problem(
            f"{'; '.join(wrong)}: fill in those of your training code (each joint's coordinates, "
            "in turn)"
        )
    for field, value, _ in counts:
        if isinstance(value, Statistics) and min(value.std) <= 0:
            raise problem(f"{field}.std: found {min(value.std)}, expected more than 0")


def read_contract(path: Path) -> Contract:
    """Return the contract in a TOML file.

    Raises:
        InputError: it is missing, is another file, or a field is wrong.
        OSError: it cannot be read.
    """
    expected = "expected the contract of a lifter, a text file (.toml)"
    if not path.is_file():
        raise InputError(f"{path}: {found_at(path)}{near_miss(path)}; {expected}")
    with path.open("rb") as stream:
        head = stream.read(wrong_files.HEAD)
    found = wrong_files.of_content(head, len(head)) if head.strip() else "empty"
    if found or path.suffix in MODELS:
        raise InputError(f"{path}: {found or 'a model'}; {expected}")
    return Contract.parse_toml(read_text(path), str(path))
