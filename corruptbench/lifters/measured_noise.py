"""The measured noise of a detector on corrupted video, and how to add it to other poses.

An episode is a clip in one cell: how far each joint was displaced from its clean detection, in
sizes of the person, and by what factor its score changed. Episodes are replayed as they are, so
what joints and frames have in common stays. They are measured on videos of the training split.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from corruptbench.errors import InputError
from corruptbench.lifters.keyed_draws import Draws, counters
from corruptbench.records import Record

Array = NDArray[np.float64]
Array32 = NDArray[np.float32]

FORMAT: Final = "corruptbench-noise/1"
#: Share of the chunks that stay as they are: our own choice. Measured noise is stronger than the
#: invented one, and more clean chunks lowered both errors of a held-out person.
KEPT = 0.75
#: Counters of the draws of an episode and of a place in it.
_OF_STRETCHES = counters(9, 2)
#: A person is not smaller than this, in any unit.
SMALLEST = 1e-6


class Source(Record):
    """The detector and the videos that a noise was measured with.

    Attributes:
        format: of the file.
        joints: joint set of the episodes.
        benchmark: identity of the benchmark that the shards were built for.
        detector: name of the detector.
    """

    format: Literal["corruptbench-noise/1"] = FORMAT
    joints: str
    benchmark: str
    detector: str


@dataclass(frozen=True, eq=False)
class Episode:
    """The noise of a clip in one cell.

    Attributes:
        clip: name of the clip, such as "studio/S1/walking_1.cam2".
        corruption: its name.
        severity: 1 to 5.
        offsets: (F, J, 2) float32, in sizes of the person: the longer side of the joints' box.
        factors: (F, J) float32, of the scores.
    """

    clip: str
    corruption: str
    severity: int
    offsets: Array32
    factors: Array32

    @property
    def values(self) -> Array32:
        """Return offsets and factors together, (F, J, 3)."""
        return np.concatenate([self.offsets, self.factors[..., None]], axis=-1)

    @property
    def subject(self) -> str:
        """Name of the person."""
        return self.clip.split("/")[1]

    def is_of(self, dataset: str, subjects: Collection[str]) -> bool:
        """Return whether the clip shows one of these people of this data set."""
        return self.clip.split("/")[0] == dataset and self.subject in subjects


@dataclass(frozen=True, eq=False)
class MeasuredNoise:
    """Episodes of one detector, for `corruptbench.lifters.tagn.TAGN`.

    Attributes:
        source: what they were measured with.
        episodes: of all clips and cells.
        kept: share of the chunks of a training that stay as they are, 0 to 1. A file does not hold
            it, and it is no part of the digest.
    """

    source: Source
    episodes: tuple[Episode, ...]
    kept: float = KEPT

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            ValueError: ``kept`` is out of its range.
        """
        if not 0 <= self.kept <= 1:
            raise ValueError(f"MeasuredNoise.kept: found {self.kept}, expected 0 to 1")

    @property
    def sha256(self) -> str:
        """Return the SHA-256 of what was measured and where."""
        digest = hashlib.sha256(self.source.model_dump_json().encode())
        for episode in self.episodes:
            digest.update(f"{episode.clip} {episode.corruption} {episode.severity}".encode())
            digest.update(np.ascontiguousarray(episode.offsets).data)
            digest.update(np.ascontiguousarray(episode.factors).data)
        return digest.hexdigest()

    def check_joints(self, joints: str) -> None:
        """Raise `InputError` if the episodes are not of this joint set."""
        if self.source.joints != joints:
            raise InputError(
                f"noise: joint set {self.source.joints}, expected {joints}; measure it for these "
                "joints",
                "noise",
            )

    def of_joints(self, kept: Sequence[int]) -> MeasuredNoise:
        """Return the noise of some joints, by their indices in the joint set."""
        if len(kept) == self.episodes[0].factors.shape[1]:
            return self
        chosen = list(kept)
        return replace(
            self,
            episodes=tuple(
                replace(e, offsets=e.offsets[:, chosen], factors=e.factors[:, chosen])
                for e in self.episodes
            ),
        )

    def without(self, dataset: str, subjects: Collection[str]) -> MeasuredNoise:
        """Return the episodes of all other people; another data set has other people.

        Raises:
            InputError: there is none.
        """
        chosen = tuple(e for e in self.episodes if not e.is_of(dataset, subjects))
        if not chosen:
            raise InputError(
                f"noise: measured on {', '.join(sorted({e.subject for e in self.episodes}))} only; "
                "expected episodes of other people than those of validation",
                "noise",
            )
        return replace(self, episodes=chosen)

    def scaled(self, factor: float) -> MeasuredNoise:
        """Return this noise, with each displacement multiplied by a factor; scores stay."""
        factor32 = np.float32(factor)
        return replace(
            self, episodes=tuple(replace(e, offsets=e.offsets * factor32) for e in self.episodes)
        )

    def fewer(self, count: int) -> MeasuredNoise:
        """Return ``count`` episodes of each clip, of one cell after another."""
        kept: list[Episode] = []
        by_clip: dict[str, list[Episode]] = {}
        for episode in self.episodes:
            by_clip.setdefault(episode.clip, []).append(episode)
        for number, episodes in enumerate(by_clip.values()):
            places = {(number * count + i) % len(episodes) for i in range(count)}
            kept.extend(episodes[i] for i in sorted(places))
        return replace(self, episodes=tuple(kept))


class Bank:
    """Episodes on a device, from which stretches are drawn."""

    def __init__(self, noise: MeasuredNoise, device: torch.device) -> None:
        """Copy all episodes to a device."""
        joined = [episode.values for episode in noise.episodes]
        self._frames = torch.from_numpy(np.concatenate(joined)).to(device)
        self._lengths = np.array([len(x) for x in joined])
        self._starts = self._lengths.cumsum() - self._lengths

    def stretches(self, draws: Draws, frames: int) -> Tensor:
        """Return a stretch of an episode for each identity, (B, T, J, 3): offsets and factors.

        A stretch that is longer than its episode runs back from the end, and so on.

        Args:
            draws: of B identities.
            frames: T.
        """
        which, place = draws.uniform(_OF_STRETCHES).T
        episode = (which * np.float32(len(self._starts))).astype(np.int64)
        length = self._lengths[episode]
        first = place * np.maximum(length - frames + 1, 1).astype(np.float32)
        at = (first.astype(np.int64)[:, None] + np.arange(frames)) % (2 * length[:, None])
        at = np.minimum(at, 2 * length[:, None] - 1 - at) + self._starts[episode][:, None]
        return self._frames[torch.from_numpy(at).to(self._frames.device, non_blocking=True)]


def replayed(poses: Tensor, stretches: Tensor) -> Tensor:
    """Return poses (B, T, J, 2 or 3) with stretches of episodes (B, T, J, 3).

    A score is multiplied by its factor, and is at most 1.
    """
    points = poses[..., :2]
    moved = points + sizes(points) * stretches[..., :2]
    if poses.shape[-1] == 2:
        return moved
    return torch.cat([moved, (poses[..., 2:] * stretches[..., 2:]).clamp(0, 1)], dim=-1)


def sizes(points: Tensor) -> Tensor:
    """Return the size of the person in each frame: the longer side of the joints' box.

    Args:
        points: (..., J, 2) without gaps.

    Returns:
        (..., 1, 1).
    """
    low, high = points.aminmax(dim=-2, keepdim=True)
    return (high - low).amax(dim=-1, keepdim=True).clamp_min(SMALLEST)
