"""A process that was started to answer requests, and the sockets to it."""

from __future__ import annotations

import math
import os
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from socket import SO_RCVTIMEO, SO_SNDBUF, SO_SNDTIMEO, SOL_SOCKET, socket, socketpair
from typing import Any

#: For start and imports, seconds.
START = 60
#: What the process runs; its arguments are the descriptor of a socket that is open as long as its
#: user lives, a folder for temporary files (empty for one that is not confined), and the folders of
#: modules.
_MAIN = (
    "import sys; life, scratch = sys.argv[1:3]; sys.path[:] = sys.argv[3:]; "
    "import corruptbench.sandbox.serving as s; s.serve(int(life), scratch)"
)
#: Bytes that are sent before the other side reads: the poses of a batch.
_BUFFER = 2**21
#: Longest wait for a socket, seconds: three years.
_LONGEST = 10**8


@dataclass(frozen=True)
class Running:
    """A process that was started.

    Attributes:
        process: the process.
        channel: for requests and answers.
        life: is open as long as its user, and the process ends with it.
        scratch: its folder for temporary files, empty without one.
    """

    process: subprocess.Popen[bytes]
    channel: socket
    life: socket
    scratch: str

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def send(self, request: list[Any], seconds: float) -> None:
        """Send a request. If that fails, there will be no answer.

        Args:
            request: plain data.
            seconds: to wait until the process reads it; 0 for no limit.
        """
        from corruptbench.sandbox.transfer import pack, send

        packed = pack(request)
        with suppress(OSError):
            self._wait(SO_SNDTIMEO, seconds)
            send(self.channel, packed)

    def receive(self, most: float, seconds: float) -> Any:
        """Return an answer, waiting at most so long.

        Raises:
            EOFError, OSError: the process has ended.
            BlockingIOError: it did not answer in time.
            OverflowError: the answer has more than ``most`` bytes.
            pickle.UnpicklingError: it is no plain data.
        """
        from corruptbench.sandbox.transfer import receive

        self._wait(SO_RCVTIMEO, seconds)
        return receive(self.channel, most, time.monotonic() + seconds)

    def _wait(self, option: int, seconds: float) -> None:
        """Limit how long the socket waits.

        With a timeout of Python, a thread would return to the interpreter for each part of a
        message, and wait for its turn each time while others are busy.
        """
        limit = struct.pack("ll", math.ceil(min(seconds, _LONGEST)), 0)
        self.channel.setsockopt(SOL_SOCKET, option, limit)

    def exit_code(self) -> int:
        """Return the exit code of a process that has closed its socket."""
        try:
            return self.process.wait(START)
        except subprocess.TimeoutExpired:
            return 0

    def end(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self.process.wait()
        self.close()
        if self.scratch:
            with suppress(OSError):
                os.rmdir(self.scratch)

    def close(self) -> None:
        """Close the sockets of this process."""
        self.channel.close()
        self.life.close()


def start(environment: Mapping[str, str], log: Path | None, confined: bool) -> Running:
    """Start a process.

    Args:
        environment: variables that it has beside those of this process.
        log: file that its standard output and error are added to; None for nowhere.
        confined: whether to take its rights, see `corruptbench.sandbox.confinement`.

    Raises:
        OSError, TypeError: it cannot be started.
    """
    if os.name != "posix":
        raise OSError("files of others are read on POSIX systems only")
    if log:
        log.parent.mkdir(parents=True, exist_ok=True)
    (ours, theirs), (life, its_life) = socketpair(), socketpair()
    for channel in (ours, theirs):
        channel.setsockopt(SOL_SOCKET, SO_SNDBUF, _BUFFER)
    try:
        with theirs, its_life, open(log or os.devnull, "ab") as printed:
            scratch = tempfile.mkdtemp(prefix="corruptbench-") if confined else ""
            folders = [*sys.path, str(Path(__file__).parents[2])]
            process = subprocess.Popen(
                [sys.executable, "-c", _MAIN, str(its_life.fileno()), scratch, *folders],
                stdin=theirs.fileno(), stdout=printed, stderr=printed,
                pass_fds=[its_life.fileno()], env=os.environ | dict(environment),
                start_new_session=True,
            )  # fmt: skip
    except BaseException:
        ours.close()
        life.close()
        raise
    return Running(process, ours, life, scratch)
