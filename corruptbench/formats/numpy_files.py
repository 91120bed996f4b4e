"""Pickles, ``.npy`` and ``.npz`` of other repositories.

They are read as data only (`safe_pickle`). What is written opens in old and new NumPy, and equal
content gives equal bytes.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from corruptbench.errors import InputError
from corruptbench.formats import sandboxed

#: The last protocol whose names are plain text, which they must be to be replaced.
_PROTOCOL = 3
_REMEDY = "is the file complete? download it again"


def looks_pickled(path: Path) -> bool:
    """Return whether a file is a pickle by its name or its first byte."""
    with path.open("rb") as stream:
        return path.suffix in (".pkl", ".pickle") or stream.read(1) == pickle.PROTO


def read_npz(path: Path, expected: str) -> dict[str, Any]:
    """Return the entries of an ``.npz``: arrays, or what a 0-d object array holds.

    Args:
        path: of the file.
        expected: what the file should be, in words.

    Raises:
        InputError: for a missing or damaged file, a pickle, and one that holds more than data.
    """
    if path.is_file() and looks_pickled(path):
        raise InputError(f"{path}: a pickle; expected an .npz, {expected}: give that file")
    content: dict[str, Any] = sandboxed.read("safe_pickle:npz_content", path, remedy=_REMEDY)
    return content


def read_pickle(path: Path, expected: str) -> Any:
    """Return the content of a pickle: arrays, containers, texts, bytes and numbers.

    Args:
        path: of the file.
        expected: what the file should be, in words.

    Raises:
        InputError: for a missing or damaged file, an ``.npz``, and one that holds more than data.
    """
    if path.is_file() and zipfile.is_zipfile(path):
        raise InputError(f"{path}: an .npz; expected a pickle, {expected}: give that file")
    return sandboxed.read("safe_pickle:pickle_content", path, remedy=_REMEDY)


def pickled(value: Any) -> bytes:
    """Return a pickle of arrays and containers that NumPy 1 and 2 can load.

    NumPy 2 gives its modules names that older versions do not know. Most repositories pin an older
    one. Both know the older names.
    """
    text = pickle.dumps(value, _PROTOCOL)
    return text.replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")


def write_pickle(path: Path, value: Any) -> None:
    """Write a pickle."""
    path.write_bytes(pickled(value))


def write_npy(path: Path, array: np.ndarray[Any, Any]) -> None:
    """Write an array."""
    with path.open("wb") as stream:
        np.lib.format.write_array(stream, array, allow_pickle=False)


def write_npz(path: Path, entries: Mapping[str, Any]) -> None:
    """Write arrays and dictionaries as `numpy.savez_compressed` does, without dates."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, value in entries.items():
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(info, "w", force_zip64=True) as stream:
                stream.write(_entry(value))


def _entry(value: Any) -> bytes:
    stream = io.BytesIO()
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        np.lib.format.write_array(stream, value, allow_pickle=False)
        return stream.getvalue()
    array = np.array(None, dtype=object)
    array[()] = value
    array = value if isinstance(value, np.ndarray) else array
    header = {"descr": "|O", "fortran_order": False, "shape": array.shape}
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue() + pickled(array)
