"""Whether the file that a command is asked for can be written."""

from __future__ import annotations

from pathlib import Path

from corruptbench.errors import InputError
from corruptbench.files import check_folder


def check_target(target: Path, suffixes: dict[str, str], source: Path | None) -> None:
    """Called before any work is done; writes nothing. A file that is there may be written over.

    Args:
        target: the file.
        suffixes: those that it may have, in lower case, and what each of them means.
        source: what it is made from, which it must not be.

    Raises:
        InputError: when it cannot be written, or must not.
    """
    expected = " or ".join(f"{s} ({meaning})" if meaning else s for s, meaning in suffixes.items())
    if target.is_dir():
        raise InputError(f"{target}: a folder; expected the name of a file, {expected}")
    if target.suffix.lower() not in suffixes:
        raise InputError(f"{target}: suffix '{target.suffix}'; expected {expected}")
    if source is not None and target.resolve() == source.resolve():
        raise InputError(f"{target}: the same file as the source; name another")
    try:
        check_folder(target.parent)
    except OSError as error:
        raise InputError(
            f"{target}: cannot be written: {error.filename}: {error.strerror}; "
            "expected a place in a folder: name another"
        ) from None
