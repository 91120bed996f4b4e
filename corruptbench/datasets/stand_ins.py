"""What a pickle says of NumPy's arrays, taken down; and the arrays that are made from it.

NumPy's own types are no safe exception to the rule that a pickle calls nothing, for the state of a
``numpy.dtype`` can declare plain bytes to be pointers. So stand-ins take down what the file says,
and the arrays are made from that afterwards, with types from a short list.

Whatever a file says, making takes about as much memory as the file's own content: what is shared in
it stays shared. Keys of dictionaries are plain, since Python takes as long to hash a tuple as it
has members, those of its members included.
"""

from __future__ import annotations

import math
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

_TYPE = re.compile(r"b1|[iu][1248]|f[248]|c8|c16|[SU]\d{1,6}|O[48]?")
_MOST_AXES = 32
_PLAIN = (str, bytes, int, float, type(None))
#: Of a tuple that is a key.
_MOST_MEMBERS = 16
#: Bits of a number that is a key: longer ones can be chosen so that all have one hash.
_KEY_BITS = 64
#: Bytes of a number or string of NumPy's; those that poses come with have a few.
_SCALAR_BYTES = 512


class Type:
    """Stands for a ``numpy.dtype``: a type code, and a byte order that follows as its state."""

    __slots__ = ("code", "order")

    def __init__(self, code: str, *_: object) -> None:
        self.code = code
        self.order: Any = "="

    def take(self, state: tuple[Any, ...]) -> None:
        """The state: version, byte order, and more that these types have no need of."""
        self.order = state[1]

    def made(self) -> np.dtype[Any]:
        """The type; raises `ValueError` for one that poses have no need of."""
        if not _TYPE.fullmatch(self.code):
            raise ValueError(f"numbers of type '{self.code}'")
        if self.code.startswith("O"):
            return np.dtype("O")
        return np.dtype(self.code).newbyteorder(self.order)


class Array:
    """Stands for a ``numpy.ndarray``: version, shape, type, Fortran order, content as its state."""

    __slots__ = ("state",)

    def __init__(self, *_: object) -> None:
        self.state: tuple[Any, ...] = ()

    def take(self, state: tuple[Any, ...]) -> None:
        """The state."""
        self.state = state[-4:]

    def made(self, known: dict[Any, Any]) -> Any:
        """The array; see `made`."""
        shape, kind, fortran, content = self.state
        if kind.made().hasobject:
            items = np.empty(len(content), dtype=object)
            for i, item in enumerate(content):
                items[i] = made(item, known)
            return items.reshape(shape)
        return _filled(content, kind, shape, "F" if fortran else "C", known)


class Buffer:
    """Stands for an array as protocol 5 has it: content, type, shape, order, order of the axes."""

    __slots__ = ("arguments",)

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments

    def made(self, known: dict[Any, Any]) -> Any:
        """The array; see `made`."""
        content, kind, shape, order, *axes = self.arguments
        if order == "K" and axes and axes[0] is not None:
            return _filled(content, kind, shape, "C", known).transpose(axes[0])
        return _filled(content, kind, shape, order, known)


class Scalar:
    """Stands for a NumPy number or string: type, content."""

    __slots__ = ("content", "kind")

    def __init__(self, kind: Type, content: Any) -> None:
        self.kind, self.content = kind, content

    def made(self, known: dict[Any, Any]) -> Any:
        """The number; see `made`. It is a copy of its content, which others may share."""
        if self.kind.made().itemsize > _SCALAR_BYTES:
            raise ValueError(f"a number or string of type '{self.kind.code}'")
        same = (id(self.content), id(self.kind))
        if same not in known:
            known[same] = _filled(self.content, self.kind, (), "C", known)[()]
        return known[same]


class Encoded:
    """Stands for bytes as protocols 0 to 2 write them: a text of the characters 0 to 255."""

    __slots__ = ("text",)

    def __init__(self, text: str, encoding: str = "latin1") -> None:
        if encoding != "latin1" or not isinstance(text, str):
            raise ValueError(f"bytes as a {type(text).__name__} in {encoding}")
        self.text = text

    def made(self, known: dict[Any, Any]) -> Any:
        """The bytes; see `made`."""
        return _bytes(self.text, known)


@dataclass(frozen=True)
class Name:
    """A function that the file names; ``make`` is called in its place."""

    make: Callable[..., Any]


def _no_bytes() -> bytes:
    """How protocols 0 to 2 write no bytes."""
    return b""


