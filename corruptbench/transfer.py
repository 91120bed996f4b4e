"""Plain data through a socket: numbers, texts, bytes, containers and NumPy arrays, nothing else.

A message is the length of a JSON text, that text, and the contents of its arrays, one after the
other. The receiver builds what the text says from a short list of types and runs nothing, so it can
read what an untrusted process sends. Large arrays travel as files in memory that the receiver maps:
their content is never in memory twice. Where a system has none, all content goes through the
socket.

The value is a tree: a container that is met twice is sent twice, an array once.
"""

from __future__ import annotations

import json
import math
import os
import re
import socket
import struct
from collections import OrderedDict
from mmap import ACCESS_COPY, mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = list[NDArray[Any]]
Packed = tuple[bytes, Arrays]

#: Types of arrays and NumPy scalars.
_TYPE = re.compile(r"[<>|](b1|[iu][1248]|f[248]|c8|c16|[SU]\d{1,6})")
_PLAIN = {str, int, float, bool, type(None)}
_CONTAINERS = {"list": list, "tuple": tuple}
_DICTIONARIES = {"dict": dict, "ordered": OrderedDict}
#: Arrays of this many bytes and more are mapped. A mapping keeps a file open, hence the most.
_LARGE, _MOST_MAPPED = 2**24, 64
#: The longest JSON text, bytes. Long lists of texts or numbers are arrays and not part of it.
_LONGEST_TEXT = 2**25
#: Lists from this many items on are sent as arrays where that is possible.
_LONG_LIST = 64
#: Integers in JSON have at most this many bits.
_BITS = 63


def pack(value: Any) -> Packed:
    """Return a message: the JSON text, and the arrays that follow it.

    Raises:
        TypeError: for a value that is no plain data.
        ValueError: for too much of it outside of arrays, or an array of another type.
        RecursionError: for containers that are nested too deep.
    """
    arrays: Arrays = []
    node = _node(value, arrays, {})
    mapped = 0
    kinds = []
    for i, array in enumerate(arrays):
        order = "C" if array.flags.c_contiguous or not array.flags.f_contiguous else "F"
        arrays[i] = np.ascontiguousarray(array.T if order == "F" else array)
        by_map = array.nbytes >= _LARGE and mapped < _MOST_MAPPED and hasattr(os, "memfd_create")
        mapped += by_map
        kinds.append([array.dtype.str, array.shape, order, by_map])
    text = json.dumps([node, kinds], separators=(",", ":")).encode()
    if len(text) > _LONGEST_TEXT:
        raise ValueError(f"{len(text) / 1e6:.0f} MB outside of arrays")
    return text, arrays


def size(packed: Packed) -> int:
    """Return the bytes of a message."""
    return len(packed[0]) + sum(array.nbytes for array in packed[1])


def send(channel: socket.socket, packed: Packed) -> None:
    """Send a message. Its arrays are freed one by one."""
    text, arrays = packed
    channel.sendall(struct.pack("<Q", len(text)) + text)
    by_map = [kind[3] for kind in json.loads(text)[1]]
    for mapped in by_map:
        _send_array(channel, arrays.pop(0), mapped)


def receive(channel: socket.socket, most: float = math.inf) -> Any:
    """Return the value of the next message.

    Args:
        channel: the socket.
        most: the largest message that is accepted, bytes.

    Raises:
        EOFError: when the other side has closed the socket.
        OverflowError: for a larger message.
        ValueError, TypeError, LookupError, RecursionError, OSError: for a message that is not as
            `pack` makes it.
    """
    (length,) = struct.unpack("<Q", _exactly(channel, 8))
    if length > _LONGEST_TEXT:
        raise ValueError(f"a text of {length} bytes")
    node, kinds = json.loads(_exactly(channel, length))
    if length + sum(_nbytes(dtype, shape) for dtype, shape, _, _ in kinds) > most:
        raise OverflowError("a message beyond its limit")
    return _value(node, [_receive_array(channel, *kind) for kind in kinds])


def _node(value: Any, arrays: Arrays, known: dict[int, int]) -> Any:
    """Return the JSON of a value; ``known`` is the number of each array by its id."""
    if isinstance(value, np.generic):
        array = np.asarray(value)
        return ["scalar", _checked(array.dtype.str), array.tobytes().hex()]
    if type(value) in _PLAIN:
        return _number(value) if type(value) is int else value
    if isinstance(value, bytes | bytearray):
        return ["bytes", value.hex()]
    if isinstance(value, np.ndarray):
        return _array_node(value, arrays, known)
    if isinstance(value, dict):
        items = [_node(x, arrays, known) for item in dict.items(value) for x in item]
        return ["ordered" if isinstance(value, OrderedDict) else "dict", *items]
    if isinstance(value, list | tuple):
        return _list_node(value, arrays, known)
    raise TypeError(f"a {type(value).__name__} among the data")


def _number(value: int) -> Any:
    return value if value.bit_length() <= _BITS else ["int", hex(value)]


