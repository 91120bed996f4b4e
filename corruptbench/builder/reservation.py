"""Reserve an output folder: for one whole build, or for parts of a build side by side.

A whole build holds the lock of the folder, a part the lock of its number. Each one takes its own
lock first and then looks for those of others. So of a whole build and a part that begin at once
at least one is refused, and parts do not wait for one another. In S3 nothing can be locked.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from corruptbench.builder.lock_file import held, holder_of
from corruptbench.builder.parts import Part
from corruptbench.files import check_folder
from corruptbench.storage import AnyPath, S3Path

_FOLDER, _PARTS = ".build.lock", ".part-*.lock"


@contextmanager
def reserved(out: AnyPath) -> Iterator[Callable[[], None]]:
    """Reserve a folder for one process; give the check of `lock_file.held`.

    Raises:
        InputError: a build, or a part of one, is running in it.
        OSError: the folder cannot be written.
    """
    if isinstance(out, S3Path):
        yield _unlocked(out)
        return
    said = f"{out}: another build is running in this folder; wait for it, or choose another folder"
    with _folder(out), held(out / _FOLDER, said) as check:
        for part in out.glob(_PARTS):
            _refuse(part, said)
            part.unlink(missing_ok=True)  # left by a part that was killed
        yield check


@contextmanager
def reserved_for(part: Part, out: AnyPath) -> Iterator[Callable[[], None]]:
    """Reserve a folder for a part, as `reserved` does; other parts may work in it.

    Raises:
        InputError: a whole build or the same part is running in it.
        OSError: the folder cannot be written.
    """
    if isinstance(out, S3Path):
        yield _unlocked(out)
        return
    same = f"{out}: part {part} is running in this folder already; wait for it"
    with _folder(out), held(out / _PARTS.replace("*", part.name), same) as check:
        _refuse(out / _FOLDER, f"{out}: a whole build is running in this folder; wait for it")
        yield check


def _unlocked(out: S3Path) -> Callable[[], None]:
    """Say that S3 has no locks, and return a check that does nothing."""
    warnings.warn(
        f"{out}: S3 has no locks; do not start a second build, or the same part twice, in this "
        "place before the first one ends",
        stacklevel=3,
    )
    return lambda: None


def _refuse(lock: Path, refusal: str) -> None:
    holder = holder_of(lock)
    if holder is not None:
        raise holder.refusal(refusal)


@contextmanager
def _folder(out: Path) -> Iterator[None]:
    """Make the folder; remove it again when the build leaves it empty (bad input)."""
    check_folder(out)
    with ExitStack() as stack:
        for folder in reversed([p for p in (out, *out.parents) if not p.exists()]):
            stack.callback(_remove_empty, folder)
        out.mkdir(parents=True, exist_ok=True)
        yield


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()
