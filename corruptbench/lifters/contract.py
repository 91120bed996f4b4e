"""The contract of a lifter: the conventions of its input and output."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from corruptbench.records import Record
from corruptbench.skeleton import ScoredJoints

#: Name of the file inside a TorchScript or .pt2 archive that holds the contract.
EXTRA_FILE = "corruptbench.json"


class Contract(Record):
    """Everything that a lifter assumes. Nothing is guessed.

    Attributes:
        name: name of the lifter on the leaderboard.
        joints: joint set of the output.
        keypoints: joint set of the input; by default that of the output.
        channels: "xy", or "xyc" with the detector's score as third channel.
        normalize: "screen" (``x / w * 2 - [1, h / w]``, see `camera.normalize_screen`) or "pixel".
        window: "sequence": (B, T + frames - 1, K, C) -> (B, T, J, 3), fully convolutional with a
            receptive field of ``frames``, where the first and last frame are repeated at the edges;
            "centre": (B, frames, K, C) -> (B, 1, J, 3), the middle frame;
            "block": (B, frames, K, C) -> (B, frames, J, 3).
            K are the joints of ``keypoints``, J those of ``joints``.
        frames: see ``window``.
        units: unit of the output.
        root: whether the output is relative to the root joint or absolute in camera space. Its axes
            are the camera's in both cases. An absolute output is made relative. The benchmark
            decides about a relative one (``scoring.root_rule``).
    """

    format: Literal["corruptbench-lifter/1"] = "corruptbench-lifter/1"
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,79}$")]
    joints: ScoredJoints
    keypoints: Literal["h36m17", "coco17", "humaneva15"]
    channels: Literal["xy", "xyc"]
    normalize: Literal["screen", "pixel"]
    window: Literal["sequence", "centre", "block"]
    frames: int = Field(ge=1, le=4096)
    units: Literal["m", "mm"]
    root: Literal["relative", "absolute"]

    @model_validator(mode="before")
    @classmethod
    def _same_joints(cls, value: object) -> object:
        if isinstance(value, dict) and "joints" in value:
            return {"keypoints": value["joints"], **value}
        return value

    @model_validator(mode="after")
    def _odd(self) -> Contract:
        if self.window != "block" and self.frames % 2 == 0:
            raise ValueError(f"frames: {self.frames} has no middle; expected an odd number")
        return self

    @property
    def width(self) -> int:
        """Number of channels C."""
        return len(self.channels)
