"""Builds of several detectors that can be compared: the same benchmark, pixels and cells."""

from __future__ import annotations

from collections.abc import Sequence

from corruptbench.errors import InputError
from corruptbench.leaderboard.ranking.reference_shards import GROUND_TRUTH
from corruptbench.manifest import CLEAN, Cell
from corruptbench.shards.lock import Lock
from corruptbench.shards.shard_set import ShardSet


def check_detected(shard_set: ShardSet) -> None:
    """Raise `InputError` for shards that hold the labels in place of a detector's keypoints."""
    name = shard_set.lock.detector.name
    if name.startswith(GROUND_TRUTH):
        raise InputError(
            f"{shard_set.folder}: holds the labels in place of detections ({name}); expected the "
            "build of a detector"
        )


def common_cells(shard_sets: Sequence[ShardSet]) -> tuple[Cell, ...]:
    """Return the cells that all builds have, in the manifest's order.

    Raises:
        InputError: there is no build, one has no detections, or they are of different benchmarks
            or pixels, or have no clean cell or no corrupted cell in common.
    """
    if not shard_sets:
        raise InputError("no build was given; expected one for each detector", "shards")
    for shard_set in shard_sets:
        check_detected(shard_set)
    first = shard_sets[0]
    for other in shard_sets[1:]:
        _check_same(first, other)
    cells = tuple(c for c in first.cells if all(c in s.cells for s in shard_sets))
    if CLEAN not in cells or len(cells) < 2:
        found = "no clean cell" if CLEAN not in cells else "the clean cell only"
        have = "holds" if len(shard_sets) == 1 else "and the others have in common:"
        raise InputError(
            f"{first.folder}: {have} {found}; expected the clean cell and a corrupted one: build "
            "with a corruption (the same folder keeps what is there)"
        )
    return cells


def left_out(
    shard_sets: Sequence[ShardSet], names: Sequence[str], cells: Sequence[Cell]
) -> list[str]:
    """Return a line for each build, by its name, that has more cells than these."""
    return [
        f"{name}: has {len(s.cells)} cells, compared in the {len(cells)} that all have"
        for name, s in zip(names, shard_sets, strict=True)
        if len(s.cells) > len(cells)
    ]


def detector_names(shard_sets: Sequence[ShardSet]) -> list[str]:
    """Return a name for each build: its detector's, with the folder where two are the same.

    Raises:
        InputError: two folders hold the same detections.
    """
    locks = [s.lock for s in shard_sets]
    for i, lock in enumerate(locks):
        same = [j for j in range(i) if locks[j].detections_sha256 == lock.detections_sha256]
        if same:
            raise InputError(
                f"{shard_sets[i].folder}: holds the detections of {shard_sets[same[0]].folder}; "
                "expected another detector: name each build once"
            )
    names = [str(lock.detector) for lock in locks]
    return [
        name if names.count(name) == 1 else f"{name} ({s.folder})"
        for name, s in zip(names, shard_sets, strict=True)
    ]


def _check_same(first: ShardSet, other: ShardSet) -> None:
    if first.lock.benchmark != other.lock.benchmark:
        raise InputError(
            f"{other.folder}: built from {other.lock.benchmark}, {first.folder} from "
            f"{first.lock.benchmark}; expected builds of one benchmark"
        )
    ours, theirs = _pixels(first.lock), _pixels(other.lock)
    for clip, cell in ours.keys() & theirs.keys():
        if ours[clip, cell] != theirs[clip, cell]:
            raise InputError(
                f"{other.folder}: {clip}: {cell}: its pixels differ from those of {first.folder}; "
                "expected builds from the same videos (corruptbench verify compares two builds)"
            )


def _pixels(lock: Lock) -> dict[tuple[str, Cell], str]:
    return {(name, c.cell): c.pixels_sha256 for name, cells in lock.clips.items() for c in cells}
