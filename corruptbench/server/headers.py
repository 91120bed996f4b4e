"""Headers of every answer: a browser loads, runs, frames and guesses nothing that it need not."""

from __future__ import annotations

import html
import re

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_FRAMES = "frame-ancestors 'none'"
#: Of answers that are no page.
NOTHING = f"default-src 'none'; {_FRAMES}"
_ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def policy_of(page: str) -> str:
    """Return the policy that a page states in itself, and forbid frames, which it cannot."""
    stated = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    assert stated, "every page has one"
    return f"{html.unescape(stated[1])}; {_FRAMES}"


class SafeHeaders:
    """Adds the headers to each answer of an application (ASGI)."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _ALWAYS.items():
                    headers[name] = value
                headers.setdefault("content-security-policy", NOTHING)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with)
