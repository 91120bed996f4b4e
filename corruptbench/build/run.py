"""A whole build: plan, skip what is there, run the rest, lock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from corruptbench.build import engines, shards
from corruptbench.build.lock import write_lock
from corruptbench.build.plan import DetectorFacts, WorkItem, plan_build
from corruptbench.datasets import open_dataset
from corruptbench.errors import InputError
from corruptbench.manifest import Cell
from detectors import load


@dataclass(frozen=True)
class Todo:
    """What a build is about to do. ``crops`` counts (frame, cell) pairs."""

    items: tuple[WorkItem, ...]
    clips: int
    crops: int


#: Called once with the plan, then with the crops and clips done since the last call.
Announce = Callable[[Todo], None]
Progress = Callable[[int, int], None]


def build(
    recipe: engines.Recipe,
    cells: tuple[Cell, ...],
    out: Path,
    workers: int,
    announce: Announce,
    progress: Progress,
) -> Path:
    """Builds what is missing of a benchmark and writes the lock file; returns its path.

    Shards that are there, made from the same inputs, are kept; a shard made from other inputs
    (video, labels, detector, code) is built again.

    Raises:
        InputError: for bad input, or when ``out`` holds another benchmark; nothing is lost then.
        detectors.DetectorError: when the detector cannot be had.
    """
    manifest = recipe.manifest
    dataset = open_dataset(manifest.dataset, recipe.root)
    detector = load(recipe.detector, recipe.device)
    items = plan_build(dataset, manifest, cells, DetectorFacts.of(detector), out)
    _check_folder(out, recipe)
    todo = tuple(i for i in items if set(i.cells) - set(shards.present_cells(i)))
    crops = sum(i.frames * len(set(i.cells) - set(shards.present_cells(i))) for i in todo)
    announce(Todo(todo, len(items), crops))
    if todo:
        (out / "lock.json").unlink(missing_ok=True)
        engine = engines.local(recipe, min(workers, len(todo)))
        for _ in engine(todo, lambda count: progress(count, 0)):
            progress(0, 1)
    return write_lock(out, [shards.read_record(i.path) for i in items], detector.runtime)


def _check_folder(out: Path, recipe: engines.Recipe) -> None:
    """Refuses a folder with another benchmark's shards; removes what a killed build left."""
    if not (out / "keypoints").is_dir():
        return
    for part in (out / "keypoints").rglob(".*.part"):
        part.unlink()
    for path in (out / "keypoints").rglob("*.parquet"):
        try:
            found = shards.read_record(path)
        except InputError:
            continue
        if found.benchmark.id != recipe.manifest.id or found.detector.name != recipe.detector:
            raise InputError(
                f"{out}: holds shards of {found.benchmark.id} by {found.detector.name}, not of "
                f"{recipe.manifest.id} by {recipe.detector}; choose another --out"
            )
