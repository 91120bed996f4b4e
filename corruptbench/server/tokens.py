"""Tokens: who may submit. The database holds a salted hash of each one, never the token.

A token has 256 random bits, so a fast hash is enough: no guess can find it. Its number, which is
not secret, says which row it is compared with.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update

from corruptbench.errors import InputError
from corruptbench.server import audit_log
from corruptbench.server import database as db

#: Begins every token, so that a search for leaked secrets finds it.
PREFIX = "cbt"
#: What an unknown token is compared with, so that it takes as long as a known one.
_NOBODY = (secrets.token_hex(16), "0" * 64)


class RevokedError(Exception):
    """A token is not valid any more."""


class Owner(NamedTuple):
    """Who a token was made for."""

    number: int
    name: str


def add(connection: Connection, name: str) -> str:
    """Make a token and return it. It cannot be shown again.

    Raises:
        InputError: there is a token of that name already, or the name is empty or too long.
    """
    if not name.strip() or len(name) > 80 or not name.isprintable():
        raise InputError("name of a token: expected 1 to 80 printable characters")
    if connection.execute(select(db.tokens.c.number).where(db.tokens.c.name == name)).first():
        raise InputError(f"token {name}: there is one of that name; choose another name")
    secret, salt = secrets.token_urlsafe(32), secrets.token_hex(16)
    row = {"name": name, "salt": salt, "digest": _digest(salt, secret), "created": time.time()}
    number = connection.execute(
        insert(db.tokens).values(row).returning(db.tokens.c.number)
    ).scalar_one()
    audit_log.append(connection, "owner", "token add", name)
    return f"{PREFIX}_{number}_{secret}"


def revoke(connection: Connection, name: str) -> None:
    """Make a token useless.

    Raises:
        InputError: there is no such token, or it is revoked already.
    """
    valid = (db.tokens.c.name == name) & db.tokens.c.revoked.is_(None)
    if not connection.execute(update(db.tokens).where(valid).values(revoked=time.time())).rowcount:
        raise InputError(f"token {name}: there is none that is valid; list them")
    audit_log.append(connection, "owner", "token revoke", name)


class Known(NamedTuple):
    """What the database says of a token."""

    name: str
    created: float
    revoked: float | None


def known(connection: Connection) -> list[Known]:
    """Return all tokens, the oldest first."""
    columns = [db.tokens.c[name] for name in Known._fields]
    rows = connection.execute(select(*columns).order_by(db.tokens.c.number))
    return [Known(*row) for row in rows]


def owner_of(connection: Connection, token: str) -> Owner | None:
    """Return whose token it is; None if it is wrong or revoked."""
    prefix, _, rest = token.partition("_")
    number, _, secret = rest.partition("_")
    row = None
    if prefix == PREFIX and number.isascii() and number.isdigit() and len(number) < 10:
        row = connection.execute(
            select(db.tokens).where(
                db.tokens.c.number == int(number), db.tokens.c.revoked.is_(None)
            )
        ).first()
    salt, digest = (row.salt, row.digest) if row else _NOBODY
    same = hmac.compare_digest(_digest(salt, secret), digest)
    return Owner(row.number, row.name) if row and same else None


def _digest(salt: str, secret: str) -> str:
    return hashlib.sha256(f"{salt}{secret}".encode()).hexdigest()
