"""The folder that a conversion writes into: only files that a conversion wrote are replaced.

They are listed in ``corruptbench-export.json`` beside them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from corruptbench.errors import InputError, first_problem
from corruptbench.files import atomic, check_folder, sha256_of_file, write_json
from corruptbench.records import Record, Sha256
from corruptbench.shards.records import BenchmarkRecord, DetectorRecord
from corruptbench.text_files import read_text

RECORD = "corruptbench-export.json"


class Source(Record):
    """What is converted, and how."""

    repository: str
    layout: str
    benchmark: BenchmarkRecord
    detector: DetectorRecord


class Labels(Record):
    """The label file of the same folder that a file matches, row by row or name by name."""

    file: str
    sha256: Sha256


class Converted(Record):
    """A file: the detections of a cell, or labels where ``cell`` is None."""

    source: Source
    cell: str | None
    labels: Labels | None
    left_out: tuple[str, ...]
    sha256: Sha256


class Listing(Record):
    """``corruptbench-export.json``. ``files`` maps names to what they hold."""

    format: Literal["corruptbench-export/1"]
    files: dict[str, Converted]


class ConvertedFolder:
    """Writes files that were claimed before, each whole or not at all, and lists them."""

    def __init__(self, path: Path, source: Source, inputs: Mapping[str, Path | None]) -> None:
        """Prepare to write; nothing is looked at yet.

        Args:
            path: of the folder, which need not exist.
            source: what is converted.
            inputs: files that are not written over, by what they are in words.
        """
        self.path = path
        self._source = source
        self._inputs = inputs
        self._files: dict[str, Converted] = {}
        self._claimed: frozenset[str] = frozenset()

    def claim(self, names: Sequence[str]) -> None:
        """Claim the files that will be written; make nothing.

        Raises:
            InputError: when one of them exists and no conversion wrote it, or it is an input.
            OSError: when files cannot be written into the folder.
        """
        check_folder(self.path)
        self._files = _listed(self.path / RECORD)
        for name in names:
            self._check(name)
        self._claimed = frozenset(names)

    def put(
        self,
        name: str,
        write: Callable[[Path], None],
        *,
        cell: str | None = None,
        labels: str | None = None,
        left_out: Sequence[str] = (),
    ) -> None:
        """Write a claimed file.

        Args:
            name: of the file.
            write: writes its content to a path.
            cell: whose detections it holds; None for labels.
            labels: name of the file, put before, that it matches.
            left_out: what of the shards or the annotations is not in it.

        Raises:
            InputError: when it holds labels, and a file in the folder matches other labels.
        """
        if name not in self._claimed:
            raise ValueError(f"{name} was not claimed")
        with atomic(self.path / name) as temporary:
            write(temporary)
            digest = sha256_of_file(temporary)
            self._check_company(name, digest)
        self._files[name] = Converted(
            source=self._source,
            cell=cell,
            labels=Labels(file=labels, sha256=self._files[labels].sha256) if labels else None,
            left_out=tuple(left_out),
            sha256=digest,
        )
        there = {n: f for n, f in self._files.items() if (self.path / n).is_file()}
        listing = Listing(format="corruptbench-export/1", files=there)
        write_json(self.path / RECORD, listing.model_dump())

    def _check(self, name: str) -> None:
        path = self.path / name
        if not os.path.lexists(path):
            return
        for what, given in self._inputs.items():
            if given is not None and given.exists() and path.exists() and path.samefile(given):
                raise _refused(path, f"is also {what}, and would be written over")
        listed = self._files.get(name)
        if listed is None or not path.is_file() or sha256_of_file(path) != listed.sha256:
            reason = (
                "was changed since a conversion wrote it" if listed else "no conversion wrote it"
            )
            found = f"is there, {reason} ({RECORD} beside it would list it)"
            raise _refused(path, f"{found}, and would be written over", ", or move it away")

    def _check_company(self, name: str, digest: str) -> None:
        kept = {n: f.labels for n, f in self._files.items() if n not in self._claimed and f.labels}
        others = [n for n, at in kept.items() if at.file == name and at.sha256 != digest]
        if others:
            found = (
                f"belongs to {', '.join(others)} of an earlier conversion, with other recordings"
            )
            raise _refused(self.path / name, f"{found} or frames", ", or delete these")


def _refused(path: Path, found: str, otherwise: str = "") -> InputError:
    """Return the error that a file cannot be written."""
    return InputError(f"{path}: {found}; expected another output folder{otherwise}", "out")


def _listed(path: Path) -> dict[str, Converted]:
    """Return what conversions wrote; raise `InputError` when the file is no such list."""
    if not os.path.lexists(path):
        return {}
    try:
        return Listing.model_validate_json(read_text(path)).files
    except ValidationError as error:
        found = f"no list of a conversion ({first_problem(error)}), and would be written over"
        raise _refused(path, found, ", or move it away") from None
