"""Text files that people edit: whatever an editor puts before the text."""

from __future__ import annotations

from pathlib import Path

from corruptbench.errors import InputError, named
from corruptbench.storage import AnyPath, found_at


def read_text(path: AnyPath) -> str:
    """Return the text of a file in UTF-8, without a byte order mark.

    Raises:
        InputError: when it is in another encoding.
    """
    if isinstance(path, Path) and path.exists() and not path.is_file():  # a pipe never ends
        raise InputError(f"{path}: {found_at(path)}; expected a text file: name that file")
    with named(path):
        data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        found = "UTF-16" if b"\0" in data[:4] or data[:1] in b"\xff\xfe" else "another encoding"
        raise InputError(f"{path}: text in {found}, expected UTF-8: save it again as UTF-8")
    return text
