"""What the child process of `corruptbench.sandbox` runs."""

from __future__ import annotations

import errno
import math
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from socket import MSG_DONTWAIT, socket
from typing import TYPE_CHECKING, Any

from corruptbench.errors import InputError
from corruptbench.progress import short_number
from corruptbench.sandbox.child import stopped

if TYPE_CHECKING:
    from corruptbench.sandbox.transfer import Packed

#: Pages of address space that this process has, and other numbers (Linux).
STATM = Path("/proc/self/statm")
#: Bytes that this process had when its memory was limited first, if it is confined. A reader leaves
#: nothing behind, so that each call has its own limit. A model stays, and all its calls have one.
_base: float | None = None
_keeps = False


def serve(life: int, scratch: str) -> None:
    """Answer requests until the other process closes the socket, which is standard input.

    Args:
        life: descriptor of a socket that the other process closes, at the latest when it dies.
        scratch: an empty folder, if rights are given up first, while there is one thread; empty if
            they are not.
    """
    from corruptbench.sandbox.transfer import receive, send

    if scratch:
        from corruptbench.sandbox.confinement import confine

        global _keeps
        _keeps = True
        confine(scratch)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A caller may block or ignore these, and a child inherits that: then no limit would work.
    limits = (signal.SIGALRM, signal.SIGXCPU, signal.SIGIO)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, limits)
    for number in limits:
        signal.signal(number, signal.SIG_DFL)
    channel = socket(fileno=0)
    with suppress(EOFError, ConnectionError), socket(fileno=life) as alive:
        _die_with(alive)
        while True:
            send(channel, _answer(*receive(channel)))


def _answer(function: str, folder: str, limits: list[float], arguments: list[Any]) -> Packed:
    """Return the message that answers a request."""
    from corruptbench.sandbox.transfer import pack, size

    memory, seconds, output, patience = limits
    try:
        module, name = function.split(":")
        call = getattr(import_module(module), name)
        os.chdir(folder)
        with _limited(memory, seconds, patience):
            packed = pack(["value", call(*arguments)])
        if size(packed) > output:
            return pack(["limit", stopped(f"{short_number(output / 1e6)} MB of output")])
        return packed
    except Exception as error:
        if _is_memory(error):
            return pack(["limit", stopped(f"{short_number(memory / 1e6)} MB of memory")])
        if isinstance(error, InputError):
            return pack(["refused", str(error)])
        return pack(["error", f"{type(error).__name__}: {' '.join(str(error).split())}"[:500]])


def _is_memory(error: BaseException | None) -> bool:
    """Tell whether an error, or one that it was raised for, is a lack of memory."""
    while error is not None:
        if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
            return True
        error = error.__context__
    return False


def _address_space() -> float:
    """Return the bytes that this process has; infinity where the system does not tell."""
    try:
        return int(STATM.read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return math.inf


def _before() -> float:
    """Return the bytes that a limit of memory is added to."""
    global _base
    if not _keeps:
        return _address_space()
    if _base is None:
        _base = _address_space()
    return _base


@contextmanager
def _limited(memory: float, seconds: float, patience: float) -> Iterator[None]:
    """Limit memory, and time by signals that end the process, whatever it does."""
    import resource

    def limit(kind: int, most: float) -> None:
        hard = resource.getrlimit(kind)[1]
        finite = [int(n) for n in (most, hard) if n not in (math.inf, resource.RLIM_INFINITY)]
        resource.setrlimit(kind, (min(finite, default=resource.RLIM_INFINITY), hard))

    if sys.platform == "linux":
        limit(resource.RLIMIT_AS, memory if memory == math.inf else _before() + memory)
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_CPU, _up(time.process_time() + seconds))
    signal.setitimer(signal.ITIMER_REAL, 0 if patience == math.inf else patience)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        limit(resource.RLIMIT_CPU, math.inf)
        if sys.platform == "linux":
            limit(resource.RLIMIT_AS, math.inf)


def _up(seconds: float) -> float:
    return seconds if seconds == math.inf else math.ceil(seconds)


def _die_with(alive: socket) -> None:
    """End this process by SIGIO when the other one closes a socket or dies; it never writes to it.

    The processes that this one has started (its group) end with it.

    Raises:
        EOFError: it was closed already.
    """
    import fcntl

    flags = fcntl.fcntl(alive, fcntl.F_GETFL)
    fcntl.fcntl(alive, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(alive, fcntl.F_SETFL, flags | os.O_ASYNC)
    with suppress(BlockingIOError):
        if not alive.recv(1, MSG_DONTWAIT):
            raise EOFError
