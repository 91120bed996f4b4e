"""Choose what runs the work items of a build: processes of this machine, or a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from corruptbench.builder import ray_engine, workers
from corruptbench.builder.clip_detector import Tick
from corruptbench.builder.plan import WorkItem
from corruptbench.builder.ray_cluster import connected
from corruptbench.builder.station import Station
from corruptbench.builder.workers import Outcome
from corruptbench.errors import InputError
from corruptbench.processors import usable_processors

#: Builds items with so many workers: see `workers.build_items`.
BuildItems = Callable[[Station, int, Sequence[WorkItem], Tick], Generator[Outcome]]

ENGINES = ("processes", "ray")


@dataclass(frozen=True)
class Engine:
    """An engine that is ready.

    Attributes:
        workers: their number.
        build_items: builds items with them.
        where: what it runs on, for people; empty for this machine.
    """

    workers: int
    build_items: BuildItems
    where: str = ""


@contextmanager
def opened(name: str, wanted: int | None, device: str) -> Iterator[Engine]:
    """Give the engine of that name.

    Args:
        name: one of `ENGINES`.
        wanted: number of workers; None for as many as fit the machine or cluster.
        device: of the detector.

    Raises:
        InputError: there is no such engine, or it is not available; see `ray_cluster.connected`.
    """
    if name == "processes":
        fitting = usable_processors() if device == "cpu" else 1
        yield Engine(wanted or fitting, workers.build_items)
    elif name == "ray":
        with connected(device) as cluster:
            number = wanted or cluster.workers(device)
            yield Engine(number, ray_engine.build_items, cluster.where)
    else:
        expected = " or ".join(ENGINES)
        raise InputError(f"engine '{name}': there is none; expected {expected}", "engine")
