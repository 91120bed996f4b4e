"""Connections: at most `MOST` at once, and each is closed if the other side does nothing.

uvicorn waits without a limit for the head of a request, for the rest of a body that is not needed,
and for a client that does not read its answer. Each such connection uses a file descriptor of the
process.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any, NamedTuple

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

#: Seconds for the head of a request, and for some of an answer to be read. Our own choice.
PATIENCE = 60.0
#: Connections at once. Our own choice: a process may have 1024 descriptors by default, and an
#: upload needs up to five.
MOST = 500
#: Bytes of an answer that the system holds. Our own choice: it may hold megabytes by default, and
#: takes more only after a third of them was read, which a slow reader cannot do in `PATIENCE`.
HELD = 2**18


class _State(NamedTuple):
    """Hold what a connection looked like: the request, whether it is idle, and the bytes sent."""

    cycle: RequestResponseCycle | None
    is_idle: bool
    sent: int


class _Counted:
    """Counts the bytes that are written to a transport."""

    def __init__(self, transport: Any) -> None:
        self._transport, self._written = transport, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        self._written += len(data)
        self._transport.write(data)

    def sent(self) -> int:
        """Return how many bytes the system took. It takes more when the other side reads."""
        return self._written - int(self._transport.get_write_buffer_size())


class Connection(H11Protocol):
    """A connection that is closed where uvicorn would wait. An upload has a limit of its own."""

    def connection_made(self, transport: Any) -> None:
        """Start the timer of a new connection; close the connection if there are too many."""
        self._counted = _Counted(transport)
        super().connection_made(self._counted)  # type: ignore[arg-type]
        if len(self.connections) > MOST:
            transport.abort()
        else:
            channel = transport.get_extra_info("socket")
            channel.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, HELD)
            self._timer = self._schedule()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer of a connection that has ended."""
        if timer := getattr(self, "_timer", None):
            timer.cancel()
        super().connection_lost(exc)

    def _schedule(self) -> asyncio.TimerHandle:
        state = _State(self.cycle, self._is_idle(), self._counted.sent())
        return self.loop.call_later(PATIENCE, self._close_if_idle, state)

    def _close_if_idle(self, before: _State) -> None:
        """Close a connection that was idle before, and that has sent nothing since."""
        is_same = self.cycle is before.cycle and self._counted.sent() == before.sent
        if before.is_idle and is_same:
            self.transport.abort()
        else:
            self._timer = self._schedule()

    def _is_idle(self) -> bool:
        """Return whether the server has nothing to do but to wait for the other side."""
        return self.cycle is None or self.cycle.response_started or self.flow.write_paused
