"""VideoPose3D's 3D file, which the user has: compared with the data set's labels, and cut."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corruptbench.convert.conventions import Convention
from corruptbench.convert.recordings import Part, Recording
from corruptbench.errors import InputError
from corruptbench.formats.videopose3d import check_poses, read_positions
from corruptbench.progress import short_number

#: Largest distance of a joint from ours, mm. In float32 meters it is off by 0.0003. Our own choice.
AGREEMENT_MM = 1.0


class Positions:
    """The content of a 3D file: subject -> recording -> (F, J, 3) world meters.

    Attributes:
        path: of the file.
    """

    def __init__(self, path: Path, convention: Convention) -> None:
        """Read the file; raise `InputError` when it holds no positions."""
        self.path = path
        self._convention = convention
        self._poses = read_positions(path, convention.expected)

    def has(self, tracks: Recording) -> bool:
        """Return whether the file has a recording; raise `InputError` for other chunks of it."""
        stored = self._convention.stored(self._poses, tracks)
        if stored:
            self._convention.check_stored(stored, tracks, self.path)
        return bool(stored)

    def cut(self, parts: Sequence[Part]) -> dict[str, dict[str, Any]]:
        """Return the entries of these parts only."""
        kept: dict[str, dict[str, Any]] = {}
        for part in parts:
            kept.setdefault(part.subject, {})[part.name] = self._poses[part.subject][part.name]
        return kept

    def check(self, part: Part) -> None:
        """Compare an entry with the data set's labels.

        Raises:
            InputError: when it has another shape, or a joint is farther off than `AGREEMENT_MM`.
        """
        where, expected = f"{self.path}: {part.subject}: {part.name}", self._convention.expected
        labels, ours = self._poses[part.subject][part.name], part.joints
        chosen = self._convention.joints
        check_poses(labels, 32 if chosen else ours.shape[1], where, expected)
        if len(labels) != len(ours):
            raise InputError(
                f"{where}: {len(labels)} frames, the shards have {len(ours)}; not the labels that "
                f"they were built with: take {expected}"
            )
        off = _farthest(labels[:, chosen] if chosen else labels, ours)
        if not off <= AGREEMENT_MM:
            raise InputError(
                f"{where}: its joints lie up to {short_number(off)} mm from those of the data set, "
                f"expected at most {AGREEMENT_MM:g}: other labels, or not meters in the world; "
                f"take {expected} from the same data"
            )


def _farthest(meters: NDArray[np.floating[Any]], ours: NDArray[np.float64]) -> float:
    """Return the largest distance in mm of joints from ours; infinite where one is missing."""
    distance = np.linalg.norm(meters.astype(np.float64) * 1000 - ours, axis=-1)
    missing = np.isnan(meters).any(axis=-1) & np.isnan(ours).any(axis=-1)
    distance = np.where(missing, 0, np.where(np.isnan(distance), np.inf, distance))
    return float(distance.max(initial=0))
