"""Compare what a shard states with what the lock of its build states of it."""

from __future__ import annotations

from corruptbench.errors import InputError
from corruptbench.shards.lock import Lock
from corruptbench.shards.parquet import Shard


def check_identity(shard: Shard, clip: str, lock: Lock) -> None:
    """Raise `InputError` if a shard is of another clip, benchmark or detector than its lock.

    Args:
        shard: from the place of the clip's shard.
        clip: identity of the clip.
        lock: of the build.
    """
    record = shard.record
    if record.benchmark != lock.benchmark:
        raise InputError(
            f"{shard.path}: shard of {record.benchmark}; expected {lock.benchmark}: build into an "
            "empty folder"
        )
    if str(record.clip) != clip:
        raise InputError(
            f"{shard.path}: holds the shard of {record.clip}, expected that of {clip}: delete it "
            "and build again"
        )
    for field in type(record.detector).model_fields:
        found, expected = getattr(record.detector, field), getattr(lock.detector, field)
        if found != expected:
            raise InputError(
                f"{shard.path}: detector.{field}: found {found!r}, lock.json has {expected!r}; one "
                "of them was altered: run the build again, or build into an empty folder"
            )


def check_file(shard: Shard, clip: str, lock: Lock) -> None:
    """Raise `InputError` if the file of a shard is not the one that the build wrote."""
    if shard.sha256 != lock.files[clip]:
        raise InputError(
            f"{shard.path}: its SHA-256 is {shard.sha256[:12]}, lock.json has "
            f"{lock.files[clip][:12]}; the file was altered or a build is under way: run the build "
            "again"
        )
