"""Values through a socket, between this process and the child of `corruptbench.sandbox`.

A message is a pickle of protocol 5. The contents of its arrays follow it one by one, so that large
ones are never in the memory of one process twice. Each side trusts the other: the child has the
rights of this process. What is read from a file is made plain data before it is sent.
"""

from __future__ import annotations

import math
import pickle
import socket
import struct
from typing import Any

#: The pickle, and the contents of its arrays.
Packed = tuple[bytes, list[memoryview]]

_PROTOCOL = 5
_NUMBER = struct.Struct("<Q")


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
    sizes = [len(text), *(content.nbytes for content in contents)]
    channel.sendall(b"".join(map(_NUMBER.pack, [len(sizes), *sizes])))
    channel.sendall(text)
    while contents:
        channel.sendall(contents.pop(0))


def receive(channel: socket.socket, most: float = math.inf) -> Any:
    """Return the value of the next message. Its arrays can be written to.

    Args:
        channel: the socket.
        most: the largest message that is accepted, bytes.

    Raises:
        EOFError: when the other side has closed the socket.
        OverflowError: for a larger message.
    """
    (count,) = _NUMBER.unpack(_exactly(channel, _NUMBER.size))
    if _NUMBER.size * count > most:
        raise OverflowError("a message beyond its limit")
    sizes = [size for (size,) in _NUMBER.iter_unpack(_exactly(channel, _NUMBER.size * count))]
    if sum(sizes) > most:
        raise OverflowError("a message beyond its limit")
    text, *contents = [_exactly(channel, size) for size in sizes]
    return pickle.loads(text, buffers=contents)


def _exactly(channel: socket.socket, count: int) -> bytearray:
    content = bytearray(count)
    rest = memoryview(content)
    while rest:
        got = channel.recv_into(rest)
        if not got:
            raise EOFError
        rest = rest[got:]
    return content
