"""Run work items: in this process, or in several worker processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import cv2

from corruptbench.builder.corrupted_videos import drop_stale, groups, missing_cells, open_videos
from corruptbench.builder.detect import detect_clip
from corruptbench.builder.plan import WorkItem
from corruptbench.datasets import Dataset, open_dataset
from corruptbench.detectors import Detector, load
from corruptbench.errors import InputError
from corruptbench.manifest import Manifest
from corruptbench.shards.parquet import present_cells, read, write
from corruptbench.shards.records import CellDetections, DetectorRecord

Tick = Callable[[int], None]


@dataclass(frozen=True)
class Recipe:
    """The inputs of every worker; they are sent to the workers."""

    manifest: Manifest
    root: Path | None
    detector: str
    device: str


class Station:
    """One worker's data set and detector."""

    def __init__(self, recipe: Recipe) -> None:
        """Open the data set and load the detector."""
        cv2.setNumThreads(1)
        self.recipe = recipe
        self.dataset: Dataset = open_dataset(recipe.manifest.dataset, recipe.root)
        self.detector: Detector = load(recipe.detector, recipe.device)

    def build(self, item: WorkItem, tick: Tick) -> None:
        """Build a clip's missing cells and write its shard; on failure the old shard stays.

        Detections that are present stay, also those of a cell whose video alone is missing.
        """
        have = present_cells(item.path, item.fingerprint)
        manifest, clip = self.recipe.manifest, self.dataset.load(item.clip_id)
        drop_stale(item)
        new: list[CellDetections] = []
        for cells in groups(item, missing_cells(item, have)):
            with open_videos(item, cells, clip.video) as opened:
                new += detect_clip(clip, cells, manifest, self.detector, tick, opened)
        kept = read(item.path, have) if have else []
        new = [d for d in new if d.cell not in have]
        in_order = sorted([*new, *kept], key=lambda d: manifest.cells.index(d.cell))
        detector = DetectorRecord.of(self.detector)
        write(item.path, item.clip_id, item.fingerprint, in_order, manifest, detector)


def build_items(
    station: Station, workers: int, items: Sequence[WorkItem], tick: Tick
) -> Iterator[WorkItem]:
    """Build items; yield each when its shard is on disk.

    One worker is this process. A daemonic process (a worker of somebody's own pool) cannot start
    others: it works alone. Each worker computes on one thread. The bytes do not depend on the
    number of workers.

    Args:
        station: of this process.
        workers: number of processes.
        items: the clips.
        tick: called with the crops detected since its last call.
    """
    if workers > 1 and not multiprocessing.current_process().daemon:
        yield from _in_parallel(station.recipe, workers, items, tick)
        return
    for item in items:
        station.build(item, tick)
        yield item


def _in_parallel(
    recipe: Recipe, workers: int, items: Sequence[WorkItem], tick: Tick
) -> Iterator[WorkItem]:
    context = multiprocessing.get_context("spawn")
    try:
        counter, stop = context.Value("q", 0), context.Event()
    except OSError as error:  # no /dev/shm in a container, for example
        raise InputError(
            f"several worker processes need shared memory, which this machine refuses "
            f"({error.strerror}); build with one worker"
        ) from None
    seen = 0
    processes: list[BaseProcess] = []
    pool = ProcessPoolExecutor(workers, context, _start, (recipe, counter, stop))
    try:
        pending = _submitted(pool, items)
        processes = list(pool._processes.values())
        while pending:
            done, _ = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
            before, seen = seen, counter.value
            tick(seen - before)
            for future in done:
                future.result()
                yield pending.pop(future)
    except BrokenProcessPool:
        pool.shutdown()  # until then the pool may be about to note the exit codes itself
        how = _how_it_ended(processes)
        raise InputError(f"{how}; run the same command again: it resumes") from None
    finally:
        stop.set()
        with _uninterrupted():  # a second Ctrl-C here would leave the workers waiting for ever
            pool.shutdown(wait=True, cancel_futures=True)


def _submitted(
    pool: ProcessPoolExecutor, items: Sequence[WorkItem]
) -> dict[Future[None], WorkItem]:
    """Start the workers and give them the items."""
    try:
        with _uninterrupted(), _without_main():  # the workers that start here inherit it
            return {pool.submit(_build, item): item for item in items}
    except (OSError, RuntimeError) as error:  # no process or thread is left to start
        raise InputError(
            f"worker processes cannot be started here ({error}); build with fewer workers, or "
            "raise the limit of processes (ulimit -u, the limit of the container)"
        ) from None


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ignore Ctrl-C for a moment; outside of the main thread do nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _without_main() -> Iterator[None]:
    """Hide the user's script from the workers that start now.

    A worker would run it again, and a script without ``if __name__ == "__main__"`` would then
    start a build of its own in each worker. The workers need nothing from it.
    """
    main: dict[str, Any] = vars(sys.modules["__main__"])
    names: tuple[str, ...] = ("__file__", "__spec__")
    hidden = {name: main.pop(name) for name in names if name in main}
    main["__spec__"] = None
    try:
        yield
    finally:
        main |= hidden


def _how_it_ended(processes: Sequence[BaseProcess]) -> str:
    """Say which worker ended first, and by which exit code or signal."""
    for number, process in enumerate(processes, 1):
        code = process.exitcode or 0
        if code > 0:
            return f"worker {number} ended with exit code {code}"
        if code not in (0, -signal.SIGTERM):  # the pool ends the others so
            hint = " (out of memory? fewer workers need less)" if code == -signal.SIGKILL else ""
            name = signal.strsignal(-code) or "unknown"
            return f"worker {number} was killed by signal {-code}, {name}{hint}"
    return "a worker process ended early"


# In a worker process:

_work: Callable[[WorkItem], None]


class _StopError(Exception):
    """The build ends before this clip is finished."""


def _start(recipe: Recipe, counter: Any, stop: Any) -> None:
    global _work
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    threading.Thread(target=_die_with_parent, daemon=True).start()

    def tick(count: int) -> None:
        with counter.get_lock():
            counter.value += count
        if stop.is_set():
            raise _StopError

    _work = partial(Station(recipe).build, tick=tick)


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _build(item: WorkItem) -> None:
    _work(item)
