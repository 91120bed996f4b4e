"""Compare what a shard states with what the lock of its build states of it.

Both are files that can be altered, so no message blames one of them alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from corruptbench.errors import InputError
from corruptbench.manifest import Cell
from corruptbench.shards.lock import Lock
from corruptbench.shards.parquet import Shard
from corruptbench.shards.records import CellRecord
from corruptbench.storage import AnyPath

#: How to find out which of the two is wrong.
WHICH = (
    "one of the two was altered, or is of another build. To find out which, keep a copy of "
    "lock.json, delete this shard and run the same build again: if the new lock.json equals the "
    "copy, it was the shard"
)


def check_identity(shard: Shard, clip: str, lock: Lock) -> None:
    """Raise `InputError` if a shard is of another clip, benchmark or detector than its lock.

    Args:
        shard: from the place of the clip's shard.
        clip: identity of the clip.
        lock: of the build.
    """
    record = shard.record
    if str(record.clip) != clip:
        raise InputError(
            f"{shard.path}: holds the shard of {record.clip}, expected that of {clip}: delete it "
            "and build again"
        )
    if record.benchmark != lock.benchmark:
        raise _differ(shard.path, "benchmark", record.benchmark, lock.benchmark)
    for field in type(record.detector).model_fields:
        found, expected = getattr(record.detector, field), getattr(lock.detector, field)
        if found != expected:
            raise _differ(shard.path, f"detector.{field}", repr(found), repr(expected))


def check_cells(shard: Shard, clip: str, lock: Lock) -> None:
    """Raise `InputError` if a shard states something else of its cells than its lock.

    All are compared, also when few are read: the digests of the lock are over all of them.

    Args:
        shard: of the clip.
        clip: identity of the clip.
        lock: of the build.
    """
    records, of_clip = shard.record.cells, lock.clips.get(clip, ())
    if records == of_clip:  # as always, so that no cell has to be looked up
        return
    there, locked = {c.cell: c for c in records}, {c.cell: c for c in of_clip}
    for cell in there | locked:
        if there.get(cell) != locked.get(cell):
            raise _differ(shard.path, *_difference(cell, there.get(cell), locked.get(cell)))
    raise _differ(shard.path, "cells", _listed(records), _listed(of_clip))


def check_file(shard: Shard, clip: str, lock: Lock) -> None:
    """Raise `InputError` if the file of a shard is not the one that the build wrote."""
    if shard.sha256 != lock.files[clip]:
        raise InputError(
            f"{shard.path}: its SHA-256 is {shard.sha256[:12]}, lock.json has "
            f"{lock.files[clip][:12]}; if a build is under way, wait for it. Otherwise {WHICH}"
        )


def _difference(
    cell: Cell, there: CellRecord | None, locked: CellRecord | None
) -> tuple[str, str, str]:
    """Return the first field in which two records of a cell differ, and both values."""
    if there is None or locked is None:
        found, expected = ("a row group" if c else "none" for c in (there, locked))
        return str(cell), found, expected
    field = next(f for f in CellRecord.model_fields if getattr(there, f) != getattr(locked, f))
    found, expected = (str(getattr(c, field))[:12] for c in (there, locked))
    return f"{cell}: {field}", found, expected


def _listed(records: Iterable[CellRecord]) -> str:
    return ", ".join(str(c.cell) for c in records)


def _differ(path: AnyPath, what: str, found: object, locked: object) -> InputError:
    return InputError(f"{path}: {what}: found {found}, lock.json has {locked}; {WHICH}")
