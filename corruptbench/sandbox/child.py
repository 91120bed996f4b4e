"""A child process that answers calls within limits, seen from its parent."""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from socket import socket, socketpair
from typing import Any, Literal

Kind = Literal["value", "refused", "error", "limit", "ended"]

#: How many seconds may pass for each second of processor time: the machine may be busy.
_PATIENCE = 10
#: For start and imports, seconds.
_START = 60
#: What the child runs; its arguments are a folder for temporary files (empty for a child that is
#: not confined), and the folders of modules.
_MAIN = (
    "import sys; scratch = sys.argv[1]; sys.path[:] = sys.argv[2:]; "
    "import corruptbench.sandbox.serving as s; s.serve(scratch)"
)


@dataclass(frozen=True)
class Limits:
    """What one call may use.

    Attributes:
        memory: bytes beyond what the child has taken before; infinity for no limit.
        seconds: of processor time; infinity for no limit.
        output: bytes of the result.
        elapsed: seconds that may pass; None for ten times the processor time.
    """

    memory: float = 2**30
    seconds: float = 8
    output: int = 2**30
    elapsed: float | None = None

    @property
    def patience(self) -> float:
        """Seconds that may pass."""
        return _PATIENCE * self.seconds if self.elapsed is None else self.elapsed

    @classmethod
    def for_file(cls, path: Path) -> Limits:
        """Return limits that any honest file of that size is read within."""
        size = path.stat().st_size if path.is_file() else 0
        return cls(2**30 + 3 * size, 8 + size / 1e8, 2**30 + 2 * size)


class Child:
    """A process that is started by the first call and serves all later ones.

    After a breach of a limit or a crash it is stopped, and the next call starts another. It dies
    with this process. Calls of several threads take turns.
    """

    def __init__(
        self,
        what: str,
        environment: Mapping[str, str],
        log: Path | None = None,
        confined: bool = False,
    ) -> None:
        """Prepare a child; start nothing.

        Args:
            what: what it is, for messages, such as "its reader".
            environment: variables that it has beside those of this process.
            log: file that its standard output and error are added to; None for nowhere.
            confined: whether to take its rights, see `corruptbench.sandbox.confinement`.
        """
        self._what, self._environment = what, dict(environment)
        self._log, self._confined = log, confined
        self._lock = threading.Lock()
        self._running: _Running | None = None
        _all.add(self)

    def ask(self, function: str, arguments: Sequence[Any], limits: Limits) -> tuple[Kind, Any]:
        """Call a function in the child.

        Args:
            function: its module and name, such as "corruptbench.formats.cdf:pose".
            arguments: plain data.
            limits: of this call.

        Returns:
            What the answer is and the answer: "value" of the function; "refused", the text of its
            `InputError`; "error", the text of another error; "limit", "ended", why there is none.
        """
        with self._lock:
            bounds = [limits.memory, limits.seconds, limits.output, limits.patience]
            return self._ask([function, _folder(), bounds, list(arguments)], limits)

    def _ask(self, request: list[Any], limits: Limits) -> tuple[Kind, Any]:
        from corruptbench.sandbox.transfer import pack, receive, send

        try:
            running = self._started()
        except (OSError, TypeError) as error:  # no Python, no descriptor, or a path of no text
            reason = f"sys.executable is {sys.executable!r}: {error}"
            return "ended", f"{self._what}, a child process, cannot be started ({reason})"
        kind: Kind = "ended"
        try:
            running.channel.settimeout(min(limits.patience + _START, threading.TIMEOUT_MAX))
            send(running.channel, pack(request))
            kind, found = receive(running.channel, limits.output + 1000)
        except (EOFError, ConnectionError):
            found = self._cause(_exit_code(running.process), limits)
        except TimeoutError:
            found = self._cause(-signal.SIGALRM, limits)
        except OverflowError:
            found = stopped(f"{limits.output / 1e6:.4g} MB of output")
        finally:
            if kind in ("ended", "limit"):  # it broke a limit, ended, or is still at work
                self.stop()
        return kind, found

    def _cause(self, code: int, limits: Limits) -> str:
        """Return why the child ended, by its exit code, which is negative for a signal."""
        if code == -signal.SIGXCPU:
            return stopped(f"{limits.seconds:.3g} s of processor time")
        if code == -signal.SIGALRM:
            return stopped(f"{limits.patience:.3g} s")
        if code == -signal.SIGKILL:
            return f"the system killed {self._what} (out of memory?)"
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return f"{self._what} crashed ({how})"

    def _started(self) -> _Running:
        """Return the process, which is started where there is none.

        Raises:
            OSError, TypeError: when it cannot be started.
        """
        if not self.is_running:
            self.stop()
            self._running = self._start()
        assert self._running
        return self._running

    def _start(self) -> _Running:
        if os.name != "posix":
            raise OSError("files of others are read on POSIX systems only")
        if self._log:
            self._log.parent.mkdir(parents=True, exist_ok=True)
        ours, theirs = socketpair()
        try:
            with theirs, open(self._log or os.devnull, "ab") as log:
                scratch = tempfile.mkdtemp(prefix="corruptbench-") if self._confined else ""
                folders = [*sys.path, str(Path(__file__).parents[2])]
                process = subprocess.Popen(
                    [sys.executable, "-c", _MAIN, scratch, *folders],
                    stdin=theirs.fileno(), stdout=log, stderr=log,
                    env=os.environ | self._environment, start_new_session=True,
                )  # fmt: skip
        except BaseException:
            ours.close()
            raise
        return _Running(process, ours, scratch)

    @property
    def is_running(self) -> bool:
        """Whether the process was started and has not ended."""
        return self._running is not None and self._running.process.poll() is None

    def stop(self) -> None:
        """End the process, if there is one. The next call starts another.

        A thread that waits for its answer gets "ended".
        """
        if running := self._running:
            self._running = None
            running.process.kill()
            running.process.wait()
            running.channel.close()
            if running.scratch:
                with suppress(OSError):
                    os.rmdir(running.scratch)

    def forget(self) -> None:
        """Leave the process to the process that started it."""
        self._lock = threading.Lock()
        if self._running:
            self._running.channel.close()
            self._running = None

    def __del__(self) -> None:
        """End the process with its last user."""
        with suppress(Exception):  # the interpreter may be at its end
            self.stop()


@dataclass(frozen=True)
class _Running:
    process: subprocess.Popen[bytes]
    channel: socket
    scratch: str


_all: weakref.WeakSet[Child] = weakref.WeakSet()


@atexit.register
def _stop_all() -> None:
    for child in list(_all):
        child.stop()


def _forget_all() -> None:
    for child in list(_all):
        child.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


def stopped(what: str) -> str:
    """Return the sentence about a limit."""
    return f"stopped at the limit of {what}"


def _exit_code(process: subprocess.Popen[bytes]) -> int:
    """Return the exit code of a process that has closed its socket."""
    try:
        return process.wait(_START)
    except subprocess.TimeoutExpired:
        return 0


def _folder() -> str:
    with suppress(OSError):
        return os.getcwd()
    return os.sep
