"""The poses of a lifter from a file of its predictions (`corruptbench.evaluation.predictions`).

The footer is checked first (`corruptbench.evaluation.predictions_footer`).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from corruptbench.errors import InputError
from corruptbench.evaluation.groups import Group, cells_of
from corruptbench.evaluation.predictions import AGAIN, read_footer
from corruptbench.evaluation.predictions_footer import (
    check_build,
    check_columns,
    check_sizes,
    contract_of,
)
from corruptbench.formats import sandboxed
from corruptbench.formats.pose_table import TEXTS
from corruptbench.leaderboard.columns import CLIP_KEY
from corruptbench.leaderboard.schema import Lifter as LifterRecord
from corruptbench.lifters.allowance import Allowance
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


class SavedPoses:
    """Reads the poses of a file in the sandbox, cell by cell, in the order they were written in.

    It is a `corruptbench.evaluation.score.Source`.

    Attributes:
        contract: conventions of the lifter.
        allowance: the probes that it failed when it ran, and was allowed to.
    """

    def __init__(self, path: Path, shard_set: ShardSet) -> None:
        """Check the footer, and find the rows of each clip and cell.

        Raises:
            InputError: it is no file of predictions, it belongs to other shards, or rows are
                missing, are there twice, or belong to no clip and cell of the shards.
        """
        record, footer = read_footer(path)
        check_build(path, record, shard_set)
        self._path, self._record = path, record
        self.contract = contract_of(path, record.lifter)
        self._numbers = 3 * len(self.contract.lifted)
        self._hypotheses = check_columns(path, footer, self.contract, record.lifter)
        most = sum(c.frames for cells in shard_set.lock.clips.values() for c in cells)
        check_sizes(path, footer, most * self.contract.samples)
        self.allowance = Allowance(record.lifter.allowed or ())
        self._index = self._found(shard_set)
        self._last: tuple[int, dict[str, NDArray[Any]]] | None = None

    def record(self, hypotheses: int) -> LifterRecord:
        """Return what the result of the evaluation says about the lifter."""
        del hypotheses  # as many as the columns say, which was checked
        return self._record.lifter

    def poses(self, groups: Iterator[Group]) -> Generator[tuple[Group, int, Lifted]]:
        """Yield each group, the index of each of its cells, and the poses of its frames there.

        Raises:
            InputError: a clip has other frames than its labels, or the file is damaged.
        """
        for group in groups:
            cells = cells_of(group)
            first = _clip_keys(group)[0]
            places = [self._index[Key(first, cell, 0)] for cell in cells]
            for cell in sorted(range(len(cells)), key=lambda i: (places[i].group, places[i].start)):
                yield group, cell, self._cell(group, cells[cell])

    def _cell(self, group: Group, cell: Cell) -> Lifted:
        shape = self.contract.samples, len(group.frame_of)
        poses = np.empty((*shape, self._numbers), dtype=np.float32)
        more = np.empty((*shape, self._hypotheses * self._numbers), dtype=np.float32)
        for sample in range(self.contract.samples):  # outside, as its rows are read at once
            for index, clip in enumerate(_clip_keys(group)):
                mine = group.clip_of == index
                rows = self._rows(Key(clip, cell, sample), group.frame_of[mine])
                poses[sample, mine] = rows["pose"]
                if self._hypotheses:
                    more[sample, mine] = rows["hypotheses"]
        joints = self._numbers // 3
        hypotheses = more.reshape(*shape, self._hypotheses, joints, 3).transpose(0, 2, 1, 3, 4)
        return Lifted(poses.reshape(*shape, joints, 3), hypotheses, scale_of(self.contract))

    def _rows(self, key: Key, frames: NDArray[np.intp]) -> dict[str, NDArray[Any]]:
        """Return the columns of a clip in a cell; raise `InputError` for other frames."""
        place = self._index[key]
        columns = self._read(place.group)
        found = {name: values[place.start : place.stop] for name, values in columns.items()}
        _check_frames(f"{self._path}: {key}", found["frame"], frames)
        return found

    def _read(self, group: int) -> dict[str, NDArray[Any]]:
        """Return a row group; the last one is kept."""
        if self._last is None or self._last[0] != group:
            names = ["frame", "pose", *(["hypotheses"] if self._hypotheses else [])]
            self._last = group, self._ask("rows", group, names)
        return self._last[1]

    def _ask(self, function: str, *arguments: Any) -> Any:
        """Return what a function of `pose_table` returns for this file."""
        try:
            return sandboxed.read(f"pose_table:{function}", self._path, *arguments, remedy=AGAIN)
        except InputError as error:
            where = "" if str(self._path) in str(error) else f"{self._path}: "
            raise InputError(f"{where}{error}") from None

    def _found(self, shard_set: ShardSet) -> dict[Key, Stretch]:
        """Return where the rows of each clip, cell and sample are."""
        index: dict[Key, Stretch] = {}
        names = [*TEXTS, "severity", *(["sample"] if self.contract.samples > 1 else [])]
        found = self._ask("stretches", names)
        expected = _expected(shard_set, self.contract.samples)
        for values, *place in found:
            key = _key(values)
            if key not in expected:
                raise InputError(
                    f"{self._path}: {key!s:.200}: the shards have no such clip and cell; {AGAIN}"
                )
            if key in index:
                raise InputError(
                    f"{self._path}: {key}: its rows are there twice, or do not follow one another; "
                    f"{AGAIN}"
                )
            index[key] = Stretch(*place)
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


def _key(values: Sequence[Any]) -> Key:
    """Return the key of rows that have these values of `TEXTS`, severity, and sample if any."""
    *clip, corruption, severity = values[:6]
    return Key(tuple(clip), Cell(corruption, severity), *values[6:] or (0,))


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
