"""VideoPose3D's 3D file, which the user has: read, compared with the labels of --root, and cut."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from sys import intern
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corruptbench.datasets.human36m.poses import JOINTS
from corruptbench.errors import InputError
from corruptbench.export.annotations import read_npz
from corruptbench.export.recordings import Part

#: Largest distance of a joint from ours, mm. In float32 metres it is off by 0.0003: our own choice.
AGREEMENT_MM = 1.0

_MADE_BY = {
    "human36m": "data_3d_h36m.npz as VideoPose3D's prepare_data_h36m.py writes it",
    "humaneva": "data_3d_humaneva15.npz as VideoPose3D's prepare_data_humaneva.py writes it",
}


class Positions:
    """The content of a 3D file: subject -> recording -> (F, J, 3) world metres.

    Attributes:
        path: of the file.
        expected: what it should be, in words.
    """

    def __init__(self, path: Path, dataset: str) -> None:
        """Reads the file; raises `InputError` when it holds no positions."""
        self.path = path
        self.expected = _MADE_BY.get(dataset, "positions_3d: subject -> recording -> world metres")
        self._joints = JOINTS if dataset == "human36m" else None  # the file has all 32
        content = read_npz(path, self.expected)
        poses = content.get("positions_3d")
        if not isinstance(poses, dict) or not all(isinstance(v, dict) for v in poses.values()):
            found = ", ".join(content) or "nothing"
            raise InputError(f"{path}: holds {found}, no positions_3d; expected {self.expected}")
        self._poses: dict[str, dict[str, Any]] = poses

    def subject(self, name: str) -> dict[str, Any]:
        """Recordings of a subject; none where it is not there."""
        return self._poses.get(name, {})

    def check(self, parts: Sequence[Part]) -> None:
        """Compares entries with the labels of --root.

        Raises:
            InputError: when one has another shape, or a joint is farther off than `AGREEMENT_MM`.
        """
        for part in parts:
            self._check(part)

    def cut(self, parts: Sequence[Part]) -> dict[str, dict[str, Any]]:
        """The entries of these parts only."""
        kept: dict[str, dict[str, Any]] = {}
        for part in parts:
            # interned, so that equal content is an equal pickle
            each = kept.setdefault(intern(part.subject), {})
            each[intern(part.name)] = self.subject(part.subject)[part.name]
        return kept

    def _check(self, part: Part) -> None:
        where = f"{self.path}: {part.subject}: {part.name}"
        labels, ours = self.subject(part.subject)[part.name], part.joints
        joints = 32 if self._joints else ours.shape[1]
        kind = f"{labels.dtype} {labels.shape}" if isinstance(labels, np.ndarray) else "no array"
        if kind == "no array" or labels.dtype.kind != "f" or labels.shape[1:] != (joints, 3):
            raise InputError(
                f"{where}: {kind}, expected floats (frames, {joints}, 3); take {self.expected}"
            )
        if len(labels) != len(ours):
            raise InputError(
                f"{where}: {len(labels)} frames, the shards have {len(ours)}; not the labels that "
                f"they were built with: take {self.expected}"
            )
        off = _farthest(labels[:, self._joints] if self._joints else labels, ours)
        if not off <= AGREEMENT_MM:
            raise InputError(
                f"{where}: its joints lie up to {off:.4g} mm from those of --root, expected at "
                f"most {AGREEMENT_MM:g}: other labels, or not metres in the world; take "
                f"{self.expected} from the same data"
            )


def _farthest(metres: NDArray[np.floating[Any]], ours: NDArray[np.float64]) -> float:
    """Largest distance in mm of joints from ours; infinite where one of two is missing."""
    distance = np.linalg.norm(metres.astype(np.float64) * 1000 - ours, axis=-1)
    missing = np.isnan(metres).any(axis=-1) & np.isnan(ours).any(axis=-1)
    distance = np.where(missing, 0, np.where(np.isnan(distance), np.inf, distance))
    return float(distance.max(initial=0))
