"""Pickles and .npz files of other repositories, opened as data only.

A pickle is a program: loading one can call anything. Here it can call the few functions by which
NumPy's arrays, bytes and ordered dictionaries are stored, and stand-ins answer those calls. NumPy's
own types are not safe to be called: the state of a ``numpy.dtype`` can declare plain bytes to be
pointers. Run these functions in the sandbox, which bounds memory and time.
"""

from __future__ import annotations

import math
import pickle
import re
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from corruptbench.errors import InputError
from corruptbench.formats import web_page
from corruptbench.storage import found_at

_TYPE = re.compile(r"b1|[iu][1248]|f[248]|c8|c16|[SU]\d{1,6}|O[48]?")
_PLAIN = {str, bytes, bytearray, int, float, bool, type(None)}
#: How many items, each counted as often as it is met, a file may have for a byte: fewer than one
#: where nothing is shared.
_ITEMS = 10


def pickle_content(path: str) -> Any:
    """Return the content of a pickle: arrays, containers, texts, bytes and numbers.

    Strings that Python 2 wrote are read as Latin-1.

    Raises:
        InputError: for a missing or empty file, a web page, and one that asks for anything but such
            data. Nothing of it was run then.
    """
    size = _checked_size(Path(path), "a pickle")
    with open(path, "rb") as stream:
        return _unpickled(stream, path, size)


def npz_content(path: str) -> dict[str, Any]:
    """Return the entries of an ``.npz``: arrays, or what a 0-d object array holds.

    Raises:
        InputError: as `pickle_content`.
    """
    _checked_size(Path(path), "an .npz")
    with zipfile.ZipFile(path) as archive:
        return {
            info.filename.removesuffix(".npy"): _entry(archive, info, path)
            for info in archive.infolist()
        }


def _checked_size(path: Path, expected: str) -> int:
    if not path.is_file():
        raise InputError(f"{path}: {found_at(path)}; expected {expected}")
    if web_page.is_web_page(path):
        raise InputError(
            f"{path}: {web_page.FOUND}, expected {expected}: open the link in a browser and save "
            "the file itself"
        )
    if not path.stat().st_size:
        raise InputError(f"{path}: empty, expected {expected}; download it again")
    return path.stat().st_size


def _entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: str) -> Any:
    with archive.open(info) as stream:
        old = np.lib.format.read_magic(stream) == (1, 0)
        header = np.lib.format.read_array_header_1_0 if old else np.lib.format.read_array_header_2_0
        shape, _, dtype = header(stream)
        if not _TYPE.fullmatch(dtype.str[1:]) or (not dtype.itemsize and math.prod(shape) > 1):
            raise ValueError(f"{info.filename} is an array of shape {shape} of {dtype}")
        if dtype.hasobject:
            value = _unpickled(stream, path, info.file_size)
        else:
            stream.seek(0)
            value = np.lib.format.read_array(stream, allow_pickle=False)
        if stream.read(1):  # at its end, zipfile compares the checksum
            raise ValueError(f"{info.filename} is longer than its array")
    is_wrapped = isinstance(value, np.ndarray) and value.dtype == object and value.shape == ()
    return value.item() if is_wrapped else value


def _unpickled(stream: IO[bytes], path: str, size: int) -> Any:
    """Return the content of a pickle of that many bytes, plain."""
    value, items = _plain(_Unpickler(stream, path).load(), {})
    if items > _ITEMS * size:
        raise ValueError(f"lists within lists of {items:.3g} items in {size} bytes")
    return value


class _Unpickler(pickle.Unpickler):
    """Calls stand-ins, and refuses every other name."""

    def __init__(self, stream: IO[bytes], path: str) -> None:
        super().__init__(stream, encoding="latin1")
        self._path = path

    def find_class(self, module: str, name: str) -> Any:
        """Return the stand-in for a function that the file names."""
        # Python 2 and 3, and NumPy 1 and 2, name their modules differently.
        known = module.replace("__builtin__", "builtins").replace("numpy.core.", "numpy._core.")
        if (known, name) not in _ADMITTED:
            raise InputError(
                f"{self._path}: opening it would call {module}.{name}, which data has no need of; "
                "refused, and nothing of it was run. Expected arrays, dictionaries, lists, strings "
                "and numbers: get the file from its makers, and do not open this one otherwise"
            )
        return _ADMITTED[known, name]


