"""Run a whole build: plan it, keep what is present, build the rest, write the lock."""

from __future__ import annotations

import fcntl
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from corruptbench.builder.corrupted_videos import missing_cells
from corruptbench.builder.detect import BATCH
from corruptbench.builder.outlook import Outlook, detector_rate, outlook
from corruptbench.builder.plan import plan_build
from corruptbench.builder.workers import Recipe, Station, build_items
from corruptbench.errors import InputError
from corruptbench.manifest import Cell
from corruptbench.shards import parquet
from corruptbench.shards.lock import write_lock
from corruptbench.shards.records import DetectorRecord

#: Called once, with what is about to be done. Then the other one is called with the crops and clips
#: done since its last call.
Announce = Callable[[Outlook], None]
Progress = Callable[[int, int], None]


def build(
    recipe: Recipe,
    cells: tuple[Cell, ...],
    out: Path,
    workers: int,
    announce: Announce,
    progress: Progress,
    crf: int | None = None,
) -> Path:
    """Build what is missing of a benchmark, write the lock file, and return its path.

    Shards that are present and made from the same inputs are kept. A shard made from other inputs
    (video, labels, detector, code) is built again. Corrupted videos likewise.

    Args:
        recipe: manifest, data set, detector, device.
        cells: the cells that are wanted.
        out: folder of the build.
        workers: number of processes.
        announce: called once, before the work.
        progress: called with the crops and clips done since its last call.
        crf: constant rate factor of the corrupted videos; None when none are wanted.

    Raises:
        InputError: bad input, or ``out`` holds another benchmark. Nothing is lost then.
        detectors.DetectorError: the detector cannot be loaded.
    """
    station = Station(recipe)
    by = DetectorRecord.of(station.detector)
    plan = plan_build(station.dataset, recipe.manifest, cells, by, out, crf)
    items = plan.items
    with _alone(out):
        _check_folder(out, recipe)
        missing = {i: missing_cells(i, parquet.present_cells(i.path, i.fingerprint)) for i in items}
        todo = tuple(i for i in items if missing[i])
        workers = min(workers, len(todo))
        rate = detector_rate(station.detector, BATCH) if todo else 0.0
        announce(outlook(items, missing, rate, workers, out, plan.notes))
        if todo:
            (out / "lock.json").unlink(missing_ok=True)
            for _ in build_items(station, workers, todo, lambda count: progress(count, 0)):
                progress(0, 1)
        records = [parquet.read_record(i.path) for i in items]
        return write_lock(out, records, station.detector.runtime)


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Reserve the folder for one build; the system frees it when the process ends in any way.

    A folder that the build made and left empty (bad input) is removed again.
    """
    made = [p for p in (out, *out.parents) if not p.exists()]
    out.mkdir(parents=True, exist_ok=True)
    handle = os.open(out, os.O_RDONLY)
    try:
        _reserve(handle, out)
        yield
    finally:
        os.close(handle)
        for folder in made:
            with suppress(OSError):
                folder.rmdir()


def _reserve(handle: int, out: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        remedy = "wait for it, or choose another folder"
        message = f"{out}: another build is running in this folder; {remedy}"
        raise InputError(message, "out") from None
    except OSError as error:  # some network file systems have no locks, or none on folders
        warnings.warn(
            f"{out}: its file system cannot lock folders ({error.strerror}); do not start a "
            "second build in this folder before this one ends",
            stacklevel=2,
        )


def _check_folder(out: Path, recipe: Recipe) -> None:
    """Refuse a folder with another benchmark's shards; remove what a killed build left."""
    for folder in ("keypoints", "videos"):
        for part in (out / folder).rglob(".*.part"):
            part.unlink()
    for path in (out / "keypoints").rglob("*.parquet"):
        try:
            found = parquet.read_record(path)
        except InputError:
            continue
        if found.benchmark.id != recipe.manifest.id or found.detector.name != recipe.detector:
            raise InputError(
                f"{out}: holds shards of {found.benchmark.id} by {found.detector.name}, not of "
                f"{recipe.manifest.id} by {recipe.detector}; choose another folder",
                "out",
            )
