"""Write files that are complete or absent, and hash files."""

from __future__ import annotations

import hashlib
import os
import uuid
from contextlib import suppress
from pathlib import Path


def sha256_of(path: Path) -> str:
    """Return the SHA-256 (hex) of a file's bytes. Raises OSError when it cannot be read."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def found_at(path: Path) -> str:
    """Say what is at a path, for an error that expected something else there."""
    if path.is_dir():
        return "a folder"
    if path.is_file():
        return "a file"
    return "a device or pipe" if path.exists() else "no such file"


def write_atomic(path: Path, content: bytes) -> None:
    """Write `content` to `path` such that no reader ever sees a part of it.

    The bytes go to a temporary file in the same folder and are flushed to the disk. Then the file
    is renamed to `path`. Any number of processes on any number of machines may do so at once: the
    last rename wins. On a failure the temporary file is removed and `path` is as it was.

    Raises:
        OSError: the folder cannot be made or written to, or the disk is full; names a file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        with temporary.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except OSError as error:  # write() names no file, and rename() the temporary one
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        with suppress(OSError):
            temporary.unlink()
