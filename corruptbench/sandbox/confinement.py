"""Take the rights of this process that foreign code does not need (Linux).

The process moves into user, mount and network namespaces of its own. All file systems become
read-only for it, except a small one in memory, which is its folder for temporary files. What it
writes to /dev/shm goes there, too. It may also write to the files of its own threads in /proc
(their names, memory and what the system does with them when memory is short), and to no other
process: CUDA does not start where everything is read-only, and names its threads there. The process
has no network. Then it gives up all capabilities, so that it cannot undo this. It still reads every
file that its user may read, it can send signals to the user's processes, and it can talk to
programs of this machine through sockets in the file system, such as those of Docker or D-Bus. Where
the system does not permit namespaces (some containers, Linux before 5.12, other systems), nothing
is taken.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

_NEWNS, _NEWUSER, _NEWNET = 0x00020000, 0x10000000, 0x40000000
_REC, _PRIVATE, _NOSUID, _NODEV, _BIND = 0x4000, 0x40000, 0x2, 0x4, 0x1000
_AT_FDCWD, _AT_RECURSIVE, _MOUNT_ATTR_RDONLY = -100, 0x8000, 1
_SYS_MOUNT_SETATTR = 442  # the same on all architectures
_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _LAST_CAPABILITY = 24, 38, 63
_CAPABILITY_VERSION = 0x20080522
_SHARED_MEMORY = "/dev/shm"
#: Bytes of temporary files, and of the log, that the process may write.
SCRATCH, LONGEST_FILE = 2**28, 2**28

_confined = False


def is_confined() -> bool:
    """Tell whether this process is confined."""
    return _confined


def confine(scratch: str) -> None:
    """Confine this process, if the system permits it. It must have one thread.

    Args:
        scratch: an empty folder, over which the file system in memory is mounted.
    """
    global _confined
    _limit_files()
    if sys.platform == "linux":
        try:
            _confine(ctypes.CDLL(None, use_errno=True), scratch)
            _confined = True
        except (OSError, AttributeError):
            _confined = False


def _limit_files() -> None:
    """Bound the size of each file that is written; a write beyond it is an error, no signal."""
    import resource
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    most = LONGEST_FILE if hard == resource.RLIM_INFINITY else min(LONGEST_FILE, hard)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def _confine(libc: ctypes.CDLL, scratch: str) -> None:
    user, group = os.getuid(), os.getgid()
    _must(libc.unshare(_NEWUSER | _NEWNS | _NEWNET))
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{user} {user} 1")
    _write("/proc/self/gid_map", f"{group} {group} 1")
    _must(libc.mount(None, b"/", None, ctypes.c_ulong(_REC | _PRIVATE), None))
    # Not getpid: /proc may be of another namespace.
    own = f"/proc/{os.readlink('/proc/self')}/task".encode()
    is_bound = not libc.mount(own, own, None, ctypes.c_ulong(_BIND), None)
    _must(_set_attributes(libc, b"/", _AT_RECURSIVE, added=_MOUNT_ATTR_RDONLY))
    if is_bound:
        _must(_set_attributes(libc, own, 0, removed=_MOUNT_ATTR_RDONLY))
    size = f"size={SCRATCH}".encode()
    flags = ctypes.c_ulong(_NOSUID | _NODEV)
    _must(libc.mount(b"tmpfs", os.fsencode(scratch), b"tmpfs", flags, size))
    _own_shared_memory(libc, scratch)
    os.environ["TMPDIR"] = scratch
    _give_up_capabilities(libc)


def _own_shared_memory(libc: ctypes.CDLL, scratch: str) -> None:
    """Let the process write to /dev/shm in memory of its own, where the system can do that."""
    layers = {name: f"{scratch}/.shm/{name}" for name in ("upper", "work")}
    for folder in layers.values():
        os.makedirs(folder)
    options = f"lowerdir={_SHARED_MEMORY},upperdir={layers['upper']},workdir={layers['work']}"
    flags = ctypes.c_ulong(_NOSUID | _NODEV)
    # It may fail: then /dev/shm stays read-only.
    libc.mount(b"overlay", _SHARED_MEMORY.encode(), b"overlay", flags, options.encode())


def _set_attributes(
    libc: ctypes.CDLL, path: bytes, flags: int, added: int = 0, removed: int = 0
) -> int:
    attributes = struct.pack("QQQQ", added, removed, 0, 0)
    number, folder, flag, size = map(
        ctypes.c_long, (_SYS_MOUNT_SETATTR, _AT_FDCWD, flags, len(attributes))
    )
    return int(libc.syscall(number, folder, path, flag, attributes, size))


def _give_up_capabilities(libc: ctypes.CDLL) -> None:
    for number in range(_LAST_CAPABILITY + 1):
        libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0)  # fails beyond the last one of the system
    _must(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    header = struct.pack("Ii", _CAPABILITY_VERSION, 0)
    _must(libc.capset(header, bytes(24)))


def _must(code: int) -> None:
    if code:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as stream:
        stream.write(text)
