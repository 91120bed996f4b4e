"""Measure the noise of a detector: detections of corrupted clips beside those of the clean ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from corruptbench.datasets import Clip
from corruptbench.errors import InputError
from corruptbench.lifters.gaps import filled
from corruptbench.lifters.measured_noise import Episode, MeasuredNoise, Source, sizes
from corruptbench.manifest import CLEAN
from corruptbench.shards.records import CellDetections
from corruptbench.shards.shard_set import ShardSet
from corruptbench.skeleton import convert

Array = NDArray[np.float64]

#: A clean score below this tells nothing about a factor: our own choice.
_LEAST = 1 / 64


def measured(shard_set: ShardSet, joints: str = "h36m17") -> MeasuredNoise:
    """Measure the noise of all corrupted cells against the clean cell of the same clip.

    Frames without a detection repeat the nearest one, as lifters see them, and have score 0.

    Args:
        shard_set: shards of a training split, with the clean cell and others.
        joints: joint set of the episodes; detections are converted to it.

    Raises:
        InputError: there is no corrupted cell.
    """
    cells = shard_set.cells
    if CLEAN not in cells or len(cells) < 2:
        found = ", ".join(str(c) for c in cells) or "none"
        raise InputError(
            f"{shard_set.folder}: cells {found}; expected the clean cell and corrupted ones: build "
            "with corruptions"
        )
    episodes = tuple(
        episode
        for clip, detections in shard_set.clips()
        for episode in _episodes(clip, detections, shard_set.lock.detector.layout, joints)
    )
    record = shard_set.lock.benchmark
    source = Source(
        joints=joints, benchmark=str(record), detector=str(shard_set.lock.detector)
    )  # fmt: skip
    return MeasuredNoise(source, episodes)


def _episodes(
    clip: Clip, detections: list[CellDetections], given: str, joints: str
) -> Iterator[Episode]:
    clean = next(d for d in detections if d.cell == CLEAN)
    points, scores = _seen(clip, clean, given, joints)
    size = sizes(torch.from_numpy(points)).numpy()
    for d in detections:
        if d.cell != CLEAN:
            moved, lower = _seen(clip, d, given, joints)
            yield Episode(
                clip=str(clip.id),
                corruption=d.cell.corruption,
                severity=d.cell.severity,
                offsets=((moved - points) / size).astype(np.float32),
                factors=(lower / np.maximum(scores, _LEAST)).astype(np.float32),
            )


def _seen(clip: Clip, d: CellDetections, given: str, joints: str) -> tuple[Array, Array]:
    """Return keypoints (F, J, 2) px and scores (F, J), as a lifter of that joint set reads them."""
    points = filled(d.keypoints.astype(np.float64), clip.camera)
    return convert(points, d.scores.astype(np.float64), given, joints)
