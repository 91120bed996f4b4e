"""The parameters of a training, as a record or a TOML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from corruptbench.records import Record, problem
from corruptbench.text_files import read_text

Share = Annotated[float, Field(ge=0, le=1, strict=True)]
Positive = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False, strict=True)]
Count = Annotated[int, Field(ge=1, le=10**6, strict=True)]
Seed = Annotated[int, Field(ge=0, lt=2**63, strict=True)]
Text = Annotated[str, Field(min_length=1)]


class Schedule(Record):
    """Parameters of the training. The values are ours, chosen on a held-out training subject.

    Attributes:
        epochs: most passes over the data.
        batch: chunks in a step. Half of them are mirrored.
        rate: learning rate of Adam in the first epoch.
        decay: factor of the rate from one epoch to the next.
        average: after each step the averaged weights keep this share of themselves and take the
            rest from the network, at least 0 and less than 1. 0: the weights of the last step.
        patience: epochs without a lower error on the validation samples, after which training
            ends. 0: never.
        precision: "float32", or "mixed": with bfloat16 where torch thinks that it is safe.
        seed: seed of initial weights, order, mirroring, noise and dropout.
    """

    epochs: Count = 30
    batch: Annotated[int, Field(ge=2, le=10**6, strict=True)] = 16
    rate: Positive = 1e-3
    decay: Share = 0.92
    average: Annotated[float, Field(ge=0, lt=1, strict=True)] = 0.995
    patience: Annotated[int, Field(ge=0, le=10**6, strict=True)] = 0
    precision: Literal["float32", "mixed"] = "float32"
    seed: Seed = 1


class Config(Record):
    """The lifter, its noise, and its training.

    Attributes:
        lifter: name of the architecture.
        name: in the leaderboard; None for one that says what it is.
        frames: of the receptive field; None for the architecture's own number.
        widths: of the layers of videopose3d over several frames; None for its own. Their product
            is the number of frames.
        dropout: share of the features that is left out in training.
        joints: joint set of input and output.
        ca_conv: whether a confidence-aware input is in front of the lifter
            (`corruptbench.lifters.ca_input`). It learns from the noise what scores are worth, and
            the lifter itself is trained on clean poses.
        tagn: noise on the training poses: "none", "plain" or "full" (`corruptbench.lifters.tagn`),
            "measured" for the one that comes with the studio set, or a file of measure-noise.
        strength: factor of the displacements.
        kept: share of the training chunks that get no noise; None for that of the noise.
        on_corruptions: noise file whose episodes of the training clips are training samples of
            their own. Such a lifter was trained on the benchmark's corruptions.
        people: who is trained on; all by default, but for those of validation.
        validation: people who are not trained on. Their error chooses the epoch.
        validation_noise: noise with episodes of them: "measured", or a file.
        schedule: parameters of the training.
    """

    lifter: str = "videopose3d"
    name: Text | None = None
    frames: Count | None = None
    widths: tuple[Count, ...] | None = Field(default=None, min_length=1)
    dropout: Annotated[float, Field(ge=0, lt=1, strict=True)] = 0.1
    joints: Literal["h36m17", "humaneva15"] = "h36m17"
    ca_conv: bool = Field(default=False, strict=True)
    tagn: Text = "none"
    strength: Positive = 1.0
    kept: Share | None = None
    on_corruptions: Text | None = None
    people: tuple[str, ...] = ()
    validation: tuple[str, ...] = ()
    validation_noise: Text = "measured"
    schedule: Schedule = Schedule()

    @model_validator(mode="before")
    @classmethod
    def _no_schedule_outside(cls, value: object) -> object:
        if isinstance(value, dict):
            for key in value.keys() & Schedule.model_fields.keys():
                raise problem(f"{key}: belongs below [schedule]; move it there")
        return value

    @classmethod
    def read(cls, path: Path) -> Config:
        """Return the config in a TOML file; files that it names are relative to it.

        Raises:
            InputError: a field is wrong; names it.
            OSError: the file cannot be read.
        """
        config = cls.parse_toml(read_text(path), str(path))
        return config.model_copy(
            update={
                field: _beside(path, value)
                for field in ("tagn", "on_corruptions", "validation_noise")
                if (value := getattr(config, field))
            }
        )


#: Words that name a noise that comes with the software.
WORDS = ("none", "plain", "full", "measured")


def _beside(path: Path, value: str) -> str:
    return value if value in WORDS else str((path.parent / value).absolute())
