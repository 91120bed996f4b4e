"""One writer of a board at a time, on network file systems, too."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import SoftFileLock, Timeout

#: Seconds that a writer waits for another one. Our own choice: a row is written in less than one.
PATIENCE = 60.0
#: The file that a writer creates exclusively. Boards ignore names that begin with a dot.
LOCK_FILE = ".lock"


@contextmanager
def locked(board: Path) -> Iterator[None]:
    """Hold a board for as long as the block runs; nobody else adds or changes a row meanwhile.

    The folder is made if it is missing, and removed again if nothing was put there. The lock of a
    process of this machine that has ended is removed.

    Raises:
        OSError: another process does not release the board, or the folder cannot be written.
    """
    made = [folder for folder in (board, *board.parents) if not folder.exists()]
    board.mkdir(parents=True, exist_ok=True)
    path = board / LOCK_FILE
    try:
        with SoftFileLock(path, timeout=PATIENCE):
            yield
    except Timeout:
        text = (
            f"another process has written to this board for more than {PATIENCE:.0f} s; if none "
            "does, remove the file"
        )
        raise OSError(errno.EAGAIN, text, str(path)) from None
    finally:
        for folder in made:
            with suppress(OSError):  # it holds something
                folder.rmdir()
