"""Name processes of several hosts, and tell whether one of this host still runs."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

#: Of a process in the name of a file. A host's name is cut to 64 characters, which Linux allows.
_NAMED = re.compile(r"(?P<pid>\d+)-(?P<start>\d+)-(?P<machine>[0-9a-f]{12})@(?P<host>[\w-]{1,64})")

#: Stands for a boot that the system does not tell: no other process is then taken for one of it.
_UNKNOWN = secrets.token_hex(16)


@dataclass(frozen=True)
class ProcessId:
    """One process, among all processes of all hosts that share a folder.

    Attributes:
        host: name of its host, for people.
        machine: digest of the host's name, its boot, and the namespace of process numbers
            (containers of one host have their own).
        pid: its number there.
        start: when it started, in ticks since the boot; numbers are used again.
    """

    host: str
    machine: str
    pid: int
    start: int

    @property
    def is_here(self) -> bool:
        """Whether this process can see whether that one runs."""
        return self.machine == _machine()

    @property
    def has_ended(self) -> bool:
        """Whether it is of this machine and does not run any more; False if nobody can tell."""
        return self.is_here and not _runs(self.pid, self.start)

    def __str__(self) -> str:
        """Return the process for the name of a file."""
        host = re.sub(r"[^\w-]", "_", self.host, flags=re.ASCII)[:64] or "_"
        return f"{self.pid}-{self.start}-{self.machine}@{host}"


def this_process() -> ProcessId:
    """Return the process that calls."""
    return process_of(os.getpid())


def process_of(pid: int) -> ProcessId:
    """Return the process of this machine that has a number."""
    start = 0
    with suppress(OSError):
        _, start = _stat(pid)
    return ProcessId(os.uname().nodename, _machine(), pid, start)


def process_in(name: str) -> ProcessId | None:
    """Return the process that the name of a file holds; None if there is none."""
    found = _NAMED.search(name)
    if found is None:
        return None
    return ProcessId(found["host"], found["machine"], int(found["pid"]), int(found["start"]))


def _machine() -> str:
    """Return the digest that is the same for all processes whose numbers this one can look at."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        boot, namespace = _UNKNOWN, 0
    text = f"{os.uname().nodename} {boot} {namespace}"
    return hashlib.sha256(os.fsencode(text)).hexdigest()[:12]


def _runs(pid: int, start: int) -> bool:
    """Tell whether a process of this machine runs.

    A killed process is still listed, in state Z or X, until its parent has asked for its end.
    """
    try:
        state, started = _stat(pid)
    except OSError:  # there is no such process, or /proc does not show those of other users
        return _exists(pid)
    return state not in (b"Z", b"X") and started == start


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _stat(pid: int) -> tuple[bytes, int]:
    """Return the state and the start of a process, as in proc(5).

    The second field there is a name in brackets, of any characters.
    """
    fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    return fields[0], int(fields[19])
