"""Run a function on untrusted input in a child process with limits of memory, time and output.

A damaged or hostile file can make its reader loop for ever, take all memory, or crash the process.
In the child that is one `InputError`. The child is started by the first call, serves all later
ones, and is started again after a breach. It dies with this process, and Ctrl-C reaches this
process only. Arguments and results are plain data: a reader returns no object of a file's choice.

The limits guard against damage and against files that are made to exhaust the machine. They are no
wall around foreign code: the child has the rights of this process.

Memory is limited on Linux only, where /proc is there. Elsewhere, as on macOS, the limits of time
and output remain. Windows has none of what this needs, and every call is an `InputError`.
"""

from __future__ import annotations

import atexit
import errno
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass
from importlib import import_module
from pathlib import Path
from socket import MSG_DONTWAIT, MSG_PEEK, socket, socketpair
from typing import TYPE_CHECKING, Any

from corruptbench.errors import InputError

if TYPE_CHECKING:
    from corruptbench.transfer import Packed

#: How many seconds may pass for each second of processor time: the machine may be busy.
_PATIENCE = 10
#: For start and imports, seconds.
_START = 60
#: What the child runs; its arguments are the folders in which modules are looked for.
_MAIN = "import sys; sys.path[:] = sys.argv[1:]; import corruptbench.sandbox as s; s.serve()"
#: Pages of address space that this process has, and other numbers (Linux).
STATM = Path("/proc/self/statm")
#: Threads would take address space, and readers have no use for them.
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Limits:
    """What one call may use.

    Attributes:
        memory: bytes beyond what the child has taken before.
        seconds: of processor time; ten times as many may pass.
        output: bytes of the result.
    """

    memory: int = 2**30
    seconds: float = 8
    output: int = 2**30

    @classmethod
    def for_file(cls, path: Path) -> Limits:
        """Return limits that any honest file of that size is read within."""
        size = path.stat().st_size if path.is_file() else 0
        return cls(2**30 + 3 * size, 8 + size / 1e8, 2**30 + 2 * size)


def run(function: str, *arguments: Any, name: str, remedy: str, limits: Limits) -> Any:
    """Return what a function returns for these arguments, in the child.

    Args:
        function: its module and name, such as "corruptbench.formats.cdf:pose".
        arguments: plain data.
        name: the file or the thing that messages begin with.
        remedy: what the user can do; messages end with it.
        limits: of this call.

    Raises:
        InputError: the one that the function raises, or one for a breach of a limit, a crash, or
            any other error of the function.
    """
    with _lock:
        request = [function, _folder(), list(astuple(limits)), list(arguments)]
        kind, found = _ask(request, limits)
    if kind == "value":
        return found
    raise InputError(found if kind == "refused" else f"{name}: {found}; {remedy}")


def _ask(request: list[Any], limits: Limits) -> tuple[str, Any]:
    """Return the kind of the answer, and the value or what to say; "ended" without an answer."""
    from corruptbench.transfer import pack, receive, send

    try:
        child = _started()
    except (OSError, TypeError) as error:  # no Python, no descriptor, or a path of no text
        reason = f"sys.executable is {sys.executable!r}: {error}"
        return "ended", f"its reader, a child process, cannot be started ({reason})"
    kind = "ended"
    try:
        child.channel.settimeout(_PATIENCE * limits.seconds + _START)
        send(child.channel, pack(request))
        kind, found = receive(child.channel, limits.output + 1000)
    except (EOFError, ConnectionError):
        found = _cause(_exit_code(child.process), limits)
    except TimeoutError:
        found = _cause(-signal.SIGALRM, limits)
    except OverflowError:
        found = _limit(f"{limits.output / 1e6:.4g} MB of output")
    finally:
        if kind in ("ended", "limit"):  # it broke a limit, ended, or is still at work
            stop()
    return kind, found


def _exit_code(process: subprocess.Popen[bytes]) -> int:
    """Return the exit code of a process that has closed its socket."""
    try:
        return process.wait(_START)
    except subprocess.TimeoutExpired:
        return 0


def _limit(what: str) -> str:
    return f"stopped at the limit of {what}"


def _cause(code: int, limits: Limits) -> str:
    """Return why a child ended, by its exit code, which is negative for a signal."""
    if code == -signal.SIGXCPU:
        return _limit(f"{limits.seconds:.3g} s of processor time")
    if code == -signal.SIGALRM:
        return _limit(f"{_PATIENCE * limits.seconds:.3g} s")
    if code == -signal.SIGKILL:
        return "the system killed its reader (out of memory?)"
    how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    return f"its reader crashed ({how})"


