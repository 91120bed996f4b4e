"""Write the files of a repository: one for each cell, and the labels that they match."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from corruptbench.export.tracks import Target, Track
from corruptbench.manifest import Cell

#: Writes the content of a file to a path.
Write = Callable[[Path], None]


class Writer(ABC):
    """Writes the files of one repository.

    Attributes:
        target: where to write, and what.
        labels: name of the file of labels that is written beside the detections; None for none.
        left_out: what could not be written, in words.
    """

    def __init__(self, target: Target) -> None:
        """Read the annotations; raise `InputError` when they or the target do not fit."""
        self.target = target
        self.labels: str | None = None
        self.left_out: list[str] = []
        self._has_labels = False

    @abstractmethod
    def name(self, cell: Cell) -> str:
        """Return the name of a cell's file."""

    @abstractmethod
    def contents(self, found: Sequence[Track]) -> tuple[Write | None, Write]:
        """Return what writes the labels and the detections, and note what is left out.

        Raises:
            InputError: when the annotations do not fit the tracks.
        """

    def names(self, cells: Sequence[Cell]) -> list[str]:
        """Return the names of all files that `write` will write for these cells."""
        return [*map(self.name, cells), *([self.labels] if self.labels else [])]

    def write(self, cell: Cell, found: Sequence[Track]) -> Path:
        """Write all tracks of a cell, and before the first cell the labels.

        Raises:
            InputError: when the annotations do not fit the tracks; then nothing is written.
        """
        labels, detections = self.contents(found)
        put = partial(self.target.folder.put, left_out=self.left_out)
        if self.labels and labels and not self._has_labels:
            put(self.labels, labels)
            self._has_labels = True
        return put(self.name(cell), detections, cell=str(cell), labels=self.labels)
