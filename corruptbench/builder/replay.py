"""Ground truth with the noise of a detector: episodes that were measured on other videos.

Each cell of a clip gets one episode of the same corruption and severity: a stretch of it, or the
whole episode back and forth where the clip is longer. The draw depends on the identity of clip and
cell alone. The clean cell has no noise: a noise file tells how detections of corrupted video differ
from those of clean video.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from corruptbench.builder.clip_detector import Tick
from corruptbench.builder.detect import KEYPOINT_STEP, SCORE_STEP, rounded
from corruptbench.builder.ground_truth import RATE, of_cells, projected, valid
from corruptbench.corruptions import Key
from corruptbench.datasets import Clip
from corruptbench.datasets.studio import TRAIN_NOISE
from corruptbench.errors import InputError
from corruptbench.files import sha256_of_file
from corruptbench.lifters.gaps import filled
from corruptbench.lifters.keyed_draws import Draws
from corruptbench.lifters.measured_noise import Bank, Episode, MeasuredNoise, sizes
from corruptbench.lifters.noise_file import load_noise
from corruptbench.manifest import CLEAN, Cell, Manifest
from corruptbench.shards.ground_truth_scores import FAMILY, replayed
from corruptbench.shards.records import CellDetections, DetectorRecord
from corruptbench.storage import found_at
from corruptbench.video.writer import FrameWriter

#: Goes up whenever the same noise and labels would give other keypoints or scores. It is part of
#: the detector's name, so that shards and results of two versions are not taken for the same.
REPLAY_VERSION = 1
_LONGEST_NAME = 80

Array = NDArray[np.float64]


def load_replay(path: Path | None, joints: str) -> Replayed:
    """Read a noise file; None is the one of the studio set's training split.

    Raises:
        InputError: it is not there, is no noise file, or is of another joint set than the labels.
    """
    file = path or TRAIN_NOISE
    if not file.is_file():
        raise InputError(
            f"{file}: {found_at(file)}; expected a file of measured noise, which measure-noise "
            "writes",
            "detector",
        )
    noise = load_noise(file)
    noise.check_joints(joints)
    name = noise.source.detector
    if not name.isprintable() or len(name) > _LONGEST_NAME:
        raise InputError(
            f"{file}: detector: found {name[:_LONGEST_NAME]!r}; expected a name of at most "
            f"{_LONGEST_NAME} printable characters: measure the noise again",
            "detector",
        )
    return Replayed(noise, sha256_of_file(file))


class Replayed:
    """The labels, projected, with measured noise in every corrupted cell."""

    runtime = "none: projected labels with replayed noise"
    reads_video = False

    def __init__(self, noise: MeasuredNoise, file_sha256: str) -> None:
        """Take the noise, and the SHA-256 of its file."""
        self._noise, self._sha256 = noise, file_sha256

    @property
    def record(self) -> DetectorRecord:
        """Say whose noise it is, and name the file by its digest."""
        source = self._noise.source
        return DetectorRecord(
            name=f"{FAMILY}:noise of {source.detector} (replay {REPLAY_VERSION})",
            layout=source.joints,
            score_meaning=replayed(source.detector),
            weights_sha256=self._sha256,
        )

    def notes(self, cells: Sequence[Cell]) -> tuple[str, ...]:
        """Say where the noise is from.

        Raises:
            InputError: it has no episode of one of the cells; names all of them.
        """
        missing = [c for c in cells if c != CLEAN and c not in self._banks]
        if missing:
            raise InputError(
                f"detector {self.record.name}: no noise was measured for {_listed(missing)}; "
                f"expected cells that it has: {_listed(sorted(self._banks))}. Choose these "
                "corruptions and severities, or measure the others",
                "detector",
            )
        source = self._noise.source
        return (
            f"{FAMILY}: no video is read; corrupted cells are labels with the noise that "
            f"{source.detector} had on {source.benchmark}, and the clean cell has none",
        )

    def rate(self) -> float:
        """Return a rough constant."""
        return RATE

    def detect(
        self,
        clip: Clip,
        cells: Sequence[Cell],
        manifest: Manifest,
        tick: Tick,
        videos: Mapping[Cell, FrameWriter],  # noqa: ARG002
    ) -> list[CellDetections]:
        """Return the projected labels with the noise of each cell."""
        keypoints = projected(clip, manifest)
        size = sizes(torch.from_numpy(filled(keypoints, clip.camera))).numpy()
        found = ((cell, *self._noisy(keypoints, size, cell, clip, manifest)) for cell in cells)
        return of_cells(clip, manifest, found, tick)

    def _noisy(
        self, keypoints: Array, size: Array, cell: Cell, clip: Clip, manifest: Manifest
    ) -> tuple[NDArray[np.floating], NDArray[np.generic]]:
        """Return keypoints (F, J, 2) px and scores (F, J) of a cell."""
        seen = valid(keypoints)
        if cell == CLEAN:
            return keypoints, seen
        draws = Draws.of(_number(manifest.key(cell, clip.id)))
        stretch = self._banks[cell].stretches(draws, len(keypoints))[0].numpy()
        moved = (keypoints + size * stretch[..., :2]).astype(np.float32)
        scores = np.where(seen, stretch[..., 2].clip(0, 1), np.float32(0))
        return rounded(moved, KEYPOINT_STEP), rounded(scores, SCORE_STEP)

    @cached_property
    def _banks(self) -> dict[Cell, Bank]:
        """Sort the episodes by their cell."""
        found: dict[Cell, list[Episode]] = {}
        for episode in self._noise.episodes:
            found.setdefault(Cell(episode.corruption, episode.severity), []).append(episode)
        cpu = torch.device("cpu")
        return {c: Bank(replace(self._noise, episodes=tuple(e)), cpu) for c, e in found.items()}


def _listed(cells: Sequence[Cell]) -> str:
    """Return cells in words, corruptions of the same severities together."""
    severities: dict[str, list[str]] = {}
    for cell in cells:
        severities.setdefault(cell.corruption, []).append(str(cell.severity))
    names: dict[str, list[str]] = {}
    for name, each in severities.items():
        names.setdefault(", ".join(each), []).append(name)
    return "; ".join(f"severity {each} of {', '.join(of)}" for each, of in names.items())


def _number(key: Key) -> NDArray[np.int64]:
    """Return the 64 bits of a key, (1,)."""
    return np.array([key.k0, key.k1], dtype="<u4").view("<i8")
