"""Write files and folders that appear whole or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Give a path to write to; the file or folder that is written there becomes ``path``.

    The data is on disk (fsync) before the rename. A file replaces an older one; a folder never
    replaces one that holds something. A failure leaves nothing behind, and no new parent folder.

    Raises:
        OSError: ``path`` cannot be written; names a file.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise OSError(errno.EEXIST, "a device or pipe, expected a regular file", str(path))
    made = [folder for folder in path.parents if not folder.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(
            prefix=f".{path.name}.", dir=path.parent, ignore_cleanup_errors=True
        ) as folder:
            new = Path(folder) / path.name
            yield new
            for part in (*new.rglob("*"), new):
                _sync(part)
            os.replace(new, path)
    except BaseException as error:
        for parent in made:
            with suppress(OSError):
                parent.rmdir()
        # write() names no file, rename() the temporary one first.
        if isinstance(error, OSError) and (error.filename is None or error.filename2 is not None):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    _sync(path.parent)


def _sync(path: Path) -> None:
    """Put a file, or the names in a folder, on disk."""
    # Some network file systems refuse this for folders. The rename is then as safe as they make it.
    with suppress(OSError) if path.is_dir() else nullcontext():
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
