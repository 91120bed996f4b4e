"""The log of a server: who did what, when, and how it ended. Entries are only added."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, insert, select

from corruptbench.server import database as db


class Entry(NamedTuple):
    """One entry.

    Attributes:
        time: seconds since 1970.
        who: name of the token, "owner", or a worker.
        what: such as "upload" or "score".
        digest: SHA-256 of the bytes that it is about; None where there are none.
        outcome: in words.
    """

    time: float
    who: str
    what: str
    digest: str | None
    outcome: str


def append(
    connection: Connection, who: str, what: str, outcome: str, digest: str | None = None
) -> None:
    """Add an entry, in the transaction of what it is about."""
    entry = Entry(time.time(), who, what, digest, outcome)
    connection.execute(insert(db.log).values(entry._asdict()))


def entries(connection: Connection, last: int) -> Sequence[Entry]:
    """Return the last entries, the oldest first."""
    columns = [db.log.c[name] for name in Entry._fields]
    rows = connection.execute(select(*columns).order_by(db.log.c.number.desc()).limit(last))
    return [Entry(*row) for row in reversed(rows.all())]
