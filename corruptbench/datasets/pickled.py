"""Opens the files with pickles inside that pose repositories exchange, without running them.

A pickle is a program: loading one can call anything. So `opcodes` reads its instructions, those
that build data and no others; stand-ins take down what the file says of its arrays, which are made
from that afterwards (`stand_ins`). Any name that data has no need of is refused.
"""

from __future__ import annotations

import io
import math
import pickle
import zipfile
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from corruptbench.datasets import opcodes
from corruptbench.datasets.stand_ins import made, unfolded
from corruptbench.errors import InputError

#: What the arrays of an .npz may take when they are unpacked, bytes. The largest that people
#: exchange, all of Human3.6M's labels, takes 0.2 GB, and twice that in float64.
_LARGEST = 2**30
#: From this size on, how many times what it takes packed. Poses pack to a half or a third; a small
#: file may well hold one pose over and over.
_REGULAR, _RATIO = 2**27, 20
#: How many items, each counted as often as it is met, a pickle may have for a byte: fewer than one
#: where nothing is shared.
_ITEMS = 10

_AGAIN = "is it whole? download it again"


def _unpickled(data: bytes | mmap, at: int, path: Path) -> Any:
    """What the pickle at position ``at`` holds."""

    def refuse(module: str, name: str) -> NoReturn:
        raise InputError(
            f"{path}: opening it would call {module}.{name}, which data has no need of; refused, "
            "and nothing of it was run. Expected arrays, dictionaries, lists, strings and numbers: "
            "get the file from its makers, and do not open this one otherwise"
        )

    try:
        raw = opcodes.load(data, at, refuse)
        items, most = unfolded(raw, {}), _ITEMS * len(data)
        if items > most:
            raise ValueError(f"lists within lists of {items:.3g} items in {len(data)} bytes")
        return made(raw, {})
    except InputError:
        raise
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise InputError(
            f"{path}: not a readable pickle of arrays ({type(error).__name__}: {error}); {_AGAIN}"
        ) from None


def _refuse_pages(path: Path, expected: str) -> None:
    if not path.is_file():
        raise InputError(f"{path}: no such file; expected {expected}")
    with path.open("rb") as stream:
        head = stream.read(256).lstrip()
    if head.startswith(b"<"):
        raise InputError(
            f"{path}: a web page, expected {expected}: the download asked for a login or a "
            "confirmation; open the link in a browser and save the file itself"
        )
    if not head:
        raise InputError(f"{path}: empty, expected {expected}; download it again")


def looks_pickled(path: Path) -> bool:
    """Whether a file is a pickle by its name or its first byte."""
    with path.open("rb") as stream:
        return path.suffix in (".pkl", ".pickle") or stream.read(1) == pickle.PROTO


def load_pickle(path: Path) -> Any:
    """The content of a pickle (protocols 0 to 5) of arrays, containers, strings and numbers.

    Arrays may be read-only. Strings that Python 2 wrote are read as Latin-1.

    Raises:
        InputError: when there is no such file, when it is damaged, and when it asks for anything
            but such data; then nothing of it was run.
    """
    _refuse_pages(path, "a pickle")
    with path.open("rb") as stream, mmap(stream.fileno(), 0, access=ACCESS_READ) as data:
        return _unpickled(data, 0, path)


def load_npz(path: Path) -> dict[str, Any]:
    """The entries of an ``.npz``: arrays, or what a 0-d object array holds (a dictionary, mostly).

    Raises:
        InputError: as `load_pickle` does, and for a file that is no ``.npz``, or that would take
            far more memory than such files do.
    """
    _refuse_pages(path, "an .npz")
    try:
        with zipfile.ZipFile(path) as archive:
            _refuse_bombs(archive, path)
            entries = ((info.filename, _contents(archive, info)) for info in archive.infolist())
            return {name.removesuffix(".npy"): _entry(data, path) for name, data in entries}
    except InputError:
        raise
    except Exception as error:  # zipfile, zlib and others
        raise InputError(f"{path}: not a readable .npz ({error}); {_AGAIN}") from None


def _refuse_bombs(archive: zipfile.ZipFile, path: Path) -> None:
    packed, size = path.stat().st_size, sum(info.file_size for info in archive.infolist())
    if size > _LARGEST or (size > _REGULAR and size > _RATIO * packed):
        raise InputError(
            f"{path}: {packed / 1e6:.3g} MB that would unpack to {size / 1e6:.4g} MB, expected at "
            f"most {_LARGEST / 1e6:.4g} MB, and {_RATIO} times the file from {_REGULAR / 1e6:.3g} "
            "MB on; get the file from its makers, or save its arrays as float32"
        )


def _contents(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """An entry, which unpacks to no more than it says; zipfile compares the checksum."""
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{info.filename} is packed by method {info.compress_type}")
    with archive.open(info) as stream:
        return stream.read(info.file_size)


def _entry(data: bytes, path: Path) -> Any:
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        header = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else (np.lib.format.read_array_header_2_0)
        )
        shape, _, dtype = header(stream)
        if not dtype.hasobject:
            if math.prod(shape) > 1 and not dtype.itemsize:
                raise ValueError(f"no bytes for an array of shape {shape} of {dtype}")
            if math.prod(shape) * dtype.itemsize > len(data):
                raise ValueError(f"{len(data)} bytes for an array of shape {shape} of {dtype}")
            stream.seek(0)
            return np.lib.format.read_array(stream, allow_pickle=False)
    except Exception as error:  # a damaged header can raise nearly anything
        raise InputError(
            f"{path}: an entry is not an array of NumPy ({error}); download it again"
        ) from None
    array = _unpickled(data, stream.tell(), path)
    return array.item() if isinstance(array, np.ndarray) and array.shape == () else array
