"""Watch a worker: replace one that has ended or is silent, and give back what it held."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from multiprocessing import get_context
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from corruptbench.process_id import process_of
from corruptbench.progress import note
from corruptbench.server import submissions, worker
from corruptbench.server.settings import Settings

#: Seconds: between two looks at the worker; for it to end at SIGTERM; without a sign of life,
#: after which it is replaced. Our own choice.
LOOK, GRACE, SILENT = 0.5, 10.0, 60.0


class Watched:
    """A worker in a process of its own.

    Attributes:
        process: of the worker.
        name: of the worker, as in the database.
    """

    def __init__(self, settings: Settings) -> None:
        """Start the worker."""
        context = get_context("spawn")
        # Without a lock, which a stopped worker could hold.
        self._beat: Any = context.RawValue("d", time.monotonic())
        self.process = context.Process(target=worker.serve_parent, args=(settings, self._beat))
        self.process.start()
        assert self.process.pid is not None, "it has started"
        self.name = str(process_of(self.process.pid))

    def problem(self) -> str:
        """Return why the worker must be replaced; empty if it need not."""
        if not self.process.is_alive():
            return f"the worker ended (exit code {self.process.exitcode})"
        silent = time.monotonic() - self._beat.value
        return f"the worker is silent for {silent:.0f} s" if silent > SILENT else ""

    def kill(self, engine: Engine) -> None:
        """End the worker if it still runs, and give back what it held."""
        self.process.kill()
        self.process.join()
        with suppress(SQLAlchemyError), engine.begin() as database:  # else its lease ends
            submissions.take_away(database, self.name)


async def keep_working(settings: Settings, engine: Engine) -> None:
    """Start a worker, and another one when it dies or is silent; end it when this is canceled."""
    watched = Watched(settings)
    try:
        while True:
            await asyncio.sleep(LOOK)
            if problem := watched.problem():
                note(f"{problem}: starting another one")
                await asyncio.to_thread(watched.kill, engine)
                watched = Watched(settings)
    finally:
        watched.process.terminate()
        await asyncio.to_thread(watched.process.join, GRACE)
        await asyncio.to_thread(watched.kill, engine)
