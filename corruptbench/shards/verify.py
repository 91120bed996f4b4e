"""Verify shards against their lock, and compare the locks of two sites."""

from __future__ import annotations

from dataclasses import dataclass

from corruptbench.errors import InputError
from corruptbench.shards import parquet
from corruptbench.shards.lock import Lock, read_lock
from corruptbench.shards.locked import check_cells, check_file, check_identity
from corruptbench.shards.records import NOTHING_SHA256, CellRecord
from corruptbench.storage import AnyPath, found_at


@dataclass(frozen=True)
class Comparison:
    """Two locks compared.

    A row group holds the detections of one clip in one cell.

    Attributes:
        row_groups: number of those that both have.
        ours: number of those that only the first has.
        theirs: number of those that only the second has.
        pixels: the common ones whose pixels differ.
        occlusion: the common ones whose hidden shares or hidden joints differ.
        detections: the common ones whose detections differ.
    """

    row_groups: int
    ours: int
    theirs: int
    pixels: tuple[str, ...]
    occlusion: tuple[str, ...]
    detections: tuple[str, ...]


def recount(folder: AnyPath) -> int:
    """Compute the digests of every row group again; return the number of row groups.

    Raises:
        InputError: a shard is missing, extra, or differs from the lock; names the first one.
    """
    lock = read_lock(folder / "lock.json")
    for path in parquet.find(folder):
        name = str(path).removeprefix(f"{folder / 'keypoints'}/").removesuffix(".parquet")
        if name not in lock.clips:
            raise InputError(
                f"{folder}: holds a shard of {name}, which is not in lock.json; remove the shard "
                "if it is not of this build. Otherwise run the same build again, which writes "
                "lock.json anew"
            )
    for name in sorted(lock.clips):
        path = folder / "keypoints" / f"{name}.parquet"
        if not path.is_file():
            raise InputError(
                f"{folder}: the shard of {name} is missing ({found_at(path)}), lock.json names it; "
                "run the same build again, which makes what is missing and writes lock.json anew"
            )
        _recount_shard(parquet.open_shard(path), name, lock)
    return sum(len(cells) for cells in lock.clips.values())


def _recount_shard(shard: parquet.Shard, name: str, lock: Lock) -> None:
    check_identity(shard, name, lock)
    shard.read([c.cell for c in shard.record.cells])
    check_cells(shard, name, lock)
    check_file(shard, name, lock)


def compare(ours: AnyPath, theirs: AnyPath) -> Comparison:
    """Compare two sites' locks, one row group after the other, without any data.

    One site may have built fewer clips or severities: only what both have is compared.

    Raises:
        InputError: the locks belong to different benchmarks, have no row group in common, or only
            one is of a detector that sees pictures; or their crops are cut around boxes of other
            kinds.
    """
    a, b = read_lock(ours), read_lock(theirs)
    if a.benchmark != b.benchmark:
        raise InputError(f"{theirs}: of {b.benchmark}; ours is {a.benchmark}")
    mine, yours = _cells(a), _cells(b)
    common = {n: c for n, c in mine.items() if n in yours}
    if not common:
        raise InputError(
            f"{theirs}: has none of our {len(mine)} row groups (of a clip and a cell); nothing to "
            "compare: expected the lock of a build of the same clips"
        )
    _check_seen(ours, theirs, a, b)
    _check_boxes(theirs, a, b)

    def differing(field: str) -> tuple[str, ...]:
        return tuple(n for n, c in common.items() if getattr(c, field) != getattr(yours[n], field))

    return Comparison(
        row_groups=len(common),
        ours=len(mine) - len(common),
        theirs=len(yours) - len(common),
        pixels=differing("pixels_sha256"),
        occlusion=differing("occlusion_sha256"),
        detections=differing("detections_sha256"),
    )


def _cells(lock: Lock) -> dict[str, CellRecord]:
    return {f"{clip} {c.cell}": c for clip, cells in lock.clips.items() for c in cells}


def _check_seen(ours: AnyPath, theirs: AnyPath, a: Lock, b: Lock) -> None:
    """Refuse two locks of which only one is of pictures: the other has no pixels to compare."""
    seen, also_seen = (
        any(c.pixels_sha256 != NOTHING_SHA256 for c in _cells(lock).values()) for lock in (a, b)
    )
    if seen != also_seen:
        path, lock = (theirs, b) if seen else (ours, a)
        raise InputError(
            f"{path}: by {lock.detector.name}, which looks at no pixels; expected two locks of "
            "detectors that see pictures, or two of ground truth"
        )


def _check_boxes(theirs: AnyPath, a: Lock, b: Lock) -> None:
    """Refuse two locks whose crops lie elsewhere: their pixels cannot be the same."""
    first, second = a.detector.boxes, b.detector.boxes
    if first != second:
        mine, other = (
            f"boxes by {x.name}" if x else "boxes of the labels" for x in (first, second)
        )
        raise InputError(
            f"{theirs}: {other}, ours has {mine}; expected two builds with boxes of the same kind "
            "and weights"
        )
