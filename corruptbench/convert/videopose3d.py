"""VideoPose3D, and the many repositories that took over its files (`formats.videopose3d`).

Every recording of the 3D file must be in the 2D file, with all cameras.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corruptbench.convert.conventions import convention_of
from corruptbench.convert.positions import Positions
from corruptbench.convert.recordings import Part, recordings
from corruptbench.convert.tracks import Target, Track, slug
from corruptbench.convert.writer import Contents
from corruptbench.errors import InputError
from corruptbench.formats.videopose3d import write_detections, write_positions
from corruptbench.manifest import Cell
from corruptbench.skeleton import joint_set

#: The repository's names of joint sets; it looks for them in a file's name.
_JOINT_SETS = {"h36m17": "h36m", "coco17": "coco", "humaneva15": "humaneva15"}


class VideoPose3D:
    """Writes ``data_2d_<set>_corruptbench_<joints>_<cell>.npz``, and the 3D file cut to match."""

    def __init__(self, target: Target) -> None:
        """Read the 3D file if it is given."""
        self.target = target
        self._convention = convention_of(target.dataset)
        given = target.annotations
        self._positions = None if given is None else Positions(given, self._convention)
        self.labels = None if given is None else f"data_3d_{self._convention.name}.npz"

    def name(self, cell: Cell) -> str:
        """Return the name of a cell's 2D file."""
        joints = _JOINT_SETS[self.target.joints]
        return f"data_2d_{self._convention.name}_corruptbench_{joints}_{slug(cell)}.npz"

    def contents(self, found: Sequence[Track]) -> Contents:
        """Return what writes the 3D file, if it is given, and the 2D file."""
        parts, left_out = self._parts(found)
        detections = partial(self._write, parts=parts)
        if self._positions is None:
            return Contents(None, detections, left_out)
        labels = partial(write_positions, table=self._positions.cut(parts))
        return Contents(labels, detections, left_out)

    def _write(self, path: Path, parts: Sequence[Part]) -> None:
        joints = joint_set(self.target.joints)
        table: dict[str, dict[str, list[NDArray[np.float32]]]] = {}
        for part in parts:
            values = [self._values(track, part.frames) for track in part.tracks]
            table.setdefault(part.subject, {})[part.name] = values
        write_detections(
            path, table, _JOINT_SETS[joints.name], len(joints), (joints.left, joints.right)
        )

    def _values(self, track: Track, frames: slice) -> NDArray[np.float32]:
        channels = [track.keypoints[frames]]
        if self.target.confidence:
            channels.append(track.scores[frames, :, None])
        return np.ascontiguousarray(np.concatenate(channels, axis=-1), dtype=np.float32)

    def _parts(self, found: Sequence[Track]) -> tuple[list[Part], list[str]]:
        """Return what to write, and in words what is left out.

        A part has all cameras and labels, and is in the 3D file if there is one.

        Raises:
            InputError: when nothing is left, or the 3D file has other labels.
        """
        complete, left_out = recordings(found, self.target.dataset)
        if self._positions is None:
            self._convention.check_labels(complete)
        kept: list[Part] = []
        for tracks in complete:
            parts = self._convention.parts(tracks)
            is_there = self._positions is None or self._positions.has(tracks)
            if not parts or not is_there:
                reason = "not in the 3D file" if parts else "no frame has a label"
                left_out.append(f"{tracks[0].key[0]}/{tracks[0].key[1]} ({reason})")
                continue
            if self._positions:
                for part in parts:
                    self._positions.check(part)
            kept += parts
        if not kept:
            where = f"{self._positions.path}" if self._positions else "the shards"
            raise InputError(
                f"{where}: no recording is left that could be converted: "
                f"{', '.join(left_out)}; expected the labels that the shards were built with"
            )
        return kept, left_out
