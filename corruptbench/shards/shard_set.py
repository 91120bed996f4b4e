"""A finished build, opened for reading: its lock, its manifest, its clips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corruptbench.datasets import Clip, ClipId, Dataset, open_dataset
from corruptbench.errors import InputError
from corruptbench.manifest import Cell, Manifest, known_manifests, load_manifest
from corruptbench.progress import counted
from corruptbench.shards import parquet
from corruptbench.shards.lock import Lock, read_lock
from corruptbench.shards.locked import check_cells, check_file, check_identity
from corruptbench.shards.records import BenchmarkRecord, CellDetections, shard_path
from corruptbench.storage import AnyPath

#: Boxes of the same labels, whatever package they come in, are equal within this, px: our choice.
SAME_BOX = 1.0


@dataclass(frozen=True)
class ShardSet:
    """Shards of one benchmark, checked against their lock and joined with the labels."""

    folder: AnyPath
    lock: Lock
    manifest: Manifest
    dataset: Dataset

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells that every clip has, in the manifest's order."""
        each = [{c.cell for c in cells} for cells in self.lock.clips.values()]
        return tuple(c for c in self.manifest.cells if all(c in cells for cells in each))

    def clips(
        self, cells: Sequence[Cell] | None = None
    ) -> Iterator[tuple[Clip, list[CellDetections]]]:
        """Yield each clip with its labels and the detections of these cells; by default all.

        Raises:
            InputError: a shard is missing, belongs to another manifest, or differs from the lock;
                or the data set lacks a clip.
        """
        wanted = self.cells if cells is None else cells
        for clip_id in self._clip_ids():
            path = shard_path(self.folder, clip_id)
            clip = self.dataset.load(clip_id)
            yield clip, self._read(path, clip, wanted)

    def _clip_ids(self) -> list[ClipId]:
        """Return the clips of the benchmark; the data set must have all that were built.

        Numbers of some of them would pass for those of the whole build.
        """
        chosen = self.manifest.select(self.dataset.clip_ids())
        if missing := sorted(self.lock.clips.keys() - {str(clip_id) for clip_id in chosen}):
            raise InputError(
                f"{self.folder}: built from {counted(len(self.lock.clips), 'clip')}, but the data "
                f"set lacks {len(missing)} of them (first: {missing[0]}); expected the labels that "
                "the shards were built from: give the root folder of that data set",
                "root",
            )
        return chosen

    def _read(self, path: AnyPath, clip: Clip, cells: Sequence[Cell]) -> list[CellDetections]:
        if not path.is_file():
            raise InputError(f"{path}: missing; build again (the same command resumes)")
        shard = parquet.open_shard(path)
        check_identity(shard, str(clip.id), self.lock)
        detections = shard.read(cells)
        check_cells(shard, str(clip.id), self.lock)
        check_file(shard, str(clip.id), self.lock)
        self._compare_with_labels(path, clip, detections)
        return detections

    def _compare_with_labels(
        self, path: AnyPath, clip: Clip, detections: Sequence[CellDetections]
    ) -> None:
        """Raise `InputError` if detections have other frames or boxes than the labels of a clip.

        Boxes of a person detector are not compared: they are not those of the labels.
        """
        for d in detections:
            if len(d.keypoints) != len(clip.joints):
                raise InputError(
                    f"{path}: {len(d.keypoints)} frames, the labels of {clip.id} have "
                    f"{len(clip.joints)}; expected the labels that the shards were built from"
                )
        of_labels = self.lock.detector.boxes is None and self.manifest.crop.boxes == "ground-truth"
        if detections and of_labels:
            same = _same(np.stack([d.boxes for d in detections]), clip.boxes)
            if not same.all():
                cell = detections[int(same.argmin())].cell
                raise InputError(
                    f"{path}: {cell}: its boxes differ from those of the labels of {clip.id} by "
                    f"more than {SAME_BOX:g} px; expected the labels that the shards were built "
                    "from: give the root folder of that data set, or build again"
                )


def _same(boxes: NDArray[np.float32], others: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which boxes (N, F, 4) px are within `SAME_BOX` of others (F, 4), or as missing, (N,).

    Labels of another recording or time have other bounds. Labels that are wrong within the same
    bounds (left and right exchanged, for example) are not noticed.
    """
    close = np.isclose(boxes, others, rtol=0, atol=SAME_BOX, equal_nan=True)
    return np.asarray(close.all(axis=(1, 2)))


def open_shards(folder: AnyPath, root: Path | None, manifest: str | None = None) -> ShardSet:
    """Open the output folder of a finished build.

    Args:
        folder: output folder of the build.
        root: folder of the data set, for the labels.
        manifest: id or path; by default the bundled manifest that the lock names.

    Raises:
        InputError: the build is not finished, or was made from another manifest.
    """
    path = folder / "lock.json"
    lock = read_lock(path)
    if manifest is None and lock.benchmark.id not in known_manifests():
        raise InputError(
            f"{path}: built from a manifest of your own, {lock.benchmark.id}; "
            "expected its file: give the path of the manifest (.toml)",
            "manifest",
        )
    found = load_manifest(manifest or lock.benchmark.id)
    given = BenchmarkRecord.of(found)
    if given.manifest_sha256 != lock.benchmark.manifest_sha256:
        raise InputError(
            f"{path}: built from {lock.benchmark}, this is {given}; build again, or give the "
            "manifest that was used",
            "manifest",
        )
    return ShardSet(folder, lock, found, open_dataset(found.dataset, root))