def _array_node(array: NDArray[Any], arrays: Arrays, known: dict[int, int]) -> Any:
    if array.dtype.hasobject:
        if array.dtype != object:
            raise ValueError(f"an array of type {array.dtype}")
        return ["objects", array.shape, _node(array.ravel().tolist(), arrays, known)]
    _nbytes(array.dtype.str, list(array.shape))
    if id(array) not in known:
        known[id(array)] = len(arrays)
        arrays.append(np.asarray(array))
    return ["array", known[id(array)]]


def _list_node(value: list[Any] | tuple[Any, ...], arrays: Arrays, known: dict[int, int]) -> Any:
    types = set(map(type, value))
    if type(value) is list and len(value) >= _LONG_LIST and len(types) == 1:
        if types == {str}:
            number = {text: i for i, text in enumerate(dict.fromkeys(value))}
            if 4 * len(number) < len(value):
                arrays.append(np.fromiter(map(number.__getitem__, value), np.int32, len(value)))
                return ["texts", len(arrays) - 1, *number]
        elif types == {float} or (types == {int} and _fits(value)):
            arrays.append(np.array(value))
            return ["numbers", len(arrays) - 1]
    name = "tuple" if isinstance(value, tuple) else "list"
    if types <= _PLAIN - {int}:
        return [name, *value]
    return [name, *(_node(item, arrays, known) for item in value)]


def _fits(numbers: list[int]) -> bool:
    return all(number.bit_length() <= _BITS for number in numbers)


def _value(node: Any, arrays: Arrays) -> Any:
    """Return the value of its JSON."""
    if not isinstance(node, list):
        return node
    match node:
        case ["dict" | "ordered" as name, *items]:
            each = [_value(item, arrays) for item in items]
            return _DICTIONARIES[name](zip(each[::2], each[1::2], strict=True))
        case ["list" | "tuple" as name, *items]:
            plain = set(map(type, items)) <= _PLAIN
            return _CONTAINERS[name](items if plain else [_value(item, arrays) for item in items])
        case ["objects", list(shape), items]:
            return _objects(_value(items, arrays), shape)
    return _leaf(node, arrays)


def _leaf(node: list[Any], arrays: Arrays) -> Any:
    """Return the value of a node without others in it."""
    match node:
        case ["array", int(i)]:
            return arrays[i]
        case ["bytes", str(text)]:
            return bytes.fromhex(text)
        case ["int", str(text)]:
            return int(text, 16)
        case ["scalar", str(dtype), str(text)]:
            return _filled(bytes.fromhex(text), dtype, ())[()]
        case ["numbers", int(i)]:
            return arrays[i].tolist()
        case ["texts", int(i), *texts]:
            return [texts[k] for k in arrays[i].tolist()]
    raise ValueError(f"a node {node[:1]}")


def _objects(items: list[Any], shape: list[int]) -> NDArray[Any]:
    array = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        array[i] = item
    return array.reshape(shape)


def _checked(dtype: str) -> str:
    if not _TYPE.fullmatch(dtype):
        raise ValueError(f"numbers of type {dtype}")
    return dtype


def _nbytes(dtype: str, shape: list[int]) -> int:
    size, count = np.dtype(_checked(dtype)).itemsize, math.prod(shape)
    if not all(isinstance(n, int) and n >= 0 for n in shape) or (not size and count > 1):
        raise ValueError(f"an array of shape {shape} of {dtype}")
    return count * size


def _filled(content: Any, dtype: str, shape: Any, order: Any = "C") -> NDArray[Any]:
    """Return the array with that content; it is not copied."""
    if len(content) != _nbytes(dtype, list(shape)):
        raise ValueError(f"{len(content)} bytes for an array of shape {shape} of {dtype}")
    if not len(content):
        return np.zeros(shape, dtype)
    return np.ndarray(shape, dtype, buffer=content, order=order)


def _send_array(channel: socket.socket, array: NDArray[Any], mapped: bool) -> None:
    if not array.nbytes:
        return
    content = array.reshape(-1).view(np.uint8).data
    if not mapped:
        channel.sendall(content)
        return
    file = os.memfd_create("array", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        while content:
            content = content[os.write(file, content) :]
        socket.send_fds(channel, [b"\0"], [file])
    finally:
        os.close(file)


def _receive_array(
    channel: socket.socket, dtype: str, shape: list[int], order: str, mapped: bool
) -> NDArray[Any]:
    count = _nbytes(dtype, shape)
    content = _mapped(channel, count) if mapped else _exactly(channel, count)
    return _filled(content, dtype, shape, order)


def _mapped(channel: socket.socket, count: int) -> mmap:
    """Return the content of a file in memory, which nobody can change or shorten any more."""
    import fcntl

    _, files, _, _ = socket.recv_fds(channel, 1, 1, socket.MSG_CMSG_CLOEXEC)
    if not files:
        raise EOFError
    try:
        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
        fcntl.fcntl(files[0], fcntl.F_ADD_SEALS, seals)
        if os.fstat(files[0]).st_size != count:
            raise ValueError("a file in memory of another size")
        return mmap(files[0], count, access=ACCESS_COPY)
    finally:
        os.close(files[0])


def _exactly(channel: socket.socket, count: int) -> bytearray:
    content = bytearray(count)
    rest = memoryview(content)
    while rest:
        got = channel.recv_into(rest)
        if not got:
            raise EOFError
        rest = rest[got:]
    return content
