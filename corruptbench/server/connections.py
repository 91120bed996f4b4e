"""Connections: at most so many, and none that waits for ever.

uvicorn waits without end for the head of a request, for the rest of a body that is not needed, and
for somebody who does not read an answer. Each such connection keeps a descriptor of the process.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

#: Seconds for the head of a request, and for an answer to be read. Our own choice.
PATIENCE = 60.0
#: Connections at once. Our own choice: a process may have 1024 descriptors by default, and an
#: upload needs up to five.
MOST = 500


class Connection(H11Protocol):
    """A connection that is closed where uvicorn would wait. An upload has a limit of its own."""

    def connection_made(self, transport: Any) -> None:
        """Begin, or close one connection too many."""
        super().connection_made(transport)
        if len(self.connections) > MOST:
            transport.abort()
        else:
            self._timer = self._look_again()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        if timer := getattr(self, "_timer", None):
            timer.cancel()
        super().connection_lost(exc)

    def _look_again(self) -> asyncio.TimerHandle:
        return self.loop.call_later(PATIENCE, self._look, self.cycle, self._waits())

    def _look(self, before: RequestResponseCycle | None, waited: bool) -> None:
        """Close the connection if it waits for the same as before."""
        if self.cycle is before and waited:
            self.transport.abort()
        else:
            self._timer = self._look_again()

    def _waits(self) -> bool:
        """Tell whether the server has nothing to do but to wait for the other side."""
        return self.cycle is None or self.cycle.response_started or self.flow.write_paused
