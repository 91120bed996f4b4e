"""Noises of the ablations: the measured one of the studio set, with one property taken away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from corruptbench.corruptions import get
from corruptbench.datasets.studio import TRAIN_NOISE
from corruptbench.lifters.measured_noise import Episode, MeasuredNoise
from corruptbench.lifters.noise_file import load_noise, save_noise


def incoherent(noise: MeasuredNoise) -> MeasuredNoise:
    """Shuffle the frames of each episode. What the joints of a frame have in common stays."""
    return replace(noise, episodes=tuple(map(_shuffled, noise.episodes, range(2**32))))


def _shuffled(episode: Episode, number: int) -> Episode:
    draw = np.random.Generator(np.random.Philox(key=number))
    order = draw.permutation(len(episode.factors))
    return replace(episode, offsets=episode.offsets[order], factors=episode.factors[order])


def without(family: str) -> Callable[[MeasuredNoise], MeasuredNoise]:
    """Return what leaves out all corruptions of a family."""

    def rest(noise: MeasuredNoise) -> MeasuredNoise:
        kept = tuple(e for e in noise.episodes if get(e.corruption).family != family)
        return replace(noise, episodes=kept)

    return rest


#: By the names of their files.
NOISES: dict[str, Callable[[MeasuredNoise], MeasuredNoise]] = {
    "incoherent": incoherent,
    "no-occlusion": without("temporary occlusion"),
    "no-blur": without("motion blur"),
    "no-pixel-noise": without("pixel noise"),
}


def write_noise(path: Path) -> None:
    """Write the one that a path names as a file of `corruptbench measure-noise`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_noise(NOISES[path.stem](load_noise(TRAIN_NOISE)), path)
