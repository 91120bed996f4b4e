"""Opens the files with pickles inside that pose repositories exchange, without running them.

A pickle is a program: loading one can call anything. NumPy's own types are no safe exception, for
the state of a ``numpy.dtype`` can declare plain bytes to be pointers. So nothing of NumPy is called
while a file is read: stand-ins take down what the file says of its arrays, and the arrays are made
from that afterwards, with types from a short list. Any other name that the file asks for is
refused.
"""

from __future__ import annotations

import io
import math
import pickle
import re
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import IO, Any, ClassVar

import numpy as np

from corruptbench.errors import InputError

_TYPE = re.compile(r"b1|[iu][1248]|f[248]|c8|c16|[SU]\d{1,6}|O[48]?")


class _Type:
    """Stands for a ``numpy.dtype``: a type code, and a byte order that follows as its state."""

    def __init__(self, code: str, *_: object) -> None:
        self.code = code
        self.order: Any = "="

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = state[1]

    def made(self) -> np.dtype[Any]:
        if not _TYPE.fullmatch(self.code):
            raise ValueError(f"numbers of type '{self.code}'")
        if self.code.startswith("O"):
            return np.dtype("O")
        return np.dtype(self.code).newbyteorder(self.order)


class _Array:
    """Stands for a ``numpy.ndarray``: version, shape, type, Fortran order, content as its state."""

    def __init__(self, *_: object) -> None:
        self.state: tuple[Any, ...] = ()

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.state = state[-4:]

    def made(self, known: dict[int, Any]) -> Any:
        shape, kind, fortran, content = self.state
        if kind.made().hasobject:
            items = np.empty(len(content), dtype=object)
            for i, item in enumerate(content):
                items[i] = _made(item, known)
            return items.reshape(shape)
        return _filled(content, kind, shape, "F" if fortran else "C")


class _Buffer:
    """Stands for an array as protocol 5 has it: content, type, shape, order, order of the axes."""

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments

    def __setstate__(self, state: object) -> None:
        raise ValueError("an array with a state twice")

    def made(self, _: dict[int, Any]) -> Any:
        content, kind, shape, order, *axes = self.arguments
        if order == "K" and axes and axes[0] is not None:
            return _filled(content, kind, shape, "C").transpose(axes[0])
        return _filled(content, kind, shape, order)


class _Scalar:
    """Stands for a NumPy number or string: type, content."""

    def __init__(self, kind: _Type, content: Any) -> None:
        self.kind, self.content = kind, content

    def __setstate__(self, state: object) -> None:
        raise ValueError("a number with a state")

    def made(self, _: dict[int, Any]) -> Any:
        return _filled(self.content, self.kind, (), "C")[()]


def _filled(content: Any, kind: _Type, shape: Any, order: Any) -> Any:
    dtype = kind.made()
    data = memoryview(content.encode("latin1") if isinstance(content, str) else content)
    if dtype.hasobject or data.nbytes != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"{data.nbytes} bytes for an array of shape {shape} of {dtype}")
    if not data.nbytes:
        return np.zeros(shape, dtype)
    return np.ndarray(shape, dtype, buffer=data, order=order)


def _encoded(text: str, encoding: str = "latin1") -> bytes:
    """How protocols 0 to 2 write bytes."""
    if encoding != "latin1":
        raise ValueError(f"bytes as {encoding}")
    return text.encode("latin1")


def _no_bytes() -> bytes:
    """How protocols 0 to 2 write no bytes."""
    return b""


class _Reader(pickle.Unpickler):
    """Admits what data consists of; NumPy 1 and 2 name their modules differently."""

    admitted: ClassVar[dict[tuple[str, str], Any]] = {
        ("numpy", "ndarray"): _Array,
        ("numpy", "dtype"): _Type,
        ("collections", "OrderedDict"): OrderedDict,
        ("_codecs", "encode"): _encoded,
        ("builtins", "bytes"): _no_bytes,
        **{
            (f"numpy.{core}.{module}", name): stand_in
            for core in ("core", "_core")
            for module, name, stand_in in (
                ("multiarray", "_reconstruct", _Array),
                ("multiarray", "scalar", _Scalar),
                ("numeric", "_frombuffer", _Buffer),
            )
        },
    }

    def __init__(self, stream: IO[bytes], path: Path) -> None:
        super().__init__(stream, encoding="latin1")  # strings of Python 2 are bytes
        self._path = path

    def find_class(self, module: str, name: str) -> Any:
        """The stand-in for a name that the file asks for."""
        found = self.admitted.get((module.replace("__builtin__", "builtins"), name))
        if found is None:
            raise InputError(
                f"{self._path}: opening it would call {module}.{name}, which data has no need of; "
                "refused, and nothing of it was run. Expected arrays, dictionaries, lists, strings "
                "and numbers: get the file from its makers, and do not open this one otherwise"
            )
        return found


def _made(value: Any, known: dict[int, Any]) -> Any:
    """The value with arrays in place of their stand-ins; what is shared stays shared."""
    if isinstance(value, str | bytes | int | float | None):
        return value
    if id(value) in known:
        return known[id(value)]
    if isinstance(value, dict):
        known[id(value)] = value
        items = [(_made(k, known), _made(v, known)) for k, v in value.items()]
        value.clear()
        value.update(items)
    elif isinstance(value, list):
        known[id(value)] = value
        value[:] = [_made(v, known) for v in value]
    elif isinstance(value, tuple):
        return tuple(_made(v, known) for v in value)
    elif isinstance(value, _Array | _Buffer | _Scalar):
        known[id(value)] = value.made(known)
    else:
        raise ValueError(f"a {type(value).__name__} among the data")
    return known[id(value)]


def _unpickled(stream: IO[bytes], path: Path) -> Any:
    try:
        raw = _Reader(stream, path).load()
        return _made(raw, {})
    except InputError:
        raise
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise InputError(
            f"{path}: not a readable pickle of arrays ({type(error).__name__}: {error}); "
            "is it whole? download it again"
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
    with path.open("rb") as stream:
        return _unpickled(stream, path)


def load_npz(path: Path) -> dict[str, Any]:
    """The entries of an ``.npz``: arrays, or what a 0-d object array holds (a dictionary, mostly).

    Raises:
        InputError: as `load_pickle` does, and for a file that is no ``.npz``.
    """
    _refuse_pages(path, "an .npz")
    try:
        with zipfile.ZipFile(path) as archive:
            # read whole, so that zipfile compares the checksum
            entries = {name: archive.read(name) for name in archive.namelist()}
    except Exception as error:  # zipfile, zlib and others
        raise InputError(
            f"{path}: not a readable .npz ({error}); is it whole? download it again"
        ) from None
    return {name.removesuffix(".npy"): _entry(data, path) for name, data in entries.items()}


def _entry(data: bytes, path: Path) -> Any:
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        header = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else (np.lib.format.read_array_header_2_0)
        )
        _, _, dtype = header(stream)
        if not dtype.hasobject:
            stream.seek(0)
            return np.lib.format.read_array(stream, allow_pickle=False)
    except Exception as error:  # a damaged header can raise nearly anything
        raise InputError(
            f"{path}: an entry is not an array of NumPy ({error}); download it again"
        ) from None
    array = _unpickled(stream, path)
    return array.item() if isinstance(array, np.ndarray) and array.shape == () else array
