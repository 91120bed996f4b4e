"""Run work items in the actors of a Ray cluster, on many nodes, which may die."""

from __future__ import annotations

import uuid
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from corruptbench.builder.clip_detector import Tick
from corruptbench.builder.plan import WorkItem
from corruptbench.builder.ray_actor import Start, facts
from corruptbench.builder.ray_crew import Crew
from corruptbench.builder.station import Station
from corruptbench.builder.worker_process import uninterrupted
from corruptbench.builder.workers import Outcome
from corruptbench.files import atomic
from corruptbench.process_id import this_process
from corruptbench.storage import AnyPath


def build_items(
    station: Station, workers: int, items: Sequence[WorkItem], tick: Tick
) -> Generator[Outcome]:
    """Build items in actors; yield each with its failure, or with None when its shard is on disk.

    Ray is connected already. Each actor opens the data set and the detector once, and takes one
    item after the other. It writes the shards itself, so all nodes must see the same folders. An
    actor that finishes no batch for half an hour is ended. An item whose actor dies or is ended is
    tried once more, by another one.

    Args:
        station: of this process.
        workers: number of actors. If there are more than GPUs (processors on the CPU), several
            share one.
        items: the clips.
        tick: see `workers.build_items`.

    Raises:
        InputError: a node has other software or files than this one, or no actor is left.
        OSError: the disk is full, or a file cannot be written.
    """
    if not items:
        return
    with _token(items[0].path.parent) as token:
        expected = facts(station, items[0])
        start = Start(station.recipe, Path.cwd(), token, items[0], expected)
        crew = Crew(start, workers, items)
        seen = 0
        try:
            for _ in range(workers):
                crew.hire()
            while crew.unfinished:
                done = crew.wait()
                before, seen = seen, crew.crops
                tick(seen - before)
                for call in done:
                    yield from crew.settle(call)
                for call in crew.silent():
                    yield from crew.give_up(call)
            tick(crew.crops - seen)
        finally:
            with uninterrupted():
                crew.end()


@contextmanager
def _token(folder: AnyPath) -> Iterator[AnyPath]:
    """Make a file by which nodes know the folder; if it is left over, a later build removes it."""
    token = folder / f".{uuid.uuid4().hex}.{this_process()}.part"
    with atomic(token) as temporary:
        temporary.touch()
    try:
        yield token
    finally:
        token.unlink(missing_ok=True)
