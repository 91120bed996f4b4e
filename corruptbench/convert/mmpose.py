"""mmpose: detections whose rows are those of the user's annotations (`formats.mmpose`).

Rows without detections are cut out of a copy of the annotations.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from corruptbench.convert.rows import Row, no_row, rows_of
from corruptbench.convert.tracks import Target, Track, slug
from corruptbench.convert.writer import Contents
from corruptbench.datasets.human36m.files import canonical
from corruptbench.formats import mmpose
from corruptbench.formats.numpy_files import write_npy
from corruptbench.manifest import Cell


class MMPose:
    """Writes ``<annotations>_corruptbench_<cell>.npy``, and the annotations cut to match."""

    def __init__(self, target: Target) -> None:
        """Read the annotations."""
        self._path = target.labels(mmpose.EXPECTED)
        self._annotations = mmpose.read(self._path)
        self._rows = [_row(image) for image in self._annotations.images]
        self.labels = f"{self._path.stem}_corruptbench.npz"

    def name(self, cell: Cell) -> str:
        """Return the name of a cell's file."""
        return f"{self._path.stem}_corruptbench_{slug(cell)}.npy"

    def contents(self, found: Sequence[Track]) -> Contents:
        """Return what writes the rows with detections: the annotations, and the detections."""
        kept, values = rows_of(str(self._path), self._rows, self._annotations.points, found)
        if not kept.size:
            raise no_row(str(self._path), self._rows, found)
        gone = len(self._rows) - len(kept)
        left_out = [f"{gone} rows of the annotations, without detections"] if gone else []
        labels = partial(mmpose.write_cut, annotations=self._annotations, kept=kept)
        return Contents(labels, partial(write_npy, array=values), left_out)


def _row(image: tuple[str, str, str, int] | None) -> Row:
    if image is None:
        return None
    subject, recording, camera, frame = image
    return (subject, canonical(recording), camera), frame
