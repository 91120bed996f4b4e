"""The actors of a build on a Ray cluster: they get items, and are replaced when they die."""

from __future__ import annotations

import re
import time
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from corruptbench.builder.failures import Failure
from corruptbench.builder.plan import WorkItem
from corruptbench.builder.ray_actor import Builder, Start
from corruptbench.builder.ray_cluster import load_ray, options
from corruptbench.builder.workers import SILENCE, Outcome
from corruptbench.errors import InputError

POLL = 1.0  # seconds between two looks at the progress
PATIENCE = 60.0  # seconds without any actor, after which it is said that the cluster is full
END = 10.0  # seconds that actors have to end


class Actor:
    """An actor, seen from here.

    Attributes:
        node: where it runs; empty while it starts.
        item: that it builds; None while it starts or has none.
        crops: that it had detected when it was asked last.
        before: the crops when it was given the item.
        silent: seconds in which it was waited for, since its process began, it was given the item,
            or its last batch. Before its process began it may wait for room in the cluster.
    """

    def __init__(self, ray: Any, options: dict[str, Any]) -> None:
        self.ray = ray
        self.handle = ray.remote(**options)(Builder).remote()
        self.node = ""
        self.item: WorkItem | None = None
        self.crops = self.before = self.batches = 0
        self.silent, self._began = 0.0, False
        self._asked: Any = None

    def give(self, item: WorkItem) -> Any:
        """Give it its next item."""
        self.item, self.before, self.silent, self._asked = item, self.crops, 0.0, None
        self._began = True  # it is ready, even if it has answered nothing yet
        return self.handle.build.remote(item)

    def ask(self, waited: float) -> None:
        """Take the crops that it was asked for, if they are there, and ask again.

        Args:
            waited: seconds since it was asked last, without those in which this process was
                stopped: the actor may have worked then.
        """
        self.silent += waited if self._began else 0.0
        if self._asked is not None:
            if not self.ray.wait([self._asked], timeout=0)[0]:
                return
            with suppress(self.ray.exceptions.RayError):  # `settle` hears of its end
                before = self.batches
                self.crops, self.batches = self.ray.get(self._asked)
                self._began = True  # it answers while it starts, in a thread of its own
                if self.batches != before:
                    self.silent = 0.0
        self._asked = self.handle.counted.options(concurrency_group="count").remote()


