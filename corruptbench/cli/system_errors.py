"""Say an error of the system in one sentence: the file, what is wrong, what to do."""

from __future__ import annotations

import errno

_FULL = "make room"
_RIGHTS = "get the permission, or use another folder"
_SERVER = "the network storage does not answer as before: wait for it, or mount it again"
_UNABLE = "this file system cannot do that: use a folder on another one"

REMEDIES = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: f"{_FULL}, or ask for more",
    errno.EFBIG: "allow larger files (ulimit -f), or use another file system",
    errno.EROFS: "use another folder, or mount the file system for writing",
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EBUSY: "another program has it open: end that program",
    errno.ETXTBSY: "another program has it open: end that program",
    errno.EIO: "the disk or the network storage failed: see the messages of the system (dmesg)",
    errno.ESTALE: _SERVER,
    errno.ETIMEDOUT: _SERVER,
    errno.EHOSTDOWN: _SERVER,
    errno.ENOTCONN: _SERVER,
    errno.EREMOTEIO: _SERVER,
    errno.ENOLCK: _UNABLE,
    errno.ENOSYS: _UNABLE,
    errno.EOPNOTSUPP: _UNABLE,
    errno.EBADF: _UNABLE,
    errno.EINVAL: _UNABLE,
    errno.EMFILE: "allow more open files (ulimit -n)",
    errno.ENFILE: "end other programs: the machine has too many files open",
    errno.ENAMETOOLONG: "use a shorter name",
}
#: What to do where the path is wrong, so that the same command does not help.
OTHER_PATHS = {
    errno.EEXIST: "name another file",
    errno.EISDIR: "expected a file: name one",
    errno.ENOTDIR: "expected a folder there: name another one",
}


def described(error: OSError, left: str) -> str:
    """Return the sentence.

    Args:
        error: of the system. The command adds where it writes, if no file is named.
        left: what the command leaves, such as "; the same command resumes".
    """
    number = error.errno or 0
    advice = f"; {REMEDIES[number]}{left}" if number in REMEDIES else ""
    advice = f"; {OTHER_PATHS[number]}" if number in OTHER_PATHS else advice
    return f"{error.filename}: {error.strerror or error}{advice}"
