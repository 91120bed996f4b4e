"""MotionBERT and its relatives (MotionAGFormer, TCPFormer, PoseMamba): one pickle with all in it.

Its splits, ``train`` and ``test``, hold columns of equal length, a row for each frame of each clip:
``joint_2d`` px, ``confidence``, ``source`` ("s_09_act_05_subact_02_ca_01"), ``camera_name``,
``action``, and the labels ``joint3d_image``, ``joints_2.5d_image`` and ``2.5d_factor``, which are
neither camera space nor to be had from it by a documented rule. So they are taken from the user's
own file: in each split that has rows of the shards' clips the first two columns are replaced, and
the rows without detections are cut out of all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from corruptbench.datasets.human36m.toolbox import clip_rows
from corruptbench.errors import InputError
from corruptbench.export.annotations import read_pickle
from corruptbench.export.packing import write_pickle
from corruptbench.export.rows import Row, check_column, cut, no_row, rows_of
from corruptbench.export.tracks import Target, Track, slug
from corruptbench.manifest import Cell

_NEEDED = ("joint_2d", "joint3d_image", "source")
_EXPECTED = "the repository's pickle, as h36m_sh_conf_cam_source_final.pkl"


class MotionBERT:
    """Writes a copy of the user's pickle with the detections of a cell in it."""

    def __init__(self, target: Target) -> None:
        """Reads the pickle."""
        self.target = target
        self.left_out: list[str] = []
        self._path = target.labels(_EXPECTED)
        content = read_pickle(self._path, _EXPECTED)
        self._content: dict[str, Any] = content if isinstance(content, dict) else {}
        self._splits = {
            str(name): columns
            for name, columns in self._content.items()
            if isinstance(columns, dict) and all(column in columns for column in _NEEDED)
        }
        if not self._splits:
            raise InputError(
                f"{self._path}: holds {', '.join(map(str, self._content)) or 'no dictionary'}, and "
                f"in none of it {', '.join(_NEEDED)}; expected {_EXPECTED}: train and test"
            )
        self._rows = {name: _rows(columns["source"]) for name, columns in self._splits.items()}
        for name, columns in self._splits.items():
            for column in _NEEDED[:2]:
                where = f"{self._path}: {name}: {column}"
                check_column(where, columns[column], len(self._rows[name]), _EXPECTED)

    def names(self, cells: Sequence[Cell]) -> list[str]:
        """Of all files."""
        return [self._name(cell) for cell in cells]

    def write(self, cell: Cell, found: Sequence[Track]) -> Path:
        """Writes the pickle of a cell; a split without a clip of the shards stays as it is."""
        replaced, self.left_out = {}, []
        for name, columns in self._splits.items():
            rows, labels = self._rows[name], np.asarray(columns["joint3d_image"])
            self._check_lengths(name, found)
            kept, values = rows_of(f"{self._path}: {name}", rows, labels, found)
            if not kept.size:
                continue
            replaced[name] = _replaced(columns, kept, values, len(rows))
            if len(kept) < len(rows):
                gone = f"{len(rows) - len(kept)} of {len(rows)} rows"
                self.left_out.append(f"{gone} of the {name} split, without detections")
        if not replaced:
            rows = [row for rows in self._rows.values() for row in rows]
            raise no_row(f"{self._path}: {', '.join(self._splits)}", rows, found)
        content = self._content | replaced
        return self.target.folder.put(
            self._name(cell), lambda path: write_pickle(path, content), cell=str(cell),
            left_out=self.left_out,
        )  # fmt: skip

    def _check_lengths(self, split: str, found: Sequence[Track]) -> None:
        """A clip has a row for each label, or more: a file of every second frame has fewer."""
        counts = Counter(row[0] for row in self._rows[split] if row is not None)
        for track in found:
            if 0 < counts[track.key] < len(track.keypoints):
                raise InputError(
                    f"{self._path}: {split}: {counts[track.key]} rows of {track.clip.id}, expected "
                    f"one for each of its {len(track.keypoints)} frames: take the original, "
                    "unsampled file"
                )

    def _name(self, cell: Cell) -> str:
        return f"{self._path.stem}_corruptbench_{slug(cell)}.pkl"


def _replaced(
    columns: dict[str, Any], kept: Any, values: np.ndarray[Any, np.dtype[np.float32]], rows: int
) -> dict[str, Any]:
    """The columns of a split with detections (M, 17, 3) in M of its rows, without the others.

    A file without confidences gets none: its readers then take 1 for all.
    """
    new = cut(columns, kept, rows)
    new["joint_2d"] = np.ascontiguousarray(values[..., :2])
    if "confidence" in columns:
        deep = np.ndim(columns["confidence"]) == 3  # (N, 17, 1), else (N, 17)
        new["confidence"] = np.ascontiguousarray(values[..., 2:] if deep else values[..., 2])
    return new


def _rows(sources: Sequence[Any]) -> list[Row]:
    """Of each row its clip and frame."""
    rows: list[Row] = [None] * len(sources)
    for clip, members in clip_rows(map(str, sources)).items():
        for frame, row in enumerate(members):
            rows[row] = clip, frame
    return rows