@dataclass(frozen=True)
class _Child:
    process: subprocess.Popen[bytes]
    channel: socket


_lock = threading.Lock()
_child: _Child | None = None


def _started() -> _Child:
    """Return the child, which is started where there is none.

    Raises:
        OSError, TypeError: when it cannot be started.
    """
    global _child
    if _child and _child.process.poll() is not None:
        stop()
    if not _child:
        if os.name != "posix":
            raise OSError("files of others are read on POSIX systems only")
        ours, theirs = socketpair()
        try:
            with theirs:
                process = subprocess.Popen(
                    [sys.executable, "-c", _MAIN, *sys.path, str(Path(__file__).parents[1])],
                    stdin=theirs.fileno(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                    env=os.environ | _ENVIRONMENT, start_new_session=True,
                )  # fmt: skip
        except BaseException:
            ours.close()
            raise
        _child = _Child(process, ours)
    return _child


def stop() -> None:
    """End the child, if there is one. The next call starts another."""
    global _child
    if _child:
        _child.channel.close()
        _child.process.kill()
        _child.process.wait()
        _child = None


def _forget() -> None:
    """Leave the child to the process that started it."""
    global _child, _lock
    _lock = threading.Lock()
    if _child:
        _child.channel.close()
        _child = None


atexit.register(stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def _folder() -> str:
    with suppress(OSError):
        return os.getcwd()
    return os.sep


# In the child:


def serve() -> None:
    """Answer requests until the other process closes the socket, which is standard input."""
    from corruptbench.transfer import receive, send

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A caller may block or ignore these, and a child inherits that: then no limit would work.
    limits = (signal.SIGALRM, signal.SIGXCPU, signal.SIGIO)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, limits)
    for number in limits:
        signal.signal(number, signal.SIG_DFL)
    channel = socket(fileno=0)
    with suppress(EOFError, ConnectionError):
        while True:
            send(channel, _answer(channel, *receive(channel)))


def _answer(
    channel: socket, function: str, folder: str, limits: list[Any], arguments: list[Any]
) -> Packed:
    """Return the message that answers a request."""
    from corruptbench.transfer import pack, size

    try:
        module, name = function.split(":")
        call = getattr(import_module(module), name)
        os.chdir(folder)
        memory, seconds, output = limits
        with _dying_with(channel), _limited(memory, seconds):
            packed = pack(["value", call(*arguments)])
        if size(packed) > output:
            return pack(["limit", _limit(f"{output / 1e6:.4g} MB of output")])
        return packed
    except Exception as error:
        if _is_memory(error):
            return pack(["limit", _limit(f"{memory / 1e6:.4g} MB of memory")])
        if isinstance(error, InputError):
            return pack(["refused", str(error)])
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"[:500]
        return pack(["error", f"cannot be read ({reason}), it may be damaged or truncated"])


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


@contextmanager
def _limited(memory: int, seconds: float) -> Iterator[None]:
    """Limit memory, and time by signals that end the process, whatever it does."""
    import resource

    def limit(kind: int, most: float) -> None:
        hard = resource.getrlimit(kind)[1]
        finite = [int(n) for n in (most, hard) if n not in (math.inf, resource.RLIM_INFINITY)]
        resource.setrlimit(kind, (min(finite, default=resource.RLIM_INFINITY), hard))

    if sys.platform == "linux":
        limit(resource.RLIMIT_AS, _address_space() + memory)
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_CPU, math.ceil(time.process_time() + seconds))
    signal.setitimer(signal.ITIMER_REAL, _PATIENCE * seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        limit(resource.RLIMIT_CPU, math.inf)
        if sys.platform == "linux":
            limit(resource.RLIMIT_AS, math.inf)


@contextmanager
def _dying_with(channel: socket) -> Iterator[None]:
    """End this process by SIGIO when the other one closes the socket or dies.

    The other one sends nothing during a call, so that nothing else raises the signal.
    """
    import fcntl

    flags = fcntl.fcntl(channel, fcntl.F_GETFL)
    fcntl.fcntl(channel, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(channel, fcntl.F_SETFL, flags | os.O_ASYNC)
    try:
        with suppress(BlockingIOError):
            if not channel.recv(1, MSG_PEEK | MSG_DONTWAIT):
                raise EOFError  # it died before the signal was set
        yield
    finally:
        fcntl.fcntl(channel, fcntl.F_SETFL, flags)
