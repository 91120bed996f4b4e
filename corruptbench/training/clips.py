"""The clips that a lifter is trained on: shards of one data set and detector."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from corruptbench.errors import InputError
from corruptbench.lifters.contract import Contract
from corruptbench.lifters.measured_noise import MeasuredNoise
from corruptbench.shards.shard_set import ShardSet
from corruptbench.training.samples import Samples, joined, load_samples


@dataclass(frozen=True)
class TrainingClips:
    """The clips of one or more builds.

    Attributes:
        shard_sets: the builds.
        by_build: names of the people of each build.
        dataset: name of the data set, as clips have it.
        detector: name of the detector.
    """

    shard_sets: tuple[ShardSet, ...]
    by_build: tuple[frozenset[str], ...]
    dataset: str
    detector: str

    @classmethod
    def of(cls, shard_sets: Sequence[ShardSet]) -> TrainingClips:
        """Take builds together.

        Raises:
            InputError: they are of several data sets or detectors.
        """
        clips = [s.manifest.select(s.dataset.clip_ids()) for s in shard_sets]
        kinds = {
            (ids[0].dataset, str(s.lock.detector)) for ids, s in zip(clips, shard_sets, strict=True)
        }
        if len(kinds) != 1:
            found = ", ".join(" with ".join(kind) for kind in sorted(kinds))
            raise InputError(
                f"training shards: found {found}; expected one data set and one detector", "shards"
            )
        ((dataset, detector),) = kinds
        by_build = tuple(frozenset(c.subject for c in ids) for ids in clips)
        return cls(tuple(shard_sets), by_build, dataset, detector)

    @property
    def people(self) -> frozenset[str]:
        """Names of all people."""
        return frozenset().union(*self.by_build)

    @property
    def where(self) -> str:
        """The folders, for messages."""
        return ", ".join(str(s.folder) for s in self.shard_sets)

    def check_detector(self, noise: MeasuredNoise, field: str, name: str) -> None:
        """Raise `InputError` for a noise of another detector.

        Args:
            noise: measured.
            field: the parameter of the error.
            name: of the noise, for the message.
        """
        found = noise.source.detector
        if found != self.detector:
            raise InputError(
                f"{field}: the noise {name} is of detector {found}, {self.where} of "
                f"{self.detector}; expected the same: measure it with this detector",
                field.replace("_", "-"),
            )

    def check_people(self, names: Collection[str], field: str) -> None:
        """Raise `InputError` for people who are not in the builds."""
        for name in sorted(set(names) - self.people):
            raise InputError(
                f"{field}: {name} is not in {self.where}; expected some of "
                f"{', '.join(sorted(self.people))}",
                field,
            )

    def samples(self, contract: Contract, people: Collection[str], margin: int = 0) -> Samples:
        """Cut the clips of these people into chunks; see `load_samples`."""
        return joined(
            *(
                load_samples(shard_set, contract, own, margin)
                for shard_set, there in zip(self.shard_sets, self.by_build, strict=True)
                if (own := there & set(people))
            )
        )
