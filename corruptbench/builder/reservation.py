"""Reserve an output folder: for one whole build, or for parts of a build side by side.

A part holds a shared lock of the folder and the lock of its own number. A whole build holds the
folder alone. The locks lie on files that are open for writing, as network file systems ask for.
The system frees a lock when its process ends in any way.
"""

from __future__ import annotations

import fcntl
import os
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from corruptbench.builder.parts import Part
from corruptbench.errors import InputError

_FOLDER, _PARTS = ".build.lock", ".part-*.lock"


@contextmanager
def reserved(out: Path) -> Iterator[None]:
    """Reserve a folder for one process.

    Raises:
        InputError: a build, or a part of one, is running in it.
    """
    said = f"{out}: another build is running in this folder; wait for it, or choose another folder"
    with _folder(out), _locked(out / _FOLDER, fcntl.LOCK_EX, said):
        yield
        for path in out.glob(_PARTS):  # left by parts that were killed
            path.unlink()


@contextmanager
def reserved_for(part: Part, out: Path) -> Iterator[None]:
    """Reserve a folder for a part; other parts may work in it at the same time.

    Raises:
        InputError: a whole build or the same part is running in it.
    """
    whole = f"{out}: a whole build is running in this folder; wait for it"
    same = f"{out}: part {part} is running in this folder already; wait for it"
    own = out / _PARTS.replace("*", part.name)
    with (
        _folder(out),
        _locked(out / _FOLDER, fcntl.LOCK_SH, whole),
        _locked(own, fcntl.LOCK_EX, same),
    ):
        yield


@contextmanager
def _folder(out: Path) -> Iterator[None]:
    """Make the folder; remove it again when the build leaves it empty (bad input)."""
    with ExitStack() as stack:
        for folder in reversed([p for p in (out, *out.parents) if not p.exists()]):
            stack.callback(_remove_empty, folder)
        out.mkdir(parents=True, exist_ok=True)
        yield


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


@contextmanager
def _locked(path: Path, kind: int, refusal: str) -> Iterator[None]:
    """Hold a lock on a file, which is made for it and removed by its last holder."""
    handle = _open_locked(path, kind, refusal)
    try:
        yield
    finally:
        with suppress(OSError):  # others hold it, or there are no locks
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
        os.close(handle)


def _open_locked(path: Path, kind: int, refusal: str) -> int:
    """Open and lock a file; again where its last holder removed it in between."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(handle, kind, path.parent, refusal)
        except InputError:
            os.close(handle)
            raise
        if _lies_at(path, handle):
            return handle
        os.close(handle)


def _lies_at(path: Path, handle: int) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(handle), path.stat())
    return False


def _lock(handle: int, kind: int, out: Path, refusal: str) -> None:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InputError(refusal, "out") from None
    except OSError as error:  # some network file systems have no locks
        warnings.warn(
            f"{out}: its file system cannot lock files ({error.strerror}); do not start a second "
            "build, or the same part twice, in this folder before the first one ends",
            stacklevel=2,
        )
