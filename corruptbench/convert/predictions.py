"""Poses that another repository made from converted detections, in VideoPose3D's layout.

A folder holds one ``.npz`` for each cell, under the name of the 2D file that was lifted. Its
``positions_3d`` maps subject -> recording -> one (F, J, 3) for each camera, in the order of the
cameras of the 2D file: poses in camera axes, as the contract says, and not in the world.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corruptbench.convert import JOINT_SETS
from corruptbench.convert.conventions import convention_of
from corruptbench.convert.tracks import Target, Track
from corruptbench.convert.videopose3d import VideoPose3D
from corruptbench.datasets import Clip
from corruptbench.errors import InputError
from corruptbench.evaluation.groups import Group, cells_of
from corruptbench.evaluation.saved_poses import SavedPoses
from corruptbench.evaluation.score import Source
from corruptbench.files import sha256_of_file, sha256_of_json
from corruptbench.formats.videopose3d import Table, check_poses, read_positions
from corruptbench.leaderboard.schema import Lifter as LifterRecord
from corruptbench.lifters.allowance import Allowance
from corruptbench.lifters.contract import Contract
from corruptbench.lifters.contract_file import read_contract
from corruptbench.lifters.lift import Lifted, scale_of
from corruptbench.manifest import Cell
from corruptbench.nearby import held, nearest
from corruptbench.shards.shard_set import ShardSet

_EXPECTED = "positions_3d: subject -> recording -> poses (frames, joints, 3) of each camera"
#: Stands in a result for the probes, which no lifter could be asked.
_NOT_PROBED = ("probes",)


def predicted_poses(path: Path, shard_set: ShardSet, contract: Path | None) -> Source:
    """Open predictions: a Parquet file of ours, or a folder of ``.npz`` and a contract.

    Raises:
        InputError: they are damaged, incomplete, or those of other shards.
    """
    if path.is_dir():
        _check_folder(path)
        return ConvertedPoses(path, _contract(path, contract), shard_set)
    if path.suffix == ".npz":
        raise InputError(
            f"{path}: one .npz; expected the folder with one for each cell, or the Parquet file of "
            "an evaluation"
        )
    if contract is not None:
        raise InputError(f"{path}: holds its contract; leave out {contract}", "contract")
    return SavedPoses(path, shard_set)


def _check_folder(folder: Path) -> None:
    """Raise `InputError` for a folder without a file of predictions; say what is there instead."""
    if any(folder.glob("*.npz")):
        return
    expected = "expected an .npz with poses for each cell, or the Parquet file of an evaluation"
    if other := nearest(folder, lambda place: any(place.glob("data_2d_*.npz"))):
        raise InputError(f"{folder}: no .npz in it; there are some in {other}: give that folder")
    found = f"it holds {what}" if (what := held(folder)) else "there is no .npz in it"
    raise InputError(f"{folder}: {found}; {expected}")


def _contract(folder: Path, path: Path | None) -> Contract:
    """Read the contract of a folder's poses; raise `InputError` for one that it cannot have."""
    if path is None:
        raise InputError(
            f"{folder}: does not say what its poses are; expected the contract of the lifter "
            "(.toml)",
            "contract",
        )
    found = read_contract(path)
    if found.samples > 1 or found.hypotheses or "h" in found.output_axes.letters:
        raise InputError(
            f"{path}: several poses for a frame; an .npz holds one: remove samples and hypotheses"
        )
    return found


@dataclass(frozen=True)
class _Entry:
    """Where some frames of a clip are in a file."""

    subject: str
    name: str
    frames: slice
    count: int


