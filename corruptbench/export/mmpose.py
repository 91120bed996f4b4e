"""mmpose: ``keypoint_2d_det_file``, an ``.npy`` whose rows are those of the annotation file.

The annotations (``.npz``: imgname, center, scale, part, S) are the user's own, made by mmpose's
``preprocess_h36m.py``; rows without detections are cut out of a copy of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from corruptbench.datasets.human36m.layout import canonical
from corruptbench.datasets.pickled import load_npz
from corruptbench.errors import InputError
from corruptbench.export.packing import write_npy, write_npz
from corruptbench.export.tracks import Key, Target, Track, cut, rows_of
from corruptbench.manifest import Cell

#: As "S1_Directions_1.54138969_000001.jpg": frames count from 1, blanks are underscores.
_NAME = re.compile(r"(S\d+)_([^/]+)\.(\d{8})_(\d+)\.\w+")
_EXPECTED = "the annotations that mmpose's preprocess_h36m.py writes, as h36m_test.npz"


class MMPose:
    """Writes ``<annotations>_corruptbench_<cell>.npy``, and the annotations cut to match."""

    def __init__(self, target: Target) -> None:
        """Reads the annotations."""
        self.target = target
        self.left_out: list[str] = []
        self._path = target.labels(_EXPECTED)
        self._columns = load_npz(self._path)
        absent = [c for c in ("imgname", "part") if c not in self._columns]
        if absent:
            raise InputError(f"{self._path}: no {', '.join(absent)} in it; expected {_EXPECTED}")
        self._rows = [_row(str(name)) for name in self._columns["imgname"]]
        if np.shape(self._columns["part"])[:2] != (len(self._rows), 17):
            raise InputError(
                f"{self._path}: part: shape {np.shape(self._columns['part'])}, expected "
                f"({len(self._rows)}, 17, 3): one row for each imgname"
            )
        self._cut_done = False

    def write(self, cell: Cell, found: Sequence[Track]) -> Path:
        """Writes the detections (M, 17, 3) float32 of a cell; with the first the annotations."""
        kept, values = rows_of(self._path, self._rows, self._columns["part"], found)
        gone = len(self._rows) - len(kept)
        self.left_out = [f"{gone} rows of the annotations, without detections"] if gone else []
        path = self.target.folder / (
            f"{self._path.stem}_corruptbench_{str(cell).replace(' ', '_')}.npy"
        )
        write_npy(path, values)
        if not self._cut_done:
            columns = cut(self._columns, kept, len(self._rows))
            write_npz(self.target.folder / f"{self._path.stem}_corruptbench.npz", columns)
            self._cut_done = True
        return path


def _row(name: str) -> tuple[Key, int] | None:
    match = _NAME.fullmatch(name.rsplit("/", 1)[-1])
    if match is None:
        return None
    subject, stem, camera, number = match.groups()
    return (subject, canonical(stem.replace("_", " ")), camera), int(number) - 1
