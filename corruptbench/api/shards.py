"""Open the shards of a finished build."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from corruptbench.files import optional_path
from corruptbench.storage import S3Path, any_path

if TYPE_CHECKING:
    from corruptbench.shards.shard_set import ShardSet


def open_shards(
    folder: str | Path | S3Path = "shards",
    root: str | Path | None = None,
    manifest: str | Path | None = None,
) -> ShardSet:
    """Open the folder of a finished build.

    Args:
        folder: the ``out`` of the build, also "s3://bucket/prefix".
        root: folder of the data set, for the labels; None for the embedded studio set.
        manifest: id or path; by default the shipped manifest that the lock names.

    Returns:
        The shards. ``for clip, detections in shards.clips()`` gives each clip with its labels and
        the detections of all its cells.

    Raises:
        InputError: the build is not finished, or was made from another manifest.
        errors.StorageError: S3 cannot be reached, or refuses.
    """
    from corruptbench.shards import shard_set

    name = None if manifest is None else str(manifest)
    return shard_set.open_shards(any_path(folder), optional_path(root), name)