class ConvertedPoses:
    """Reads the poses of a folder; see `corruptbench.evaluation.score.Source`.

    Each file is read once, in the sandbox, and its poses are kept.

    Attributes:
        contract: conventions of the poses.
        allowance: no probe may fail.
    """

    def __init__(self, folder: Path, contract: Contract, shard_set: ShardSet) -> None:
        """Find the file of each cell; raise `InputError` where there is none, or one too many."""
        self._folder, self.contract, self._dataset = folder, contract, shard_set.dataset
        self._files = _files(folder, shard_set)
        clips = shard_set.manifest.select(shard_set.dataset.clip_ids())
        self._cameras = shard_set.dataset.cameras or tuple(sorted({c.camera for c in clips}))
        self._entries = {c: self._entries_of(shard_set.dataset.load(c)) for c in clips}
        self.allowance = Allowance()
        self._table = cache(self._checked_table)

    def record(self, hypotheses: int) -> LifterRecord:
        """Return what a result says: digest and size of the files, no parameters, not probed."""
        digests = {path.name: sha256_of_file(path) for path in self._files.values()}
        return LifterRecord(
            name=self.contract.name,
            sha256=sha256_of_json(digests),
            bytes=sum(path.stat().st_size for path in self._files.values()),
            parameters=0,
            contract=self.contract.record(),
            scored_joints=self.contract.scored_joints,
            hypotheses=hypotheses,
            samples=1,
            allowed=_NOT_PROBED,
            about=self.contract.about,
        )

    def poses(self, groups: Iterator[Group]) -> Generator[tuple[Group, int, Lifted]]:
        """Yield each group, the index of each of its cells, and the poses of its frames there.

        Raises:
            InputError: the file of a cell cannot be read, or does not hold what was lifted.
        """
        for group in groups:
            for index, cell in enumerate(cells_of(group)):
                yield group, index, self._cell(group, cell)

    def _cell(self, group: Group, cell: Cell) -> Lifted:
        joints = len(self.contract.lifted)
        poses = np.empty((1, len(group.frame_of), joints, 3), dtype=np.float32)
        for i, clip in enumerate(group.clips):
            mine = group.clip_of == i
            poses[0, mine] = self._poses(clip, cell)[group.frame_of[mine]]
        none = np.empty((1, 0, *poses.shape[1:]), dtype=np.float32)
        return Lifted(poses, none, scale_of(self.contract))

    def _poses(self, clip: Clip, cell: Cell) -> NDArray[np.float32]:
        """Return the poses (F, J', 3) of a clip; NaN for frames that no entry has."""
        shape = len(clip.joints), len(self.contract.lifted), 3
        poses = np.full(shape, np.nan, dtype=np.float32)
        camera = self._cameras.index(clip.id.camera)
        for entry in self._entries[clip.id]:
            poses[entry.frames] = self._table(cell)[entry.subject][entry.name][camera]
        return poses

    def _entries_of(self, clip: Clip) -> list[_Entry]:
        """Return where the frames of a clip are; see `Convention.parts`."""
        nothing = np.empty((len(clip.joints), 0, 0), dtype=np.float32)
        parts = convention_of(self._dataset).parts((Track(clip, nothing, nothing),))
        return [_Entry(p.subject, p.name, p.frames, len(p.joints)) for p in parts]

    def _checked_table(self, cell: Cell) -> Table:
        """Read the file of a cell; raise `InputError` unless it holds what was lifted."""
        path = self._files[cell]
        table = read_positions(path, _EXPECTED)
        wanted = {(e.subject, e.name): e for entries in self._entries.values() for e in entries}
        found = {(subject, name) for subject, names in table.items() for name in names}
        _check_names(path, found, set(wanted))
        return {
            subject: {
                name: self._recording(path, wanted[subject, name], content)
                for name, content in names.items()
            }
            for subject, names in table.items()
        }

    def _recording(self, path: Path, entry: _Entry, content: Any) -> list[NDArray[np.float32]]:
        """Return the poses of a recording from each camera, checked."""
        where, joints = f"{path}: {entry.subject}: {entry.name}", len(self.contract.lifted)
        is_array = isinstance(content, np.ndarray) and content.ndim > 0
        if not (is_array or isinstance(content, list | tuple)):
            raise InputError(f"{where}: a {type(content).__name__}; expected {_EXPECTED}")
        if len(content) != len(self._cameras):
            raise InputError(
                f"{where}: {len(content)} cameras, expected {len(self._cameras)}: "
                f"{', '.join(self._cameras)}"
            )
        for poses in content:
            check_poses(poses, joints, where, _EXPECTED)
            if len(poses) != entry.count:
                raise InputError(
                    f"{where}: {len(poses)} frames, expected {entry.count}, as in the 2D file"
                )
        return [np.asarray(poses, dtype=np.float32) for poses in content]


def _files(folder: Path, shard_set: ShardSet) -> dict[Cell, Path]:
    """Return the file of each cell, whatever joints were lifted."""
    found: dict[Cell, Path] = {}
    there = {path.name: path for path in sorted(folder.glob("*.npz"))}
    for cell in shard_set.cells:
        names = _names(cell, shard_set)
        present = [there.pop(name) for name in names if name in there]
        if len(present) != 1:
            what = f"{len(present)} files, {' and '.join(p.name for p in present)}"
            raise InputError(
                f"{folder}: {cell}: {what if present else 'no file'}; expected one, named as the "
                f"2D file that was lifted, such as {names[0]}"
            )
        found[cell] = present[0]
    if there:
        raise InputError(
            f"{next(iter(there.values()))}: no cell of the shards has that name; move it away"
        )
    return found


def _names(cell: Cell, shard_set: ShardSet) -> Sequence[str]:
    dataset = shard_set.dataset
    return [VideoPose3D(Target(dataset, joints)).name(cell) for joints in JOINT_SETS]


def _check_names(path: Path, found: set[tuple[str, str]], expected: set[tuple[str, str]]) -> None:
    for names, what in ((expected - found, "missing"), (found - expected, "not in the shards")):
        if names:
            subject, name = min(names)
            raise InputError(
                f"{path}: {subject}: {name} is {what} ({len(names)} recordings are); expected the "
                "recordings of the 2D file that was lifted"
            )
