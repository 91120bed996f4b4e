"""A worker: takes one submission after the other from the queue, until it is told to end."""

from __future__ import annotations

import math
import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import connection, parent_process
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from corruptbench.process_id import this_process
from corruptbench.progress import note
from corruptbench.sandbox import Child, Limits
from corruptbench.sandbox.child import stopped
from corruptbench.server import submissions
from corruptbench.server.database import open_database
from corruptbench.server.settings import Settings
from corruptbench.server.submissions import DAY, Job, Outcome

#: Seconds between two looks at an empty queue, and between two at files that are left. Our own
#: choice.
POLL, CLEAN = 0.5, 3600.0
#: Threads and the allocator of pyarrow take address space, which is limited.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}  # fmt: skip


def work(settings: Settings, until_empty: bool = False) -> None:
    """Work until Ctrl-C, or until nothing waits.

    A submission that is not finished at Ctrl-C goes back to the queue.
    """
    engine, child = open_database(settings), Child("the job", ENVIRONMENT)
    cleaned, said = -math.inf, ""
    try:
        while True:
            try:
                if time.monotonic() - cleaned > CLEAN:
                    remove_stale(settings, engine)
                    cleaned = time.monotonic()
                worked = work_once(settings, engine, child)
                said = ""
            except OperationalError as error:
                if said != (said := str(error.orig)):  # else the same line for as long as it lasts
                    note(f"the database does not answer ({said}): trying again")
                worked = False
            if not worked:
                if until_empty:
                    return
                time.sleep(POLL)
    finally:
        child.stop()
        engine.dispose()


def work_once(settings: Settings, engine: Engine, child: Child) -> bool:
    """Take a submission, if there is one, and finish it; return whether there was one."""
    me, job = str(this_process()), None
    try:
        with engine.begin() as database:
            job = submissions.claim(database, me, settings.limits)
        if job is None:
            return False
        folder = settings.uploads / submissions.folder_name(job.token, job.digest)
        with _renewed(settings, engine, job, me):
            outcome = _outcome(settings, child, job, str(folder))
        with engine.begin() as database:
            is_ours = submissions.finish(database, job, me, outcome)
    except KeyboardInterrupt:
        with suppress(OperationalError), engine.begin() as database:  # else its lease ends
            if job:
                submissions.release(database, job, me)
        raise
    if is_ours and outcome.state != "failed":
        shutil.rmtree(folder, ignore_errors=True)
    return True


def _outcome(settings: Settings, child: Child, job: Job, folder: str) -> Outcome:
    """Do the work in the child."""
    limits = settings.limits
    seconds = 60 * limits.job_minutes
    kind, found = child.ask(
        "corruptbench.server.jobs:work",
        [str(settings.folder), folder, job.kind, job.name],
        Limits(memory=1e9 * limits.job_gb, seconds=seconds, output=10**8, elapsed=seconds),
    )
    if kind == "value":
        return Outcome(**found)
    if kind == "limit" or str(found).startswith(stopped("")):
        return Outcome("refused", {"problems": [f"the submission: {found}"]}, found)
    return Outcome("failed", submissions.FAILED, str(found))


@contextmanager
def _renewed(settings: Settings, engine: Engine, job: Job, worker: str) -> Iterator[None]:
    """Renew the lease of a submission meanwhile, three times as often as it ends.

    It is not renewed for longer than the work may take: a worker that hangs loses it.
    """
    ended, limits = threading.Event(), settings.limits
    last = time.monotonic() + 60 * limits.job_minutes + limits.lease_seconds

    def renew() -> None:
        while not ended.wait(limits.lease_seconds / 3) and time.monotonic() < last:
            try:
                with engine.begin() as database:
                    submissions.renew(database, job, worker, limits)
            except OperationalError:
                continue  # the next one may reach the database

    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def remove_stale(settings: Settings, engine: Engine) -> None:
    """Remove what killed processes left: files of a day ago that no submission needs."""
    with engine.begin() as database:
        needed = submissions.needed_folders(database)
        for folder in settings.uploads.iterdir():
            with suppress(OSError):
                if folder.name not in needed and folder.stat().st_mtime < time.time() - DAY:
                    shutil.rmtree(folder)


def serve_parent(settings: Settings, beat: Any) -> None:
    """Work until SIGTERM, or until the process that started this one ends.

    Args:
        settings: of the server.
        beat: shared with the parent; its ``value`` becomes the time (`time.monotonic`) again and
            again.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    parent = parent_process()
    assert parent is not None, "only for a process of multiprocessing"
    _when_ready(parent.sentinel, lambda: os.kill(os.getpid(), signal.SIGTERM))
    threading.Thread(target=_beat, args=(beat,), daemon=True).start()
    try:
        work(settings)
    except KeyboardInterrupt:
        return


def _beat(beat: Any) -> None:
    while True:
        beat.value = time.monotonic()
        time.sleep(POLL)


def _when_ready(sentinel: int, act: Callable[[], None]) -> None:
    def wait() -> None:
        connection.wait([sentinel])
        act()

    threading.Thread(target=wait, daemon=True).start()
