"""The file that was given as --annotations: of the right kind?"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from corruptbench.errors import InputError
from corruptbench.formats.safe_pickle import load_npz, load_pickle, looks_pickled


def read_npz(path: Path, expected: str) -> dict[str, Any]:
    """The entries of an ``.npz``; raises `InputError` as `load_npz`, and for a pickle."""
    if path.is_file() and looks_pickled(path):
        raise InputError(f"{path}: a pickle; expected an .npz, {expected}: give that")
    return load_npz(path)


def read_pickle(path: Path, expected: str) -> Any:
    """The content of a pickle; raises `InputError` as `load_pickle`, and for an ``.npz``."""
    if path.is_file() and zipfile.is_zipfile(path):
        raise InputError(f"{path}: an .npz; expected a pickle, {expected}: give that")
    return load_pickle(path)
