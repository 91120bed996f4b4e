"""Files that exist whole or not at all, and their hashes."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary path beside ``path``; what is written there becomes ``path`` on success.

    The data is on disk (fsync) before the rename, so that after a crash, a kill or a full disk
    ``path`` holds the old content or the new one, never a part.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        os.replace(temporary, path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        temporary.unlink(missing_ok=True)


def check_folder(path: Path) -> None:
    """Raises `OSError` if files cannot be written into a folder of that name; makes nothing."""
    place = next(p for p in (path, *path.absolute().parents) if p.exists())
    if not place.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "not a folder", str(place))
    if not os.access(place, os.W_OK):
        raise PermissionError(errno.EACCES, "no permission to write there", str(place))


def write_json(path: Path, value: Any) -> None:
    """Writes JSON, atomically: sorted keys, two spaces, so that equal values are equal bytes."""
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n")


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_of_json(value: Any) -> str:
    """SHA-256 of a value as canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
