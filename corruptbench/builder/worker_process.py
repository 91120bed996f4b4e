"""A worker process of a build: how it starts, takes clips and ends, and what runs in it."""

from __future__ import annotations

import atexit
import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from multiprocessing.process import BaseProcess
from typing import Any

from corruptbench.builder.failures import Failure
from corruptbench.builder.plan import WorkItem
from corruptbench.builder.station import Recipe, Station, attempt
from corruptbench.errors import InputError


class Worker:
    """One worker process, in a pool of its own: when it dies, it is known at which item.

    Attributes:
        item: that it builds or was the last to build; None while it starts.
        counter: the crops that it detected. Only the worker writes it, without a lock: one that is
            killed cannot keep the others waiting.
        before: the crops when it was given the item.
        given_up: why it was ended; empty if it was not.
    """

    def __init__(self, number: int, recipe: Recipe, stop: Any) -> None:
        self.number = number
        self.item: WorkItem | None = None
        self.counter, self.before = shared("q"), 0
        self.given_up = ""
        self._seen, self._silent = 0, 0.0
        context = multiprocessing.get_context("spawn")
        with _shared_memory():
            self.pool = ProcessPoolExecutor(1, context, _start, (recipe, self.counter, stop))
        self.processes: list[BaseProcess] = []

    def start(self) -> Future[Failure | None]:
        """Start the process; the future is done when it can take items."""
        try:
            with uninterrupted(), _without_main():  # the process that starts here inherits it
                future = self.pool.submit(_ready)
        except (OSError, RuntimeError) as error:  # no process or thread is left to start
            raise InputError(
                f"worker processes cannot be started here ({error}); build with fewer workers, or "
                "raise the limit of processes (ulimit -u, the limit of the container)"
            ) from None
        self.processes = list(self.pool._processes.values())
        return future

    def give(self, item: WorkItem) -> Future[Failure | None]:
        """Give it its next item."""
        self.item, self.before, self._silent = item, self.counter.value, 0.0
        try:
            return self.pool.submit(_build, item)
        except BrokenProcessPool as error:  # it died just now
            future: Future[Failure | None] = Future()
            future.set_exception(error)
            return future

    def silence(self, waited: float) -> float:
        """Return for how many seconds it has been waited for since its start, item or last batch.

        Args:
            waited: seconds since the last call.
        """
        before, self._seen = self._seen, self.counter.value
        self._silent = self._silent + waited if self._seen == before else 0.0
        return self._silent

    def give_up(self, why: str) -> None:
        """Kill it: `ending` then tells why."""
        self.given_up = why
        for process in self.processes:
            process.kill()

    def ending(self) -> tuple[str, int | None, int | None]:
        """Return how it ended: a sentence, and its exit code or the signal that killed it."""
        self.pool.shutdown()  # until then the pool may be about to note the exit code itself
        code = next((p.exitcode for p in self.processes if p.exitcode is not None), 0)
        if self.given_up:
            return f"worker {self.number} was ended: it {self.given_up}", None, -code or None
        if code > 0:
            return f"worker {self.number} ended with exit code {code}", code, None
        if code < 0:
            hint = " (out of memory? fewer workers need less)" if code == -signal.SIGKILL else ""
            name = signal.strsignal(-code) or "unknown"
            return f"worker {self.number} was killed by signal {-code}, {name}{hint}", None, -code
        return f"worker {self.number} ended early", 0, None

    def end(self, patience: float) -> None:
        """Wait so many seconds for its end after ``pool.shutdown``, then kill it."""
        for process in self.processes:
            process.join(patience)
            if process.is_alive():
                process.kill()
        self.pool.shutdown()


def shared(kind: str) -> Any:
    """Return a number in memory that worker processes share; of a type as in `array`."""
    with _shared_memory():
        return multiprocessing.get_context("spawn").Value(kind, 0, lock=False)


@contextmanager
def _shared_memory() -> Iterator[None]:
    """Turn the error of a machine without shared memory into `InputError`."""
    try:
        yield
    except OSError as error:  # no /dev/shm in a container, for example
        raise InputError(
            f"several worker processes need shared memory, which this machine refuses "
            f"({error.strerror}); build with one worker"
        ) from None


@contextmanager
def uninterrupted() -> Iterator[None]:
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


# In a worker process:

_work: Callable[[WorkItem], Failure | None]


class _StopError(Exception):
    """The build ends before this clip is finished."""


def _start(recipe: Recipe, counter: Any, stop: Any) -> None:
    global _work
    atexit.register(gc.freeze)  # or the collector would look at all that was imported, at the end
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    threading.Thread(target=_die_with_parent, daemon=True).start()

    def tick(count: int) -> None:
        counter.value += count
        if stop.value:
            raise _StopError

    _work = partial(attempt, Station(recipe).build, tick=tick)


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _ready() -> Failure | None:
    """Do nothing: the process has started."""
    return None


def _build(item: WorkItem) -> Failure | None:
    return _work(item)