class _Function:
    """A function that a file may call. Its attributes cannot be set, as a class's could."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def __call__(self, *arguments: Any) -> Any:
        return self._call(*arguments)

    def __setstate__(self, state: Any) -> None:
        raise ValueError("a state for a function")


class _Type:
    """Stands for a ``numpy.dtype``: a type code, and a byte order that follows as its state."""

    __slots__ = ("code", "order")

    def __init__(self, code: str, *_: Any) -> None:
        self.code: Any = code
        self.order: Any = "="

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """Take the byte order out of a state, which has more that these types do not need."""
        self.order = state[1]


def _filled(kind: Any, content: Any, shape: Any, order: Any) -> NDArray[Any]:
    """Return the array (shape) of that content; ``kind`` is what the file gives for its type."""
    if not isinstance(kind, _Type):
        raise ValueError(f"a {type(kind).__name__} for a type")
    if not isinstance(kind.code, str) or not _TYPE.fullmatch(kind.code):
        raise ValueError(f"numbers of type '{kind.code}'")
    if kind.code.startswith("O"):
        items = np.empty(len(content), dtype=object)
        for i, item in enumerate(content):
            items[i] = item
        return items.reshape(shape)
    dtype = np.dtype(kind.code).newbyteorder(kind.order)
    data = content.encode("latin1") if isinstance(content, str) else content
    if len(data) != math.prod(shape) * dtype.itemsize or (not data and math.prod(shape) > 1):
        raise ValueError(f"{len(data)} bytes for an array of shape {shape} of {dtype}")
    return np.ndarray(shape, dtype, data, order=order) if data else np.zeros(shape, dtype)


class _Array:
    """Stands for a ``numpy.ndarray``, whose state is version, shape, type, order, content."""

    __slots__ = ("value",)

    def __init__(self, *_: Any) -> None:
        self.value: Any = np.empty(0)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """Make the array of a state."""
        shape, kind, fortran, content = state[-4:]
        self.value = _filled(kind, content, shape, "F" if fortran else "C")


def _buffer(content: Any, kind: Any, shape: Any, order: Any, axes: Any = None) -> NDArray[Any]:
    """Return an array as protocol 5 stores it."""
    if order == "K" and axes is not None:
        return _filled(kind, content, shape, "C").transpose(axes)
    return _filled(kind, content, shape, order)


def _scalar(kind: Any, content: Any) -> Any:
    return _filled(kind, content, (), "C")[()]


def _encoded(text: str, encoding: str) -> bytes:
    """Return bytes as protocols 0 to 2 store them: a text of the characters 0 to 255."""
    if encoding != "latin1":
        raise ValueError(f"bytes in {encoding}")
    return text.encode("latin1")


class _Ordered(OrderedDict[Any, Any]):
    """An ordered dictionary whose attributes cannot be set."""

    def __setstate__(self, state: Any) -> None:
        raise ValueError("a state for a dictionary")


#: All that a file may call.
_ADMITTED = {
    ("numpy", "ndarray"): _Function(_Array),
    ("numpy", "dtype"): _Function(_Type),
    ("collections", "OrderedDict"): _Function(_Ordered),
    ("_codecs", "encode"): _Function(_encoded),
    ("builtins", "bytes"): _Function(lambda: b""),  # no bytes as protocols 0 to 2 store them
    ("numpy._core.multiarray", "_reconstruct"): _Function(_Array),
    ("numpy._core.multiarray", "scalar"): _Function(_scalar),
    ("numpy._core.numeric", "_frombuffer"): _Function(_buffer),
}


def _plain(value: Any, known: dict[int, tuple[Any, float]]) -> tuple[Any, float]:
    """Return a value with arrays in place of stand-ins, and its items with theirs.

    Items count as often as they are met, without being followed twice, and are infinitely many in
    what contains itself. ``known`` holds the results by id.
    """
    if type(value) in _PLAIN or isinstance(value, np.generic):
        return value, 1
    if id(value) not in known:
        known[id(value)] = value, math.inf
        known[id(value)] = _plain_container(value, known)
    return known[id(value)]


def _plain_container(value: Any, known: dict[int, tuple[Any, float]]) -> tuple[Any, float]:
    match value:
        case _Array():
            return _plain(value.value, known)
        case np.ndarray() if not value.dtype.hasobject:
            return value, 1
        case np.ndarray():
            items, count = _plain_list(value.ravel().tolist(), known)
            return _filled(_Type("O"), items, value.shape, "C"), 1 + count
        case dict():
            keys, some = _plain_list(list(value), known)
            values, more = _plain_list(list(value.values()), known)
            kind = OrderedDict if isinstance(value, OrderedDict) else dict
            return kind(zip(keys, values, strict=True)), 1 + some + more
        case list() | tuple():
            items, count = _plain_list(value, known)
            return type(value)(items), 1 + count
    raise ValueError(f"a {type(value).__name__} among the data")


def _plain_list(items: Any, known: dict[int, tuple[Any, float]]) -> tuple[Any, float]:
    if set(map(type, items)) <= _PLAIN:
        return items, len(items)
    pairs = [_plain(item, known) for item in items]
    return [item for item, _ in pairs], sum(count for _, count in pairs)
