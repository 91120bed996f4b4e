"""Values through a socket, between this process and the child of `corruptbench.sandbox`.

A message is a pickle of protocol 5. The contents of its arrays follow it, so that large ones are
never in the memory of one process twice. It holds plain data: containers, numbers, text, and arrays
of numpy. Nothing else is accepted, as the child may be in the hands of the file that it reads.

Arrays are not pickled by numpy: its pickles can state flags of a type, with which numpy takes any
bytes for pointers to objects.
"""

from __future__ import annotations

import math
import pickle
import socket
import struct
import sys
import time
from io import BytesIO
from itertools import accumulate, pairwise
from typing import Any, Literal

#: The pickle, and the contents of its arrays.
Packed = tuple[bytes, list[memoryview]]
Order = Literal["C", "F"]

_PROTOCOL = 5
#: What a message may name.
_NAMES = {("collections", "OrderedDict")} | {
    (__name__, name) for name in ("_array", "_objects", "_scalar")
}
_NUMBER = struct.Struct("<Q")
#: Number of arrays, bytes of their sizes and the pickle, bytes of the arrays.
_HEAD = struct.Struct("<QQQ")


def pack(value: Any) -> Packed:
    """Return a message.

    Raises:
        TypeError, AttributeError, pickle.PicklingError: for a value that cannot be pickled.
        RecursionError: for containers that are nested too deep.
    """
    contents: list[pickle.PickleBuffer] = []
    text = BytesIO()
    _Pickler(text, _PROTOCOL, buffer_callback=contents.append).dump(value)
    return text.getvalue(), [content.raw() for content in contents]


def size(packed: Packed) -> int:
    """Return the bytes of a message."""
    return len(packed[0]) + sum(content.nbytes for content in packed[1])


def send(channel: socket.socket, packed: Packed) -> None:
    """Send a message. Its arrays are freed one by one."""
    text, contents = packed
    sizes = [content.nbytes for content in contents]
    head = b"".join(map(_NUMBER.pack, sizes)) + text
    channel.sendall(_HEAD.pack(len(sizes), len(head), sum(sizes)) + head)
    while contents:
        channel.sendall(contents.pop(0))


def receive(channel: socket.socket, most: float = math.inf, end: float = math.inf) -> Any:
    """Return the value of the next message. Its arrays can be written to.

    Args:
        channel: the socket, which blocks.
        most: the largest message that is accepted, bytes.
        end: when a message must be complete, by ``time.monotonic``. The time limit of the socket
            begins anew with each part that arrives.

    Raises:
        EOFError: when the other side has closed the socket.
        OverflowError: for a larger message.
        BlockingIOError: at the time limit of the socket, or at the end.
        pickle.UnpicklingError: it is no plain data.
    """
    count, head, rest = _HEAD.unpack(_exactly(channel, _HEAD.size, end))
    if head + rest > most:
        raise OverflowError("a message beyond its limit")
    content = memoryview(_exactly(channel, head + rest, end))
    try:
        return _value(content, count, head)
    except (pickle.UnpicklingError, MemoryError):
        raise
    except Exception as error:  # of a message that was not made by `pack`
        raise pickle.UnpicklingError(str(error)) from None


def _value(content: memoryview, count: int, head: int) -> Any:
    sizes, text = content[: _NUMBER.size * count], content[_NUMBER.size * count : head]
    ends = [*accumulate((size for (size,) in _NUMBER.iter_unpack(sizes)), initial=head)]
    return _Plain(BytesIO(text), buffers=[content[i:j] for i, j in pairwise(ends)]).load()


class _Pickler(pickle.Pickler):
    """Writes arrays and scalars of numpy in a form that can be checked when it is read."""

    def reducer_override(self, value: Any) -> Any:
        """Return the function and the arguments that make an array or a scalar."""
        numpy = sys.modules.get("numpy")  # without it, there is no array
        if numpy is None or not isinstance(value, (numpy.ndarray, numpy.generic)):
            return NotImplemented
        if isinstance(value, numpy.generic):
            return _scalar, (numpy.asarray(value),)
        if type(value) is not numpy.ndarray:
            raise TypeError(f"{type(value).__name__} is no plain data")
        if value.dtype == object:
            return _objects, (value.shape, [*value.flat])
        order: Order = "F" if value.flags.fnc else "C"
        contents = value.ravel(order).view("u1") if value.nbytes else value.ravel()[:0].tobytes()
        kind = numpy.lib.format.dtype_to_descr(value.dtype)
        return _array, (pickle.PickleBuffer(contents), kind, value.shape, order)


def _array(contents: Any, kind: Any, shape: tuple[int, ...], order: Order) -> Any:
    """Return an array of a type (``numpy.lib.format.dtype_to_descr``) that holds no objects."""
    import numpy as np

    dtype = np.lib.format.descr_to_dtype(kind)
    if dtype.hasobject:
        raise pickle.UnpicklingError("an array whose contents are objects is no plain data")
    return np.ndarray(shape, dtype, contents, order=order)


def _objects(shape: tuple[int, ...], items: list[Any]) -> Any:
    """Return an array of objects, which are plain data themselves."""
    import numpy as np

    found = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        found[i] = item
    return found.reshape(shape)


def _scalar(array: Any) -> Any:
    """Return the element of an array without axes."""
    return array[()]


class _Plain(pickle.Unpickler):
    """Reads a pickle that names nothing but what makes an array of numpy."""

    def find_class(self, module: str, name: str) -> Any:
        """Return what a pickle may name.

        Raises:
            pickle.UnpicklingError: it names something else.
        """
        if (module, name) not in _NAMES:
            raise pickle.UnpicklingError(f"{module}.{name} is no plain data")
        return super().find_class(module, name)


def _exactly(channel: socket.socket, count: int, end: float) -> bytearray:
    content = bytearray(count)
    rest = memoryview(content)
    while rest:
        got = channel.recv_into(rest, 0, socket.MSG_WAITALL)
        if not got:
            raise EOFError
        rest = rest[got:]
        if rest and time.monotonic() > end:
            raise BlockingIOError
    return content
