"""The poses of a lifter from a file of its predictions (`corruptbench.evaluation.predictions`).

The footer is checked first (`corruptbench.evaluation.predictions_footer`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from corruptbench.errors import InputError
from corruptbench.evaluation.groups import Group, cells_of
from corruptbench.evaluation.predictions import AGAIN, TEXTS, PredictionsRecord, opened, readable
from corruptbench.evaluation.predictions_footer import (
    check_build,
    check_columns,
    check_sizes,
    contract_of,
)
from corruptbench.leaderboard.columns import CLIP_KEY
from corruptbench.leaderboard.schema import Lifter as LifterRecord
from corruptbench.lifters.allowance import Allowance
from corruptbench.lifters.contract import Contract
from corruptbench.lifters.lift import Lifted, scale_of
from corruptbench.manifest import Cell
from corruptbench.shards.shard_set import ShardSet


class Key(NamedTuple):
    """Whose rows: a clip (subject, sequence, action, camera) in a cell, and the sample."""

    clip: tuple[str, ...]
    cell: Cell
    sample: int

    def __str__(self) -> str:
        subject, sequence, _, camera = self.clip
        sample = f", sample {self.sample}" if self.sample else ""
        return f"{subject}/{sequence}.{camera}, {self.cell}{sample}"


@dataclass(frozen=True)
class Stretch:
    """Successive rows of a row group."""

    group: int
    start: int
    stop: int


@contextmanager
def saved_poses(path: Path, shard_set: ShardSet) -> Iterator[SavedPoses]:
    """Open a file of predictions as a `corruptbench.evaluation.score.Source`.

    Raises:
        InputError: it is no such file, it belongs to other shards, or rows are missing, are there
            twice, or belong to no clip and cell of the shards.
    """
    with opened(path) as (file, record):
        with readable(path):
            source = SavedPoses(path, file, record, shard_set)
        yield source


class SavedPoses:
    """Reads the poses of a file, cell by cell, in the order in which they were written."""

    def __init__(
        self, path: Path, file: pq.ParquetFile, record: PredictionsRecord, shard_set: ShardSet
    ) -> None:
        """Check the footer and find the rows of each clip and cell; see `saved_poses`."""
        self._path, self._file, self._record = path, file, record
        check_build(path, record, shard_set)
        self._contract = contract_of(path, record.lifter)
        self._numbers = 3 * len(self._contract.lifted)
        self._hypotheses = check_columns(path, file.schema_arrow, self._contract, record.lifter)
        most = sum(c.frames for cells in shard_set.lock.clips.values() for c in cells)
        check_sizes(path, file, most * self._contract.samples)
        self._allowance = Allowance(record.lifter.allowed or ())
        self._index = self._found(_expected(shard_set, self._contract.samples))
        self._last: tuple[int, pa.Table] | None = None

    @property
    def contract(self) -> Contract:
        """Conventions of the lifter."""
        return self._contract

    @property
    def allowance(self) -> Allowance:
        """The probes that it failed when it ran, and was allowed to."""
        return self._allowance

    def record(self, hypotheses: int) -> LifterRecord:
        """Return what the result of the evaluation says about the lifter."""
        del hypotheses  # as many as the columns say, which was checked
        return self._record.lifter

    def poses(self, group: Group, number: int) -> Iterator[tuple[int, Lifted]]:
        """Yield the index of each cell, and the poses of the group's frames there.

        Raises:
            InputError: a clip has other frames than its labels, or the file is damaged.
        """
        del number
        cells = cells_of(group)
        first = _clip_keys(group)[0]
        places = [self._index[Key(first, cell, 0)] for cell in cells]
        for cell in sorted(range(len(cells)), key=lambda i: (places[i].group, places[i].start)):
            yield cell, self._cell(group, cells[cell])

    def close(self) -> None:
        """Do nothing: a read ends by itself."""

    def _cell(self, group: Group, cell: Cell) -> Lifted:
        shape = self._contract.samples, len(group.frame_of)
        poses = np.empty((*shape, self._numbers), dtype=np.float32)
        more = np.empty((*shape, self._hypotheses * self._numbers), dtype=np.float32)
        for index, clip in enumerate(_clip_keys(group)):
            mine = group.clip_of == index
            for sample in range(self._contract.samples):
                rows = self._rows(Key(clip, cell, sample), group.frame_of[mine])
                poses[sample, mine] = rows["pose"]
                if self._hypotheses:
                    more[sample, mine] = rows["hypotheses"]
        joints = self._numbers // 3
        hypotheses = more.reshape(*shape, self._hypotheses, joints, 3).transpose(0, 2, 1, 3, 4)
        return Lifted(poses.reshape(*shape, joints, 3), hypotheses, scale_of(self._contract))

    def _rows(self, key: Key, frames: NDArray[np.intp]) -> dict[str, NDArray[Any]]:
        """Return the columns of a clip in a cell; raise `InputError` for other frames."""
        place = self._index[key]
        table = self._read(place.group).slice(place.start, place.stop - place.start)
        found = {name: _values(table[name], self._path) for name in table.column_names}
        _check_frames(f"{self._path}: {key}", found["frame"], frames)
        return found

    def _read(self, group: int) -> pa.Table:
        """Return a row group; the last one is kept."""
        if self._last is None or self._last[0] != group:
            names = ["frame", "pose", *(["hypotheses"] if self._hypotheses else [])]
            with readable(self._path):
                self._last = group, self._file.read_row_group(group, columns=names)
        return self._last[1]

    def _found(self, expected: set[Key]) -> dict[Key, Stretch]:
        """Return where the rows of each clip, cell and sample are."""
        index: dict[Key, Stretch] = {}
        for key, place in _stretches(self._path, self._file):
            if key not in expected:
                raise InputError(
                    f"{self._path}: {key!s:.200}: the shards have no such clip and cell; {AGAIN}"
                )
            if key in index:
                raise InputError(
                    f"{self._path}: {key}: its rows are there twice, or do not follow one another; "
                    f"{AGAIN}"
                )
            index[key] = place
        missing = sorted(map(str, expected - index.keys()))
        if missing:
            raise InputError(
                f"{self._path}: {len(missing)} of {len(expected)} clips in cells have no rows, "
                f"such as {missing[0]}; {AGAIN}"
            )
        return index


def _expected(shard_set: ShardSet, samples: int) -> set[Key]:
    clips = shard_set.manifest.select(shard_set.dataset.clip_ids())
    return {
        Key(tuple(getattr(clip, name) for name in CLIP_KEY), cell, sample)
        for clip in clips
        for cell in shard_set.cells
        for sample in range(samples)
    }


def _clip_keys(group: Group) -> list[tuple[str, ...]]:
    return [tuple(getattr(clip.id, name) for name in CLIP_KEY) for clip in group.clips]


def _stretches(path: Path, file: pq.ParquetFile) -> Iterator[tuple[Key, Stretch]]:
    """Yield the key of each stretch of rows that have the same one."""
    names = [n for n in (*TEXTS, "severity", "sample") if n in file.schema_arrow.names]
    for number in range(file.num_row_groups):
        with readable(path):
            table = file.read_row_group(number, columns=names)
        codes = np.stack([_codes(table[name], path) for name in names])
        breaks = np.flatnonzero((np.diff(codes, axis=1) != 0).any(axis=0)) + 1
        bounds = [0, *breaks.tolist(), table.num_rows] if table.num_rows else []
        for start, stop in pairwise(bounds):
            values = {name: table[name][start].as_py() for name in names}
            clip = tuple(values[name] for name in CLIP_KEY)
            cell = Cell(values["corruption"], values["severity"])
            yield Key(clip, cell, values.get("sample", 0)), Stretch(number, start, stop)


def _codes(column: pa.ChunkedArray, path: Path) -> NDArray[np.int64]:
    """Return numbers that are equal where the values of a column are."""
    _check_nulls(column, path)
    whole = column.unify_dictionaries().combine_chunks()
    if pa.types.is_dictionary(whole.type):
        whole = whole.indices
    return np.asarray(whole.to_numpy(zero_copy_only=False), dtype=np.int64)


def _values(column: pa.ChunkedArray, path: Path) -> NDArray[Any]:
    """Return a column as an array: (rows,), or (rows, size) of lists."""
    _check_nulls(column, path)
    whole = column.combine_chunks()
    if not pa.types.is_fixed_size_list(whole.type):
        return np.asarray(whole.to_numpy(zero_copy_only=False))
    values = whole.flatten()
    _check_nulls(values, path)
    return np.asarray(values.to_numpy(zero_copy_only=False)).reshape(len(whole), -1)


def _check_nulls(column: pa.ChunkedArray | pa.Array, path: Path) -> None:
    if column.null_count:
        raise InputError(f"{path}: {column.null_count} values are null; {AGAIN}")


def _check_frames(where: str, found: NDArray[np.int32], expected: NDArray[np.intp]) -> None:
    if np.array_equal(found, expected):
        return
    missing, extra = np.setdiff1d(expected, found), np.setdiff1d(found, expected)
    what = "frames out of order, or twice"
    if len(missing):
        what = f"frame {missing[0]} is missing ({len(missing)} are)"
    elif len(extra):
        what = f"frame {extra[0]} has no valid label ({len(extra)} such frames)"
    raise InputError(
        f"{where}: {what}; expected the {len(expected)} frames with valid labels: {AGAIN}, with "
        "the labels of now"
    )
