"""Files that old and new NumPy read, and that are equal bytes for equal content."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

#: The last protocol whose names are plain text, which they must be to be replaced.
_PROTOCOL = 3


def pickled(value: Any) -> bytes:
    """A pickle of arrays and containers.

    NumPy 2 names its modules so that older ones, which most repositories pin, cannot find them; by
    the older names both can.
    """
    text = pickle.dumps(value, _PROTOCOL)
    return text.replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")


def write_pickle(path: Path, value: Any) -> None:
    """Writes a pickle."""
    path.write_bytes(pickled(value))


def write_npy(path: Path, array: np.ndarray[Any, Any]) -> None:
    """Writes an array."""
    with path.open("wb") as stream:
        np.lib.format.write_array(stream, array, allow_pickle=False)


def write_npz(path: Path, entries: Mapping[str, Any]) -> None:
    """Writes arrays and dictionaries as `numpy.savez_compressed` does, undated."""
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
