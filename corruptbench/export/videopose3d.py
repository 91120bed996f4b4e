"""VideoPose3D, and the many repositories that took over its files: ``data_2d_<set>_<name>.npz``.

``positions_2d`` holds subject -> recording -> one (F, K, 2) float32 px for each camera, in order;
``metadata`` the joints. Every recording of the 3D file must be in the 2D file, with all cameras.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from sys import intern
from typing import Any

import numpy as np

from corruptbench.errors import InputError
from corruptbench.export import humaneva
from corruptbench.export.packing import write_npz
from corruptbench.export.positions import Positions
from corruptbench.export.recordings import Part, recordings
from corruptbench.export.tracks import Target, Track, slug
from corruptbench.manifest import Cell
from corruptbench.skeleton import joint_set

#: How the repository calls data sets and joint sets; it looks for the latter in a file's name.
_DATASETS = {"human36m": "h36m", "humaneva": "humaneva15"}
_LAYOUTS = {"h36m17": "h36m", "coco17": "coco", "humaneva15": "humaneva15"}


class VideoPose3D:
    """Writes ``data_2d_<set>_corruptbench_<layout>_<cell>.npz``, and the 3D file cut to match."""

    def __init__(self, target: Target) -> None:
        """Reads the 3D file if it is given."""
        self.target = target
        self.left_out: list[str] = []
        self._dataset = target.dataset.name
        self._name = _DATASETS.get(self._dataset, self._dataset)
        given = target.annotations
        self._positions = None if given is None else Positions(given, self._dataset)
        self._labels = None if given is None else f"data_3d_{self._name}.npz"
        self._cut_done = False

    def names(self, cells: Sequence[Cell]) -> list[str]:
        """Of all files."""
        return [*map(self._file, cells), *([self._labels] if self._labels else [])]

    def write(self, cell: Cell, found: Sequence[Track]) -> Path:
        """Writes the 2D file of a cell; before the first one the 3D file, if it is given."""
        parts = self._parts(found)
        folder = self.target.folder
        if self._positions and self._labels and not self._cut_done:
            poses = self._positions.cut(parts)
            folder.put(
                self._labels, lambda path: write_npz(path, {"positions_3d": poses}),
                left_out=self.left_out,
            )  # fmt: skip
            self._cut_done = True
        content = {"positions_2d": self._positions_2d(parts), "metadata": self._metadata()}
        return folder.put(
            self._file(cell), lambda path: write_npz(path, content), cell=str(cell),
            labels=self._labels, left_out=self.left_out,
        )  # fmt: skip

    def _file(self, cell: Cell) -> str:
        layout = _LAYOUTS[self.target.layout]
        return f"data_2d_{self._name}_corruptbench_{layout}_{slug(cell)}.npz"

    def _metadata(self) -> dict[str, Any]:
        joints = joint_set(self.target.layout)
        return {
            "layout_name": _LAYOUTS[self.target.layout],
            "num_joints": len(joints),
            "keypoints_symmetry": [list(joints.left), list(joints.right)],
        }

    def _positions_2d(self, parts: Sequence[Part]) -> dict[str, dict[str, list[Any]]]:
        positions: dict[str, dict[str, list[Any]]] = {}
        for part in parts:
            # interned, so that equal content is an equal pickle
            each = positions.setdefault(intern(part.subject), {})
            each[intern(part.name)] = [self._values(t, part.frames) for t in part.tracks]
        return positions

    def _values(self, track: Track, frames: slice) -> np.ndarray[Any, np.dtype[np.float32]]:
        channels = [track.keypoints[frames]]
        if self.target.confidence:
            channels.append(track.scores[frames, :, None])
        return np.ascontiguousarray(np.concatenate(channels, axis=-1), dtype=np.float32)

    def _parts(self, found: Sequence[Track]) -> list[Part]:
        """What to write: with all cameras, with labels, and in the 3D file if there is one.

        Raises:
            InputError: when nothing is left, or the 3D file has other labels.
        """
        whole, self.left_out = recordings(found, self._dataset)
        if self._dataset == "humaneva" and self._positions is None:
            humaneva.check_source(self.target.dataset, whole)
        kept: list[Part] = []
        for tracks in whole:
            parts = self._cut(tracks)
            reason = self._lacks(tracks, parts)
            if reason:
                self.left_out.append(f"{tracks[0].key[0]}/{tracks[0].key[1]} ({reason})")
                continue
            if self._positions:
                self._positions.check(parts)
            kept += parts
        if not kept:
            where = f"{self._positions.path}, " if self._positions else ""
            raise InputError(
                f"{where}--shards: no recording is left that could be exported: "
                f"{', '.join(self.left_out)}; expected the labels that the shards were built with"
            )
        return kept

    def _cut(self, tracks: tuple[Track, ...]) -> list[Part]:
        if self._dataset == "humaneva":
            return humaneva.parts(tracks)
        subject, sequence, _ = tracks[0].key
        return [Part(subject, sequence, slice(None), tracks)]

    def _lacks(self, tracks: Sequence[Track], parts: Sequence[Part]) -> str:
        """Why a recording cannot be written; empty if it can."""
        there = self._positions is None or self._in_file(self._positions, tracks, parts)
        if not parts:
            return "no frame has a label"
        return "" if there else "not in the 3D file"

    def _in_file(
        self, positions: Positions, tracks: Sequence[Track], parts: Sequence[Part]
    ) -> bool:
        if self._dataset == "humaneva":
            return humaneva.in_file(positions, tracks, parts)
        subject, sequence, _ = tracks[0].key
        return sequence in positions.subject(subject)
