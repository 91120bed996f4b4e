"""Write the files of a repository: one for each cell, and the labels that they match."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

from corruptbench.convert.folder import ConvertedFolder
from corruptbench.convert.tracks import Track
from corruptbench.manifest import Cell

#: Writes the content of a file to a path.
Write = Callable[[Path], None]


class Contents(NamedTuple):
    """The files of one cell.

    Attributes:
        labels: writes the labels; None where there are none.
        detections: writes the detections.
        left_out: what could not be written, in words.
    """

    labels: Write | None
    detections: Write
    left_out: list[str]


class Format(Protocol):
    """The files of one repository; it is made from a `Target`."""

    @property
    def labels(self) -> str | None:
        """Name of the file of labels that is written beside the detections; None for none."""

    def name(self, cell: Cell) -> str:
        """Return the name of a cell's file."""

    def contents(self, found: Sequence[Track]) -> Contents:
        """Return what to write of all tracks of a cell.

        Raises:
            InputError: when the annotations do not fit the tracks.
        """


@dataclass
class Writer:
    """Writes files of a format into a folder; ``left_out`` says what could not be written."""

    folder: ConvertedFolder
    format: Format
    left_out: list[str] = field(default_factory=list)
    has_labels: bool = False

    def names(self, cells: Sequence[Cell]) -> list[str]:
        """Return the names of all files that `write` will write for these cells."""
        return [*map(self.format.name, cells), *filter(None, [self.format.labels])]

    def write(self, cell: Cell, found: Sequence[Track]) -> None:
        """Write all tracks of a cell, and before the first cell the labels.

        Raises:
            InputError: when the annotations do not fit the tracks; then nothing is written.
        """
        labels, detections, self.left_out = self.format.contents(found)
        put = partial(self.folder.put, left_out=self.left_out)
        if self.format.labels and labels and not self.has_labels:
            put(self.format.labels, labels)
            self.has_labels = True
        put(self.format.name(cell), detections, cell=str(cell), labels=self.format.labels)
