"""Run the server: one process that answers, and one that works."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine

from corruptbench.errors import InputError
from corruptbench.server.app import create_app
from corruptbench.server.connections import Connection
from corruptbench.server.settings import Settings
from corruptbench.server.watch import keep_working

#: Seconds for requests to end at SIGTERM. Our own choice.
_GRACE = 10


def bind(host: str, port: int, public: bool) -> socket.socket:
    """Return a socket that listens.

    Args:
        host: name or address.
        port: 0 for any that is free.
        public: whether others than this machine may reach it.

    Raises:
        InputError: the address is public, or there is no such host.
        OSError: the port is taken.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise InputError(f"host {host}: {error.strerror}", "host") from None
    except UnicodeError:  # an empty or a long part between two dots
        raise InputError(f"host {host:.80}: expected the name of a host", "host") from None
    if not public and not ipaddress.ip_address(address[0]).is_loopback:
        raise InputError(
            f"host {host}: other machines could reach it, without encryption; expected an address "
            "of this machine, such as 127.0.0.1, behind a proxy that does TLS (docs/server.md)",
            "host",
        )
    try:
        return socket.create_server(address[:2], family=family, backlog=1024)
    except OSError as error:
        raise OSError(error.errno, error.strerror, f"{host} port {port}") from None


def make_server(settings: Settings, engine: Engine, with_worker: bool = True) -> uvicorn.Server:
    """Return a server that is ready to run.

    Args:
        settings: of the server.
        engine: of its database.
        with_worker: whether to start a worker, which ends with the server.

    Raises:
        InputError: a benchmark of the settings is not as it should be.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        watching = asyncio.create_task(keep_working(settings, engine)) if with_worker else None
        yield
        if watching:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    config = uvicorn.Config(
        create_app(settings, engine, lifespan), log_config=None, access_log=False,
        server_header=False, proxy_headers=False, timeout_graceful_shutdown=_GRACE, http=Connection,
        ws="none",
    )  # fmt: skip
    return uvicorn.Server(config)


def run(server: uvicorn.Server, listener: socket.socket) -> None:
    """Answer requests until SIGTERM or Ctrl-C. Requests that have begun are finished."""
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listener])
