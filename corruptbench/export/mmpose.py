"""mmpose: ``keypoint_2d_det_file``, an ``.npy`` whose rows are those of the annotation file.

The annotations (``.npz``: imgname, center, scale, part, S), one file for each split, are the user's
own, made by mmpose's ``preprocess_h36m.py``; rows without detections are cut out of a copy of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from corruptbench.datasets.human36m.layout import canonical
from corruptbench.errors import InputError
from corruptbench.export.annotations import read_npz
from corruptbench.export.packing import write_npy, write_npz
from corruptbench.export.rows import Row, check_column, cut, no_row, rows_of
from corruptbench.export.tracks import Target, Track, slug
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
        self._columns = read_npz(self._path, _EXPECTED)
        absent = [c for c in ("imgname", "part") if c not in self._columns]
        if absent:
            raise InputError(f"{self._path}: no {', '.join(absent)} in it; expected {_EXPECTED}")
        self._rows = [_row(str(name)) for name in np.ravel(self._columns["imgname"])]
        check_column(f"{self._path}: part", self._columns["part"], len(self._rows), _EXPECTED)
        self._labels = f"{self._path.stem}_corruptbench.npz"
        self._cut_done = False

    def names(self, cells: Sequence[Cell]) -> list[str]:
        """Of all files."""
        return [*map(self._name, cells), self._labels]

    def write(self, cell: Cell, found: Sequence[Track]) -> Path:
        """Writes the detections (M, 17, 3) float32 of a cell; before the first, the annotations."""
        kept, values = rows_of(str(self._path), self._rows, self._columns["part"], found)
        if not kept.size:
            raise no_row(str(self._path), self._rows, found)
        gone = len(self._rows) - len(kept)
        self.left_out = [f"{gone} rows of the annotations, without detections"] if gone else []
        folder = self.target.folder
        if not self._cut_done:
            columns = cut(self._columns, kept, len(self._rows))
            folder.put(self._labels, lambda path: write_npz(path, columns), left_out=self.left_out)
            self._cut_done = True
        return folder.put(
            self._name(cell), lambda path: write_npy(path, values), cell=str(cell),
            labels=self._labels, left_out=self.left_out,
        )  # fmt: skip

    def _name(self, cell: Cell) -> str:
        return f"{self._path.stem}_corruptbench_{slug(cell)}.npy"


def _row(name: str) -> Row:
    match = _NAME.fullmatch(name.rsplit("/", 1)[-1])
    if match is None:
        return None
    subject, stem, camera, number = match.groups()
    return (subject, canonical(stem.replace("_", " ")), camera), int(number) - 1
