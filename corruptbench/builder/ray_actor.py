"""Run in a Ray actor of a build: start on a node, and build clips."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from corruptbench.builder.failures import Failure
from corruptbench.builder.plan import BUILD_VERSION, WorkItem
from corruptbench.builder.station import Recipe, Station, attempt
from corruptbench.detectors import DetectorError
from corruptbench.errors import InputError
from corruptbench.shards.lock import software
from corruptbench.storage import AnyPath

#: What all nodes must have in common: names such as "numpy", and values.
Facts = dict[str, str]


@dataclass(frozen=True)
class Start:
    """The inputs of a start; they are sent to each actor.

    Attributes:
        recipe: the inputs of every worker.
        folder: in which the command was given; relative paths refer to it.
        token: a file in the output folder that only this build has.
        sample: one of the clips.
        expected: `facts` of the process that planned the build.
    """

    recipe: Recipe
    folder: Path
    token: AnyPath
    sample: WorkItem
    expected: Facts


class Builder:
    """A station on a node. Frames are decoded and used here, and do not travel."""

    def __init__(self) -> None:
        """Do nothing yet: an error here would be one of Ray, not one for people."""
        self.crops = self.batches = 0

    def start(self, start: Start) -> tuple[str, str]:
        """Open data set and detector; return the name of the node, and what is wrong with it."""
        node = platform.node()
        try:
            os.chdir(start.folder)
            if not start.token.is_file():
                return node, (
                    f"{start.token.parent}: is not the folder that the command writes "
                    "to; all nodes need the same output folder, on a shared file system"
                )
            self.station = Station(start.recipe)
            return node, difference(start.expected, facts(self.station, start.sample))
        except (InputError, DetectorError, OSError) as error:
            return node, str(error)

    def build(self, item: WorkItem) -> tuple[Failure | None, int]:
        """Build a clip; return why it cannot be built, and the crops of all clips so far."""
        return attempt(self.station.build, item, self._tick), self.crops

    def counted(self) -> tuple[int, int]:
        """Return the crops and the batches so far; it is called while a clip is built."""
        return self.crops, self.batches

    def _tick(self, crops: int) -> None:
        self.crops += crops
        self.batches += 1


def facts(station: Station, sample: WorkItem) -> Facts:
    """Return what all nodes must have in common; the video of a clip stands for the data set."""
    detector = station.detector.record.model_dump()
    return {
        "build version": str(BUILD_VERSION),
        **software(),
        "manifest": station.recipe.manifest.sha256,
        **{f"detector.{name}": str(value) for name, value in detector.items()},
        "detector.runtime": station.detector.runtime,
        f"video and labels of {sample.clip_id}": station.fingerprint(sample),
    }


def difference(expected: Facts, found: Facts) -> str:
    """Return the first fact that differs, as a sentence; empty if none does."""
    for name, value in expected.items():
        if found.get(name) != value:
            return (
                f"{name}: found {found.get(name)}, expected {value} as on the node on which the "
                "command was given; use the same software and files on all nodes"
            )
    return ""
