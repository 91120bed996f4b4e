"""mmpose: detections whose rows are those of the user's annotations (`formats.mmpose`).

Rows without detections are cut out of a copy of the annotations.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from corruptbench.datasets.human36m.files import canonical
from corruptbench.export.rows import Row, no_row, rows_of
from corruptbench.export.tracks import Target, Track, slug
from corruptbench.formats import mmpose
from corruptbench.formats.numpy_files import write_npy
from corruptbench.manifest import Cell


class MMPose:
    """Writes ``<annotations>_corruptbench_<cell>.npy``, and the annotations cut to match."""

    def __init__(self, target: Target) -> None:
        """Read the annotations."""
        self.target = target
        self.left_out: list[str] = []
        self._path = target.labels(mmpose.EXPECTED)
        self._annotations = mmpose.read(self._path)
        self._rows = [_row(image) for image in self._annotations.images]
        self._labels = f"{self._path.stem}_corruptbench.npz"
        self._is_cut = False

    def names(self, cells: Sequence[Cell]) -> list[str]:
        """Return the names of all files."""
        return [*map(self._name, cells), self._labels]

    def write(self, cell: Cell, found: Sequence[Track]) -> Path:
        """Write the detections of a cell; before the first one, the annotations."""
        kept, values = rows_of(str(self._path), self._rows, self._annotations.points, found)
        if not kept.size:
            raise no_row(str(self._path), self._rows, found)
        gone = len(self._rows) - len(kept)
        self.left_out = [f"{gone} rows of the annotations, without detections"] if gone else []
        folder = self.target.folder
        if not self._is_cut:
            folder.put(
                self._labels, lambda path: mmpose.write_cut(path, self._annotations, kept),
                left_out=self.left_out,
            )  # fmt: skip
            self._is_cut = True
        return folder.put(
            self._name(cell), lambda path: write_npy(path, values), cell=str(cell),
            labels=self._labels, left_out=self.left_out,
        )  # fmt: skip

    def _name(self, cell: Cell) -> str:
        return f"{self._path.stem}_corruptbench_{slug(cell)}.npy"


def _row(image: tuple[str, str, str, int] | None) -> Row:
    if image is None:
        return None
    subject, recording, camera, frame = image
    return (subject, canonical(recording), camera), frame
