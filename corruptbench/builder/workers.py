"""Run work items: in this process, or in several worker processes, which may die."""

from __future__ import annotations

import multiprocessing
import time
import warnings
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool

from corruptbench.builder.clip_detector import Tick
from corruptbench.builder.failures import Failure
from corruptbench.builder.plan import WorkItem
from corruptbench.builder.station import Recipe, Station, attempt
from corruptbench.builder.worker_process import Worker, shared, uninterrupted
from corruptbench.errors import InputError

#: Seconds until a worker is killed that does not end by itself: it may be in a model that never
#: returns, and what it has not finished is lost either way. Our own choice.
PATIENCE = 5.0
#: Seconds between two looks at the workers.
POLL = 0.2
#: Seconds without a batch, after which a worker is ended: it may be in a model that never returns.
#: Our own choice. The slowest batch, and reading a long video before the first one, take minutes.
SILENCE = 1800.0
#: An item, and why it could not be built; None when its shard is on disk.
Outcome = tuple[WorkItem, Failure | None]


def build_items(
    station: Station, workers: int, items: Sequence[WorkItem], tick: Tick
) -> Generator[Outcome]:
    """Build items; yield each with its failure, or with None when its shard is on disk.

    One worker is this process. A daemonic process (a worker of somebody's own pool) cannot start
    others: it works alone. Each worker computes on one thread. The bytes do not depend on the
    number of workers. An item whose worker process dies, or finishes no batch for too long, is
    tried once more.

    Args:
        station: of this process.
        workers: number of processes.
        items: the clips.
        tick: called with the crops detected since its last call; with a negative number where
            crops of an item that fails do not count any more.

    Raises:
        InputError: worker processes cannot be started.
        OSError: the disk is full, or a file cannot be written.
    """
    if workers > 1 and not multiprocessing.current_process().daemon:
        yield from _in_parallel(station.recipe, workers, items, tick)
        return
    for item in items:
        yield item, attempt(station.build, item, tick)


def _in_parallel(
    recipe: Recipe, workers: int, items: Sequence[WorkItem], tick: Tick
) -> Iterator[Outcome]:
    crew = _Crew(recipe, items)
    seen = 0
    try:
        for number in range(1, workers + 1):
            crew.hire(number)
        while crew.busy:
            began = time.monotonic()
            done, _ = wait(crew.busy, timeout=POLL, return_when=FIRST_COMPLETED)
            crew.look(min(time.monotonic() - began, POLL))
            before, seen = seen, crew.crops
            tick(seen - before)
            for future in done:
                yield from crew.settle(future)
        tick(crew.crops - seen)  # those of a worker that died last are taken back
    finally:
        crew.end()


class _Crew:
    """The workers of a build, and the items that wait for one.

    Attributes:
        busy: the worker that each future belongs to.
    """

    def __init__(self, recipe: Recipe, items: Sequence[WorkItem]) -> None:
        self.recipe = recipe
        self.waiting = deque(items)
        self.stop = shared("b")
        self.hired: list[Worker] = []
        self.busy: dict[Future[Failure | None], Worker] = {}
        self.tried: set[WorkItem] = set()

    @property
    def crops(self) -> int:
        """The crops that were detected so far."""
        return sum(worker.counter.value for worker in self.hired)

    def hire(self, number: int) -> None:
        """Start a worker process; `settle` hears of it when it is ready."""
        worker = Worker(number, self.recipe, self.stop)
        self.hired.append(worker)
        self.busy[worker.start()] = worker

    def look(self, waited: float) -> None:
        """End workers that are silent for too long; `settle` hears of their end.

        Args:
            waited: seconds since the last look, without those in which this process was stopped.
        """
        for worker in self.busy.values():
            if worker.silence(waited) > SILENCE:
                worker.give_up(f"finished no batch for {SILENCE / 60:g} min")

    def settle(self, future: Future[Failure | None]) -> Iterator[Outcome]:
        """Take what a worker gave, yield it, and give the worker its next item."""
        worker = self.busy.pop(future)
        item = worker.item
        try:
            failure = future.result()
        except BrokenProcessPool:
            yield from self._replace(worker)
            return
        if self.waiting:
            self.busy[worker.give(self.waiting.popleft())] = worker
        if item is not None:
            yield item, failure

    def _replace(self, worker: Worker) -> Iterator[Outcome]:
        """Start another worker for one that died; its item is tried again, but only once."""
        cause, exit_code, by_signal = worker.ending()
        item = worker.item
        if item is None:  # it did not even start
            raise InputError(f"{cause}; run the same command again: it resumes")
        worker.counter.value = worker.before
        if item not in self.tried:
            if worker.given_up:
                warnings.warn(f"{item.clip_id}: {cause}; the clip is tried again", stacklevel=2)
            self.tried.add(item)
            self.waiting.appendleft(item)
        else:
            yield item, Failure(str(item.clip_id), cause, exit_code, by_signal)
        if self.waiting:
            self.hire(worker.number)

    def end(self) -> None:
        """Stop all workers and wait for them; kill those that do not end."""
        self.stop.value = 1
        with uninterrupted():  # a second Ctrl-C here would leave the workers waiting forever
            for worker in self.hired:
                worker.pool.shutdown(wait=False, cancel_futures=True)
            last = time.monotonic() + PATIENCE
            for worker in self.hired:
                worker.end(max(last - time.monotonic(), 0))
