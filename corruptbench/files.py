"""Write files that exist whole or not at all, and hash files."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import Any

from corruptbench.errors import InputError, named
from corruptbench.process_id import this_process
from corruptbench.storage import AnyPath, S3Path, found_at


@contextmanager
def atomic(path: AnyPath) -> Iterator[Path]:
    """Give a temporary path beside ``path``; what is written there becomes ``path`` on success.

    The data is on disk (fsync) before the rename. After a crash, a kill or a full disk ``path``
    holds the old content or the new content, never a part. The temporary file names the process.
    The same is true in S3, for which it is in the folder for temporary files.

    Raises:
        OSError: the folder cannot be written, or the disk is full; names ``path``.
        StorageError: S3 cannot be reached, or refuses.
    """
    if isinstance(path, S3Path):
        with path.uploaded() as temporary:
            yield temporary
        return
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise _not_regular(path)
    temporary = path.with_name(f".{_mark(path)}.{this_process()}.part")
    with named(path, temporary):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            with temporary.open("rb+") as stream:
                os.fsync(stream.fileno())
            os.replace(temporary, path)
        finally:
            remove_quietly(temporary)
        sync_folder(path.parent)


@contextmanager
def open_regular(path: Path) -> Iterator[BufferedReader]:
    """Open a regular file for reading. Do not wait for the writer of a pipe, who may never come.

    Raises:
        OSError: it cannot be opened, or is a device or pipe; names ``path``.
    """
    with open(path, "rb", opener=_open_at_once) as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise _not_regular(path)
        yield stream


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # Windows has no such pipes


def _not_regular(path: Path) -> OSError:
    # EEXIST: what is there is in the way. The command line adds what to do.
    return FileExistsError(errno.EEXIST, "a device or pipe, expected a regular file", str(path))


def write_together(contents: Mapping[Path, bytes]) -> None:
    """Write files atomically. All are on disk before the last one gets its name, then the others.

    So a full disk leaves what was there, of all of them.

    Raises:
        OSError: one cannot be written; it is named.
    """
    with ExitStack() as stack:
        for path, content in contents.items():
            temporary = stack.enter_context(atomic(path))
            with named(path), temporary.open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())


def remove_quietly(path: Path) -> None:
    """Remove a file that is of no use, if it is there; an error matters more than what it left."""
    with suppress(OSError):
        path.unlink()


def temporaries(path: AnyPath) -> list[Path]:
    """Return the temporary files for ``path`` that killed processes left, or that live ones use.

    For a path in S3 there is none beside it.
    """
    if isinstance(path, S3Path):
        return []
    return sorted(path.parent.glob(f".{_mark(path)}.*.part"))


def _mark(path: Path) -> str:
    """Return the hash of a file's name, as the name may be as long as the file system allows."""
    return hashlib.sha256(os.fsencode(path.name)).hexdigest()[:12]


def sync_folder(folder: Path) -> None:
    """Put a rename on disk; some network file systems refuse this for folders, which is no harm."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def check_folder(path: Path) -> None:
    """Check that files can be written into a folder of that name; make nothing.

    Raises:
        OSError: they cannot; it names the place that is in the way.
    """
    place = next(p for p in (path, *path.absolute().parents) if p.exists())
    if not place.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "not a folder", str(place))
    if not os.access(place, os.W_OK):
        raise PermissionError(errno.EACCES, "no permission to write there", str(place))


def check_file_name(path: Path, parameter: str) -> None:
    """Check that nothing but a file is at a path, so that a file can be written there.

    Args:
        path: of the file.
        parameter: name of the argument, for the error.

    Raises:
        InputError: a folder, a device or a pipe is there.
    """
    if path.exists() and not path.is_file():
        found = found_at(path)
        raise InputError(f"{path}: {found}; expected a file: name another one", parameter)


def write_json(path: AnyPath, value: Any) -> None:
    """Write JSON atomically, with sorted keys and two spaces: equal values give equal bytes."""
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def sha256_of_file(path: AnyPath) -> str:
    """Return the SHA-256 of a file's content, as 64 hexadecimal digits."""
    with named(path), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_of_json(value: Any) -> str:
    """Return the SHA-256 of a value as canonical JSON, as 64 hexadecimal digits."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def optional_path(value: str | Path | None) -> Path | None:
    """Return an argument as a path; None stays None."""
    return None if value is None else Path(value)
