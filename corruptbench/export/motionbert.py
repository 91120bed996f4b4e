"""MotionBERT and its relatives (MotionAGFormer, TCPFormer, PoseMamba): one pickle with all in it.

``test`` holds columns of equal length, a row for each frame of each clip: ``joint_2d`` px,
``confidence``, ``source`` ("s_09_act_05_subact_02_ca_01"), ``camera_name``, ``action``, and the
labels ``joint3d_image``, ``joints_2.5d_image`` and ``2.5d_factor``. These labels are neither camera
space nor to be had from it by a documented rule, so they are taken from the user's own file: its
first two columns are replaced, and the rows without detections are cut out of all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from corruptbench.datasets.human36m.toolbox import clip_rows
from corruptbench.datasets.pickled import load_pickle
from corruptbench.errors import InputError
from corruptbench.export.packing import write_pickle
from corruptbench.export.tracks import Key, Target, Track, cut, rows_of
from corruptbench.manifest import Cell

_NEEDED = ("joint_2d", "joint3d_image", "source")
_EXPECTED = "the repository's pickle, as h36m_sh_conf_cam_source_final.pkl"


class MotionBERT:
    """Writes a copy of the user's pickle with the detections of a cell in its test split."""

    def __init__(self, target: Target) -> None:
        """Reads the pickle."""
        self.target = target
        self.left_out: list[str] = []
        self._path = target.labels(_EXPECTED)
        content = load_pickle(self._path)
        test = content.get("test") if isinstance(content, dict) else None
        absent = [c for c in _NEEDED if not isinstance(test, dict) or c not in test]
        if not isinstance(test, dict) or absent:
            raise InputError(
                f"{self._path}: no {', '.join(absent)} in its test split; expected {_EXPECTED}"
            )
        self._content: dict[str, Any] = content
        self._test: dict[str, Any] = test
        self._rows = _rows([str(s) for s in test["source"]])
        for column in _NEEDED[:2]:
            shape = np.shape(test[column])
            if len(shape) != 3 or shape[:2] != (len(self._rows), 17):
                raise InputError(
                    f"{self._path}: test: {column}: shape {shape}, expected ({len(self._rows)}, "
                    "17, 2 or 3): one row for each source"
                )

    def write(self, cell: Cell, found: Sequence[Track]) -> Path:
        """Writes the pickle of a cell; the training split is copied as it is."""
        labels = np.asarray(self._test["joint3d_image"])
        kept, values = rows_of(self._path, self._rows, labels, found)
        columns = cut(self._test, kept, len(self._rows))
        columns["joint_2d"] = np.ascontiguousarray(values[..., :2])
        deep = (
            np.ndim(self._test.get("confidence", 0)) == 3
        )  # (N, 17, 1), as the training split then
        columns["confidence"] = np.ascontiguousarray(values[..., 2:] if deep else values[..., 2])
        gone = len(self._rows) - len(kept)
        self.left_out = [f"{gone} rows of the test split, without detections"] if gone else []
        name = f"{self._path.stem}_corruptbench_{str(cell).replace(' ', '_')}.pkl"
        write_pickle(self.target.folder / name, self._content | {"test": columns})
        return self.target.folder / name


def _rows(sources: Sequence[str]) -> list[tuple[Key, int] | None]:
    """Of each row its clip and frame."""
    rows: list[tuple[Key, int] | None] = [None] * len(sources)
    for clip, members in clip_rows(sources).items():
        for frame, row in enumerate(members):
            rows[row] = clip, frame
    return rows
