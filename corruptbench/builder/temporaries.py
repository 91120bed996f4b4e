"""Remove the temporary files that a killed build left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path

from corruptbench.builder.plan import WorkItem
from corruptbench.files import temporaries
from corruptbench.process_id import ProcessId, process_in, this_process
from corruptbench.storage import AnyPath, S3Path


@contextmanager
def without_temporaries(out: AnyPath) -> Iterator[None]:
    """Remove those of all clips before and after the block, which holds the folder alone.

    In S3 there are none.
    """
    if isinstance(out, S3Path):
        yield
        return

    def found() -> Iterable[Path]:
        folders = (out / "keypoints", out / "videos")
        return chain(out.glob(".*.part"), *(f.rglob(".*.part") for f in folders))

    with _swept(found):
        yield


@contextmanager
def without_temporaries_of(items: Sequence[WorkItem]) -> Iterator[None]:
    """Remove those of these clips alone, as other parts write theirs; see `without_temporaries`."""

    def found() -> Iterable[Path]:
        videos = (item.videos.glob(".*.part") for item in items if item.videos)
        return chain(*(temporaries(item.path) for item in items), *videos)

    with _swept(found):
        yield


@contextmanager
def _swept(found: Callable[[], Iterable[Path]]) -> Iterator[None]:
    """Remove before the block what others left, and after it what workers of this build left.

    What a process of another machine left may go before the block: it does not hold the lock, so it
    has ended or will stop. After the block it may not, as the lock may have been lost meanwhile.
    """
    for path in list(found()):
        if not _in_use(process_in(path.name)):
            path.unlink(missing_ok=True)
    try:
        yield
    finally:
        with suppress(OSError):  # what ended the build matters more
            for path in list(found()):
                owner = process_in(path.name)
                if owner is not None and owner.is_here and not _in_use(owner):
                    path.unlink(missing_ok=True)


def _in_use(owner: ProcessId | None) -> bool:
    """Tell whether another process of this machine is writing: a worker may outlive its build."""
    return owner is not None and owner != this_process() and owner.is_here and not owner.has_ended
