"""The trainings of the experiment: variants of architectures, each with several seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from corruptbench.training.config import Config, Schedule

#: Architectures and the frames that they read, by the names that the page gives them.
ARCHITECTURES = {
    "videopose3d-81": {"lifter": "videopose3d", "frames": 81},
    "linear-9": {"lifter": "linear", "frames": 9},
    "attention-81": {"lifter": "attention", "frames": 81},
}
#: The variant that is trained on the corruptions themselves, and no remedy.
UPPER_BOUND = "on-corruptions"
BOTH = "tagn+ca-conv"
#: The four variants that are compared, the upper bound, and ablations of one part each.
VARIANTS: dict[str, dict[str, object]] = {
    "plain": {},
    "tagn": {"tagn": "measured"},
    "ca-conv": {"ca_conv": True},
    BOTH: {"tagn": "measured", "ca_conv": True},
    UPPER_BOUND: {"on_corruptions": "measured"},
}
ABLATIONS: dict[str, dict[str, object]] = {
    "tagn-plain": {"tagn": "plain"},
    "tagn-full": {"tagn": "full"},
    "tagn-full-2": {"tagn": "full", "strength": 2.0},
    "tagn-full+ca-conv": {"tagn": "full", "ca_conv": True},
}
#: The upper bound has so many times as many chunks as the others.
_MORE = 2.0
#: Only this architecture is ablated.
ABLATED = "videopose3d-81"


@dataclass(frozen=True)
class Piece:
    """One training and its evaluation."""

    architecture: str
    variant: str
    seed: int
    epochs: int

    @property
    def name(self) -> str:
        """Name of the lifter, such as "videopose3d-81+tagn-s1"."""
        return f"{self.architecture}+{self.variant}-s{self.seed}"

    @property
    def config(self) -> Config:
        """Return the parameters of the training."""
        variant = (VARIANTS | ABLATIONS)[self.variant]
        schedule = Schedule(epochs=self.epochs, seed=self.seed)
        if "on_corruptions" in variant:  # so that it takes about as many steps as the others
            schedule = Schedule(
                epochs=max(1, round(self.epochs / _MORE)),
                decay=schedule.decay**_MORE,
                seed=self.seed,
            )
        fields = {**ARCHITECTURES[self.architecture], **variant}
        return Config.checked({"name": self.name, **fields, "schedule": schedule}, self.name)


def pieces(seeds: Sequence[int], epochs: int) -> Iterator[Piece]:
    """Yield all pieces: first one seed of everything, so that a table can be had early."""
    for seed in seeds:
        for architecture in ARCHITECTURES:
            for variant in VARIANTS:
                yield Piece(architecture, variant, seed, epochs)
        for variant in ABLATIONS:
            yield Piece(ABLATED, variant, seed, epochs)
