"""The trainings of the experiment: variants of architectures, each with several seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from corruptbench.training.config import Config, Schedule

#: Architectures and the frames that they read, by the names that the page gives them.
ARCHITECTURES = {
    "videopose3d-81": {"lifter": "videopose3d", "frames": 81},
    "linear-9": {"lifter": "linear", "frames": 9},
    "attention-27": {"lifter": "attention", "frames": 27},
}
#: The same with other numbers of frames. They have only two variants.
LENGTHS = {
    "videopose3d-27": {"lifter": "videopose3d", "frames": 27},
    "videopose3d-243": {"lifter": "videopose3d", "frames": 243},
}
#: The variant that is trained on the corruptions themselves, and no remedy.
UPPER_BOUND = "on-corruptions"
PLAIN, BOTH = "plain", "tagn+ca-conv"
#: A confidence-aware input that is told that all scores are 1: only a filter.
UNSCORED = "unscored+ca-conv"
#: The variants that are compared, and the upper bound. Names with ".parquet" are files of
#: `benchmarks.remedies.noises`.
VARIANTS: dict[str, dict[str, object]] = {
    PLAIN: {},
    "tagn": {"tagn": "measured"},
    "tagn-halved": {"tagn": "measured", "strength": 0.5},
    "ca-conv": {"ca_conv": True},
    BOTH: {"tagn": "measured", "ca_conv": True},
    UPPER_BOUND: {"on_corruptions": "measured"},
}
#: One architecture with other noise on its training poses.
NOISE_ABLATIONS: dict[str, dict[str, object]] = {
    "tagn-half-clean": {"tagn": "measured", "kept": 0.5},
    "tagn-none-clean": {"tagn": "measured", "kept": 0.0},
    "tagn-incoherent": {"tagn": "incoherent.parquet"},
    "tagn-plain": {"tagn": "plain"},
    "tagn-full": {"tagn": "full"},
    "tagn-full-halved": {"tagn": "full", "strength": 0.5},
    "tagn-full-doubled": {"tagn": "full", "strength": 2.0},
}
#: The same architecture behind inputs that learned from something else.
INPUT_ABLATIONS: dict[str, dict[str, object]] = {
    UNSCORED: {"ca_conv": True},
    "tagn-full+ca-conv": {"tagn": "full", "ca_conv": True},
    "tagn-no-occlusion+ca-conv": {"tagn": "no-occlusion.parquet", "ca_conv": True},
    "tagn-no-blur+ca-conv": {"tagn": "no-blur.parquet", "ca_conv": True},
    "tagn-no-pixel-noise+ca-conv": {"tagn": "no-pixel-noise.parquet", "ca_conv": True},
}
ABLATIONS = NOISE_ABLATIONS | INPUT_ABLATIONS
#: Only this architecture is ablated.
ABLATED = "videopose3d-81"
#: The upper bound has so many times as many chunks as the others.
_MORE = 2.0


@dataclass(frozen=True)
class Piece:
    """A lifter of the experiment.

    Attributes:
        architecture: a key of `ARCHITECTURES` or `LENGTHS`.
        variant: a key of `VARIANTS` or `ABLATIONS`.
        seed: of the training.
        epochs: of the training, if it has as many chunks as the plain one.
        people: who is trained on; all by default.
    """

    architecture: str
    variant: str
    seed: int
    epochs: int
    people: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name of the lifter, such as "videopose3d-81+tagn-s1"."""
        return f"{self.architecture}+{self.variant}-s{self.seed}"

    @property
    def training(self) -> str:
        """Name of the training of the lifter, which pieces behind an input share."""
        is_behind = "ca-conv" in self.variant
        return replace(self, variant=PLAIN).name if is_behind else self.name

    def config(self, noises: Path) -> Config:
        """Return the parameters of the training; ``noises`` is the folder of its noise files."""
        variant = dict((VARIANTS | ABLATIONS)[self.variant])
        if str(variant.get("tagn")).endswith(".parquet"):
            variant["tagn"] = str(noises / str(variant["tagn"]))
        schedule = Schedule(epochs=self.epochs, seed=self.seed)
        if self.variant == UPPER_BOUND:  # so that it takes about as many steps as the others
            schedule = Schedule(
                epochs=max(1, round(self.epochs / _MORE)),
                decay=schedule.decay**_MORE,
                seed=self.seed,
            )
        architecture = (ARCHITECTURES | LENGTHS)[self.architecture]
        fields = {"name": self.name, "people": self.people, "schedule": schedule}
        return Config.checked({**fields, **architecture, **variant}, self.name)


def trainings(
    seeds: Sequence[int], epochs: int, people: tuple[str, ...] = ()
) -> Iterator[tuple[Piece, ...]]:
    """Yield the pieces that have one training of a lifter in common, the first seed first.

    Noise in front of a confidence-aware input does not reach the lifter. So the plain lifter
    is behind all of them.
    """
    for seed in seeds:
        for architecture in ARCHITECTURES | LENGTHS:
            own = {PLAIN: None, BOTH: None} if architecture in LENGTHS else dict(VARIANTS)
            names = [*own, *(ABLATIONS if architecture == ABLATED else ())]
            every = [Piece(architecture, name, seed, epochs, people) for name in names]
            for name in dict.fromkeys(p.training for p in every):
                yield tuple(p for p in every if p.training == name)
