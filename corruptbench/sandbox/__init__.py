"""Run a function on untrusted input in a child process with limits of memory, time and output.

A damaged or hostile file can make its reader loop forever, take all memory, or crash the process.
In the child that is one `InputError`. The child is started by the first call, serves all later
ones, and is started again after a breach. It dies with this process, and Ctrl-C reaches this
process only. Arguments and results are plain data: a reader returns no object of a file's choice.

The limits guard against damage and against files that are made to exhaust the machine. They are no
wall around foreign code: the child has the rights of this process. A child that runs foreign code
is confined further, see `corruptbench.sandbox.confinement`.

Memory is limited on Linux only, where /proc is there. Elsewhere, as on macOS, the limits of time
and output remain. Windows has none of what this needs, and every call is an `InputError`.
"""

from __future__ import annotations

from typing import Any

from corruptbench.errors import InputError
from corruptbench.sandbox.child import Child, Limits

__all__ = ["Child", "Limits", "run", "stop"]

#: Threads would take address space, and readers have no use for them. Neither for the allocator of
#: pyarrow, which reserves 1 GB of it.
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}  # fmt: skip
_readers = Child("its reader", _ENVIRONMENT)


def run(function: str, *arguments: Any, name: str, remedy: str, limits: Limits) -> Any:
    """Return what a reader returns for these arguments, in the child.

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
    kind, found = _readers.ask(function, arguments, limits)
    if kind == "value":
        return found
    if kind == "refused":
        raise InputError(found)
    if kind == "error":
        found = f"cannot be read ({found}), it may be damaged or truncated"
    raise InputError(f"{name}: {found}; {remedy}")


def stop() -> None:
    """End the child of the readers, if there is one. The next call starts another."""
    _readers.stop()