def _ordered(items: Sequence[tuple[Any, Any]] = ()) -> OrderedDict[Any, Any]:
    """How Python 2 writes an ordered dictionary; later ones add the items afterwards."""
    return OrderedDict((key(k), v) for k, v in items)


def _flat(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) and len(value) <= _MOST_MEMBERS else (value,)


def key(value: Any) -> Any:
    """The value, if it may be the key of a dictionary; raises `ValueError` otherwise."""
    if any(isinstance(v, int) and v.bit_length() > _KEY_BITS for v in _flat(value)):
        raise ValueError(f"a number of over {_KEY_BITS} bits as a dictionary's key")
    plain = (*_PLAIN, Scalar, Encoded)
    short = isinstance(value, tuple) and len(value) <= _MOST_MEMBERS
    if isinstance(value, plain) or (short and all(isinstance(v, plain) for v in value)):
        return value
    raise ValueError(f"a {type(value).__name__} as a dictionary's key")


#: All that a file may call. NumPy 1 and 2 name their modules differently.
ADMITTED = {
    ("numpy", "ndarray"): Name(Array),
    ("numpy", "dtype"): Name(Type),
    ("collections", "OrderedDict"): Name(_ordered),
    ("_codecs", "encode"): Name(Encoded),
    ("builtins", "bytes"): Name(_no_bytes),
    **{
        (f"numpy.{core}.{module}", name): Name(stand_in)
        for core in ("core", "_core")
        for module, name, stand_in in (
            ("multiarray", "_reconstruct", Array),
            ("multiarray", "scalar", Scalar),
            ("numeric", "_frombuffer", Buffer),
        )
    },
}


def unfolded(value: Any, known: dict[int, float]) -> float:
    """How many items a value has with its members and theirs, each as often as it is met.

    Infinity for what contains itself. Lists of lists of one and the same list grow without end when
    they are printed, compared, or made an array; this counts without following them twice.

    Args:
        value: what `opcodes.load` gives.
        known: the numbers of those that have been counted, by id.
    """
    if isinstance(value, _PLAIN):
        return 1
    if id(value) not in known:
        known[id(value)] = math.inf
        known[id(value)] = 1 + sum(unfolded(member, known) for member in _members(value))
    return known[id(value)]


def _members(value: Any) -> Iterable[Any]:
    match value:
        case dict():
            return (*value, *value.values())
        case list() | tuple():
            return value
        case Array():
            return value.state
        case Buffer():
            return value.arguments
        case _:
            return ()


def made(value: Any, known: dict[Any, Any]) -> Any:
    """The value with arrays in place of their stand-ins; lists and dictionaries change in place.

    Args:
        value: what `opcodes.load` gives.
        known: what was made of the value with that id, which must live on meanwhile.

    Raises:
        ValueError: for content that is not as it says, or no data; damage may raise others.
    """
    if isinstance(value, _PLAIN):
        return value
    if id(value) in known:
        return known[id(value)]
    if isinstance(value, dict):
        known[id(value)] = value
        items = [(made(k, known), made(v, known)) for k, v in value.items()]
        value.clear()
        value.update(items)
    elif isinstance(value, list):
        known[id(value)] = value
        value[:] = [made(v, known) for v in value]
    elif isinstance(value, tuple):
        known[id(value)] = tuple(made(v, known) for v in value)
    elif isinstance(value, Array | Buffer | Scalar | Encoded):
        known[id(value)] = value.made(known)
    else:
        raise ValueError(f"a {type(value).__name__} among the data")
    return known[id(value)]


def _filled(content: Any, kind: Type, shape: Any, order: Any, known: dict[Any, Any]) -> Any:
    dtype = kind.made()
    data = memoryview(_bytes(content, known))
    if len(shape) > _MOST_AXES:
        raise ValueError(f"an array of {len(shape)} axes")
    count = math.prod(shape)
    if dtype.hasobject or data.nbytes != count * dtype.itemsize:
        raise ValueError(f"{data.nbytes} bytes for an array of shape {shape} of {dtype}")
    if data.nbytes:
        return np.ndarray(shape, dtype, buffer=data, order=order)
    if count > 1:  # of things of no size, which NumPy gives one
        raise ValueError(f"no bytes for an array of shape {shape}")
    return np.zeros(shape, dtype)


def _bytes(content: Any, known: dict[Any, Any]) -> Any:
    """Bytes, also of a text; those of one text once only, however many arrays are made of it."""
    text = content.text if isinstance(content, Encoded) else content
    if not isinstance(text, str):
        return text
    if id(text) not in known:
        known[id(text)] = text.encode("latin1")
    return known[id(text)]
