"""Read a file of another repository in the sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from corruptbench import sandbox


def read(function: str, path: Path, *arguments: Any, remedy: str) -> Any:
    """Return what a function of this folder, such as "cdf:pose", returns for a file.

    Args:
        function: its module and name.
        path: of the file. The function gets it as a text, before its other arguments.
        arguments: its other arguments.
        remedy: what the user can do about a file that cannot be read.

    Raises:
        InputError: the file cannot be read, or not within the limits of a file of its size.
    """
    call, where, limits = f"{__package__}.{function}", str(path), sandbox.Limits.for_file(path)
    return sandbox.run(call, where, *arguments, name=where, remedy=remedy, limits=limits)