class Crew:
    """The actors of a build, and the items that wait for one.

    Attributes:
        busy: the actor that each call belongs to, with its start or its item.
    """

    def __init__(self, start: Start, workers: int, items: Sequence[WorkItem]) -> None:
        self.ray = load_ray()
        self.start = self.ray.put(start)
        self.options = options(self.ray, start.recipe.device, workers)
        self.waiting = deque(items)
        self.hired: list[Actor] = []
        self.busy: dict[Any, Actor] = {}
        self.tried: set[WorkItem] = set()
        self.idle_since = time.monotonic()

    @property
    def crops(self) -> int:
        """The crops that were detected so far."""
        return sum(actor.crops for actor in self.hired)

    @property
    def at_work(self) -> list[Actor]:
        """The actors that build an item."""
        return [actor for actor in self.busy.values() if actor.item is not None]

    @property
    def unfinished(self) -> bool:
        """Tell whether an item is built, or waits; actors that only start do not matter."""
        return bool(self.waiting or self.at_work)

    def hire(self) -> None:
        """Start an actor where the cluster has room; `settle` hears of it when it is ready."""
        actor = Actor(self.ray, self.options)
        self.hired.append(actor)
        self.busy[actor.handle.start.remote(self.start)] = actor

    def wait(self) -> list[Any]:
        """Wait a moment for calls that are done, and ask all actors for their crops."""
        began = time.monotonic()
        done: list[Any] = self.ray.wait(list(self.busy), timeout=POLL)[0]
        waited = min(time.monotonic() - began, POLL)
        for actor in self.busy.values():
            actor.ask(waited)
        if self.at_work:
            self.idle_since = time.monotonic()
        if time.monotonic() - self.idle_since > PATIENCE:
            self.idle_since = float("inf")
            takes = f"{self.options['num_cpus']} processors, {self.options['num_gpus']} GPUs"
            warnings.warn(
                f"no actor has worked for {PATIENCE:.0f} s: the Ray cluster has no room for one "
                f"({takes}), or it starts slowly; waiting",
                stacklevel=2,
            )
        return done

    def settle(self, call: Any) -> Iterator[Outcome]:
        """Take what an actor gave, yield it, and give the actor its next item."""
        actor = self.busy.pop(call)
        item, failure = actor.item, None
        try:
            given = self.ray.get(call)
        except self.ray.exceptions.RayTaskError as error:  # a full disk, or an error of ours
            raise error.cause from None
        except self.ray.exceptions.RayError as error:
            if getattr(error, "actor_init_failed", False):
                raise InputError(_no_import(error)) from None
            yield from self._replace(actor, _cause(error, actor.node))
            return
        if item is None:
            actor.node, problem = given
            if problem:
                raise InputError(f"node {actor.node}: {problem}")
        else:
            failure, actor.crops = given
            actor.item = None
        if self.waiting:
            self.busy[actor.give(self.waiting.popleft())] = actor
        else:
            self.ray.kill(actor.handle)  # an actor that replaces another one may need its place
        if item is not None:
            yield item, failure

    def silent(self) -> list[Any]:
        """Return the calls of actors that start, or have finished no batch, for too long."""
        calls = [call for call, actor in self.busy.items() if actor.silent > SILENCE]
        return [call for call in calls if not self.ray.wait([call], timeout=0)[0]]

    def give_up(self, call: Any) -> Iterator[Outcome]:
        """End a silent actor, and treat its item as if it had died."""
        actor = self.busy.pop(call)
        where = f"the Ray actor{f' on node {actor.node}' if actor.node else ''}"
        what = "finished no batch for" if actor.item else "was not ready after"
        cause = f"{where} was ended: it {what} {SILENCE / 60:g} min"
        if actor.item and actor.item not in self.tried:
            warnings.warn(f"{actor.item.clip_id}: {cause}; the clip is tried again", stacklevel=2)
        yield from self._replace(actor, cause)

    def _replace(self, actor: Actor, cause: str) -> Iterator[Outcome]:
        """Start another actor for one that died; its item is tried again, but only once."""
        self.ray.kill(actor.handle)  # it may only be cut off
        item, actor.item = actor.item, None
        if item is None:
            if not self.busy:
                raise InputError(f"{cause}; run the same command again: it resumes")
            warnings.warn(f"{cause}; the others go on", stacklevel=2)
            return
        actor.crops = actor.before
        if item not in self.tried:
            self.tried.add(item)
            self.waiting.appendleft(item)
        else:
            yield item, Failure(str(item.clip_id), cause)
        if self.waiting:
            self.hire()

    def end(self) -> None:
        """End all actors and wait for that: none should write when the folder is free again."""
        for actor in self.hired:
            self.ray.kill(actor.handle)
        if self.busy:
            self.ray.wait(list(self.busy), num_returns=len(self.busy), timeout=END)


def _cause(error: Exception, node: str) -> str:
    """Return why an actor ended, as a sentence; Ray says it in the middle of many lines."""
    found = re.search(r"actor is dead because (.+?)[.:\n]", str(error))
    why = found[1] if found else str(error).partition("\n")[0].rstrip(".")
    return f"the Ray actor{f' on node {node}' if node else ''} ended: {why}"


def _no_import(error: Exception) -> str:
    """Return which node cannot import this package, and why: the last line of a traceback."""
    address = re.search(r"ip=([^,)]+)", str(error))
    why = str(error).strip().rpartition("\n")[2]
    return (
        f"node {address[1] if address else 'of an actor'}: cannot import corruptbench ({why}); "
        "install the same packages on all nodes"
    )
