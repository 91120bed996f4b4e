"""Lock files: exclusion between processes of several hosts, on file systems without `flock`, too.

A lock is a file that is created exclusively (O_EXCL), which NFS guarantees since version 3. It
names the process that holds it. A thread of that process renews the time of the file, which is its
heartbeat. A holder of this machine is gone when its process has ended. Of another machine nobody
can tell, so its holder is gone when the heartbeat is older than `STALE`. What is compared are
times that the file system gave, as the clocks of the hosts may differ.

Who finds a lock whose holder is gone replaces the file by its own. Of several that do so at once
the last one has it; the others see that a moment later. A holder that was taken for gone (its
machine was asleep) finds another name in the file, and must stop.
"""

from __future__ import annotations

import errno
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from corruptbench.errors import InputError, named
from corruptbench.files import open_regular, remove_quietly
from corruptbench.process_id import ProcessId, process_in, this_process

#: Seconds between two heartbeats, and the age of one from which the holder counts as gone. Both
#: are our own choice: eight heartbeats are missed then, and no cache of NFS is as old (60 s).
PULSE, STALE = 15.0, 120.0
#: Seconds after which a build that goes on looks at its lock again; our own choice.
LOOK = 2.0
#: Seconds after which the winner is known of those that replace a lock at once; our own choice.
SETTLED = 0.5
#: How often a lock is tried that is released in between, again and again.
_TRIES = 20


@dataclass(frozen=True)
class Holder:
    """The content of a lock file, and its age.

    Attributes:
        path: of the file.
        content: of the file.
        process: that holds it; None where the file is empty, as it is at first.
        age: seconds since the last heartbeat; 0 where the process can be looked at. It is below 0
            where a clock was set back.
    """

    path: Path
    content: bytes
    process: ProcessId | None
    age: float

    @property
    def is_gone(self) -> bool:
        """Tell whether the lock may be taken over."""
        return self.age > STALE or (self.process is not None and self.process.has_ended)

    def __str__(self) -> str:
        """Return who it is, for people."""
        if self.process is None:
            return "a process that has not given its name yet"
        return f"process {self.process.pid} on {self.process.host}"

    def refusal(self, text: str) -> InputError:
        """Return the error that the lock is held; the text says of what it is the lock."""
        if self.process is not None and self.process.is_here:
            return InputError(f"{text} ({self})", "out")
        if self.age < -STALE:  # a holder that lives would have given it the new time
            return InputError(
                f"{text} ({self}; the time of its last sign of life lies {-self.age:.0f} s ahead, "
                f"as a clock was set back: if no build runs, delete {self.path})",
                "out",
            )
        return InputError(
            f"{text} ({self}; its last sign of life was {max(self.age, 0):.0f} s ago, and after "
            f"{STALE:.0f} s it counts as ended)",
            "out",
        )


def holder_of(path: Path) -> Holder | None:
    """Return who holds a lock; None when nobody does, or its holder is gone."""
    found = _read(path)
    return None if found is None or found.is_gone else found


@contextmanager
def held(path: Path, refusal: str) -> Iterator[Callable[[], None]]:
    """Hold a lock for as long as the block runs.

    Give a function that raises `InputError` when another process has taken the lock over. Call it
    before anything is written.

    Args:
        path: of the lock file.
        refusal: says that another process holds the lock; it is named after this.

    Raises:
        InputError: another process holds the lock.
        OSError: the file cannot be written.
    """
    own = f"{this_process()} {secrets.token_hex(8)}\n".encode()
    other = _take(path, own)
    if other is not None:
        raise other.refusal(refusal)
    lock = _Lock(path, own)
    try:
        yield lock.check
    except Exception:
        lock.look()
        lock.check()  # a lost lock explains what else went wrong: its new holder removes files
        raise
    finally:
        lock.release()


class _Lock:
    """A lock that this process holds."""

    def __init__(self, path: Path, own: bytes) -> None:
        self._path, self._own = path, own
        self._lost, self._seen = False, time.time()
        self._ended = threading.Event()
        threading.Thread(target=self._beat, daemon=True).start()

    def check(self) -> None:
        """Raise `InputError` if the lock was taken over or removed; look at it now and then."""
        if abs(time.time() - self._seen) > LOOK:
            self.look()
        if self._lost:
            other = _read(self._path)
            by = f"{other} has taken it over" if other else "its lock was removed"
            raise InputError(
                f"{self._path.parent}: this build does not hold the folder any more: {by}. Was "
                f"this process stopped, or its machine asleep, for more than {STALE:.0f} s? The "
                "build ends, and finished clips stay. Wait for the other one, then run again",
                "out",
            )

    def look(self) -> None:
        """See whether the lock is still held."""
        try:
            with open_regular(self._path) as stream:
                self._lost = stream.read() != self._own
        except (FileNotFoundError, FileExistsError):  # removed, or in its place a pipe
            self._lost = True
        except OSError:  # the file system does not answer: next time
            return
        self._seen = time.time()

    def release(self) -> None:
        """Remove the lock, if it is still held."""
        self._ended.set()
        self.look()
        if not self._lost:
            remove_quietly(self._path)

    def _beat(self) -> None:
        while not self._ended.wait(PULSE):
            self.look()
            if not self._lost:
                with suppress(OSError):
                    os.utime(self._path)


def _take(path: Path, own: bytes) -> Holder | None:
    """Take a lock; return its holder if that is another process."""
    for _ in range(_TRIES):
        if _created(path, own):
            return None
        found = _read(path)
        if found is None:  # it was released just now
            continue
        if not found.is_gone:
            return found
        _replace(path, own)
        time.sleep(SETTLED)
        found = _read(path)
        if found is not None and found.content == own:
            return None
    raise FileExistsError(errno.EEXIST, "can be neither read nor made; remove it", str(path))


def _created(path: Path, own: bytes) -> bool:
    """Create a lock file; return False when there is one already."""
    try:
        stream = path.open("xb")
    except FileExistsError:
        return False
    try:
        with named(path), stream:
            stream.write(own)
    except OSError:
        remove_quietly(path)
        raise
    return True


def _replace(path: Path, own: bytes) -> None:
    """Write a lock file in place of the one that is there."""
    temporary = path.with_name(f".{secrets.token_hex(8)}.{this_process()}.part")
    with named(path, temporary), suppress(FileNotFoundError):  # the winner removes those of losers
        try:
            temporary.write_bytes(own)
            os.replace(temporary, path)
        finally:
            remove_quietly(temporary)


def _read(path: Path) -> Holder | None:
    """Read a lock file; return None when there is none.

    To open a file makes NFS ask the server for its time.
    """
    try:
        with named(path), open_regular(path) as stream:
            content, beat = stream.read(), os.fstat(stream.fileno()).st_mtime
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ESTALE):  # ESTALE: it was removed just now
            return None
        raise
    process = process_in(content.decode(errors="replace"))
    if process is not None and process.is_here:
        return Holder(path, content, process, 0.0)
    return Holder(path, content, process, _now(path.parent) - beat)


def _now(folder: Path) -> float:
    """Return the time that the file system gives to a file that is made now."""
    probe = folder / f".clock.{this_process()}.part"
    with named(probe):
        try:
            with probe.open("wb") as stream:
                return os.fstat(stream.fileno()).st_mtime
        finally:
            remove_quietly(probe)
