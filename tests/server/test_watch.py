"""A worker that is stopped or busy gives its work back, in both cases that end it."""

from __future__ import annotations

import asyncio
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from filelock import SoftFileLock
from sqlalchemy import select

from corruptbench.leaderboard.board.lock import LOCK_FILE
from corruptbench.server import database as db
from corruptbench.server import watch, worker
from tests.fixtures.processes import has_ended
from tests.server.conftest import ROWS
from tests.server.test_processes import descendants


@pytest.fixture
def busy(start, setting):
    """A server with one submission, whose worker waits for the board as long as the test runs."""
    host = start(setting)
    host.submit(ROWS[0])
    with SoftFileLock(host.settings.board_folder / LOCK_FILE):
        yield host


def held(host):
    """State, attempts and worker of the submission."""
    columns = db.submissions.c.state, db.submissions.c.attempts, db.submissions.c.worker
    with host.engine.begin() as database:
        return tuple(database.execute(select(*columns)).one())


async def until(condition):
    async with asyncio.timeout(50):  # the worker waits for 60 s
        while not condition():
            await asyncio.sleep(0.05)


async def watched(host, act):
    """Watch a worker; do this when it holds the submission; then end it as the server does."""
    task = asyncio.create_task(watch.keep_working(host.settings, host.engine))
    await until(lambda: held(host)[0] == "running")
    await act(int(held(host)[2].split("-")[0]))
    processes = descendants(os.getpid())
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    spawned = [pid for pid in processes if pid not in descendants(os.getpid())]
    await until(lambda: all(map(has_ended, spawned)))  # the job sees that its parent is gone


def run(work):
    """Run this in a thread: a browser of other tests leaves a loop in the main one."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()


def test_a_busy_worker_gives_work_back(busy):
    async def nothing(_):
        pass

    run(watched(busy, nothing))
    assert held(busy) == ("waiting", 0, None)


def test_a_stopped_worker_gives_work_back_at_the_end(busy, monkeypatch):
    monkeypatch.setattr(watch, "GRACE", 0.1)

    async def stop(pid):
        os.kill(pid, signal.SIGSTOP)

    run(watched(busy, stop))
    assert held(busy) == ("waiting", 1, None)


def test_a_stopped_worker_is_replaced(busy, monkeypatch):
    async def stop(pid):
        monkeypatch.setattr(watch, "SILENT", 3.0)
        os.kill(pid, signal.SIGSTOP)
        await until(lambda: has_ended(pid))
        monkeypatch.setattr(watch, "SILENT", 60.0)
        await until(lambda: held(busy)[:2] == ("running", 2))  # by another one

    run(watched(busy, stop))
    assert held(busy) == ("waiting", 1, None)


def test_a_worker_that_hangs_loses_its_lease(start, monkeypatch):
    """The lease is renewed for as long as the work may take, and not forever."""
    host = start("limits = { lease_seconds = 0.06, job_minutes = 0.001 }")
    renewed = []
    monkeypatch.setattr(worker.submissions, "renew", lambda *_: renewed.append(1))
    with worker._renewed(host.settings, host.engine, None, "w"):
        (thread,) = [t for t in worker.threading.enumerate() if "renew" in t.name]
        thread.join(30)
        assert not thread.is_alive()
    assert renewed
