"""A child process that answers calls within limits, seen from its parent."""

from __future__ import annotations

import atexit
import os
import pickle
import signal
import sys
import threading
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from corruptbench.progress import short_number
from corruptbench.sandbox.running import START, Running, start

Kind = Literal["value", "refused", "error", "limit", "ended"]

#: How many seconds may pass for each second of processor time: the machine may be busy.
_PATIENCE = 10


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
    with this process. Several threads may call it: their requests are served one after another. The
    child has the next request before it has answered the last one.
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
        self._sending, self._reading = threading.Lock(), threading.Lock()
        self._running: Running | None = None
        #: The last process that a request ended.
        self._lost: Running | None = None
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
        bounds = [limits.memory, limits.seconds, limits.output, limits.patience]
        request = [function, _folder(), bounds, list(arguments)]
        while (answer := self._ask(request, limits)) is None:
            pass  # the request before it ended the process
        return answer

    def _ask(self, request: list[Any], limits: Limits) -> tuple[Kind, Any] | None:
        """Send a request and return its answer; None if the request before it ended the process."""
        with self._sending:
            try:
                running = self._started()
            except (OSError, TypeError) as error:  # no Python, no descriptor, or a path of no text
                reason = f"sys.executable is {sys.executable!r}: {error}"
                return "ended", f"{self._what}, a child process, cannot be started ({reason})"
            # While it works on another request, the limit is that of the thread that waits for it.
            seconds = 0 if self._reading.locked() else limits.patience + START
            try:
                running.send(request, seconds)
                self._reading.acquire()  # in the order of sending
            except BaseException:
                self.stop()
                raise
        kind: Kind = "ended"
        try:
            if running is self._lost:
                return None
            kind, found = self._answer(running, limits)
        finally:
            if kind in ("ended", "limit") and running is not self._lost:
                self._end(running)
            self._reading.release()
        return kind, found

    def _end(self, running: Running) -> None:
        """End a process that broke a limit, ended, or is still at work.

        Where `stop` has ended it, no request that waits is asked again.
        """
        if self._running is running:
            self._lost, self._running = running, None
        running.end()

    def _answer(self, running: Running, limits: Limits) -> tuple[Kind, Any]:
        kind: Kind = "ended"
        try:
            kind, found = running.receive(limits.output + 1000, limits.patience + START)
        except MemoryError:
            found = f"{self._what} gave more than there is memory for"
        except (TypeError, ValueError):
            found = f"{self._what} gave no pair of a kind and an answer"
        except BlockingIOError:
            found = self._cause(-signal.SIGALRM, limits)
        except (EOFError, OSError):
            found = self._cause(running.exit_code(), limits)
        except OverflowError:
            found = stopped(f"{short_number(limits.output / 1e6)} MB of output")
        except pickle.UnpicklingError as error:
            found = f"{self._what} gave another answer than plain data ({error})"
        return kind, found

    def _cause(self, code: int, limits: Limits) -> str:
        """Return why the child ended, by its exit code, which is negative for a signal."""
        if code == -signal.SIGXCPU:
            return stopped(f"{short_number(limits.seconds)} s of processor time")
        if code == -signal.SIGALRM:
            return stopped(f"{short_number(limits.patience)} s")
        if code == -signal.SIGKILL:
            return f"the system killed {self._what} (out of memory?)"
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return f"{self._what} crashed ({how})"

    def _started(self) -> Running:
        """Return the process, which is started where there is none.

        A process that is at work may have ended. The thread that reads its answer finds that out.

        Raises:
            OSError, TypeError: when it cannot be started.
        """
        running = self._running  # read once: another thread may end it now
        if running is None or not (self._reading.locked() or running.is_alive):
            self.stop()
            self._running = running = start(self._environment, self._log, self._confined)
        return running

    @property
    def is_running(self) -> bool:
        """Whether the process was started and has not ended."""
        running = self._running
        return running is not None and running.is_alive

    def stop(self) -> None:
        """End the process, if there is one. The next call starts another.

        A thread that waits for its answer gets "ended".
        """
        if running := self._running:
            self._running = None
            running.end()

    def forget(self) -> None:
        """Leave the process to the process that started it."""
        self._sending, self._reading = threading.Lock(), threading.Lock()
        if self._running:
            self._running.close()
            self._running = None

    def __del__(self) -> None:
        """End the process with its last user."""
        with suppress(Exception):  # the interpreter may be at its end
            self.stop()


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


def _folder() -> str:
    with suppress(OSError):
        return os.getcwd()
    return os.sep
