"""Values through a socket, between this process and the child of `corruptbench.sandbox`.

A message is a pickle of protocol 5. The contents of its arrays follow it, so that large ones are
never in the memory of one process twice. It holds plain data: containers, numbers, text, and arrays
of numpy. Nothing else is accepted, as the child may be in the hands of the file that it reads.
"""

from __future__ import annotations

import math
import pickle
import socket
import struct
from io import BytesIO
from itertools import accumulate, pairwise
from typing import Any

#: The pickle, and the contents of its arrays.
Packed = tuple[bytes, list[memoryview]]

_PROTOCOL = 5
#: What a pickle of arrays and scalars names, in numpy 1 and 2.
_NAMES = {
    ("collections", "OrderedDict"),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    *(
        (f"numpy.{core}.{module}", name)
        for core in ("core", "_core")
        for module, name in (
            ("numeric", "_frombuffer"),
            ("multiarray", "_reconstruct"),
            ("multiarray", "scalar"),
        )
    ),
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
    text = pickle.dumps(value, _PROTOCOL, buffer_callback=contents.append)
    return text, [content.raw() for content in contents]


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


def receive(channel: socket.socket, most: float = math.inf) -> Any:
    """Return the value of the next message. Its arrays can be written to.

    Args:
        channel: the socket, which blocks.
        most: the largest message that is accepted, bytes.

    Raises:
        EOFError: when the other side has closed the socket.
        OverflowError: for a larger message.
        BlockingIOError: at the time limit of the socket.
        pickle.UnpicklingError: it is no plain data.
    """
    count, head, rest = _HEAD.unpack(_exactly(channel, _HEAD.size))
    if head + rest > most:
        raise OverflowError("a message beyond its limit")
    content = memoryview(_exactly(channel, head + rest))
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


def _exactly(channel: socket.socket, count: int) -> bytearray:
    content = bytearray(count)
    rest = memoryview(content)
    while rest:
        got = channel.recv_into(rest, 0, socket.MSG_WAITALL)
        if not got:
            raise EOFError
        rest = rest[got:]
    return content
