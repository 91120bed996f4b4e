"""The queue: submissions in the database, each in one state.

"waiting" and "running" become "accepted", "refused" (the sender can repair it) or "failed" (the
owner can). A worker holds a submission by a lease, which it renews. When a worker dies, its lease
ends and another one takes the submission. Only the worker that holds a submission can finish it.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, func, insert, null, or_, select, update

from corruptbench.server import audit_log
from corruptbench.server import database as db
from corruptbench.server.settings import Limits
from corruptbench.server.tokens import Owner, RevokedError

Kind = Literal["result", "predictions"]
State = Literal["waiting", "running", "accepted", "refused", "failed"]
#: The fields of each kind, and the files that they become.
FILES: Mapping[Kind, Mapping[str, str]] = {
    "result": {"result": "result.json", "clips": "result.clips.parquet"},
    "predictions": {"predictions": "predictions.parquet"},
}
DAY = 86_400.0  # seconds
#: What the sender is told of a submission that failed.
FAILED = {
    "problems": [
        "the server could not process it. Its owner finds the reason in the log. Send the same "
        "again later: it is then tried again"
    ]
}
#: Characters of a reason, and of a problem that a sender is told. Our own choice.
LONGEST = 1000
#: How long to wait for a place in the queue, seconds. Our own choice.
SOON = 60

_table = db.submissions
_c = _table.c


class Upload(NamedTuple):
    """What was uploaded.

    Attributes:
        kind: what it is.
        digest: SHA-256 of kind, name and content.
        name: for the row; None for that of the lifter.
    """

    kind: Kind
    digest: str
    name: str | None


class Job(NamedTuple):
    """A submission that a worker holds."""

    number: int
    id: str
    token: int
    kind: Kind
    digest: str
    name: str | None


@dataclass(frozen=True)
class Outcome:
    """How a submission ended.

    Attributes:
        state: the last one.
        answer: what the sender is told, as JSON.
        reason: one line for the owner.
    """

    state: State
    answer: dict[str, Any] = field(default_factory=dict)
    reason: str = ""


class TooManyError(Exception):
    """A limit of a token is reached; ``seconds`` says when to try again."""

    def __init__(self, text: str, seconds: float) -> None:
        super().__init__(text)
        self.seconds = seconds


def hold(connection: Connection, token: int) -> float | None:
    """Let other requests of a token wait until this transaction ends.

    Return the time at which the token was revoked, None for a valid one.
    """
    row = select(db.tokens.c.revoked).where(db.tokens.c.number == token)
    revoked: float | None = connection.execute(row.with_for_update()).scalar_one()
    return revoked


def enqueue(
    connection: Connection, owner: Owner, upload: Upload, limits: Limits
) -> tuple[Row[Any], bool]:
    """Return the submission of these bytes by this token, and whether it is new.

    The same bytes are the same submission. One that failed waits again.

    Raises:
        TooManyError: a new one would be beyond the limits of the token.
        RevokedError: the token was revoked while the bytes arrived.
    """
    mine = _c.token == owner.number
    if hold(connection, owner.number) is not None:
        raise RevokedError
    found = connection.execute(select(_table).where(mine, _c.digest == upload.digest)).first()
    if found and found.state != "failed":
        return found, False
    _check_limits(connection, mine, upload, limits)
    now = time.time()
    row: dict[str, Any] = {"state": "waiting", "attempts": 0, "created": now}
    if found:
        row |= {"finished": None, "answer": null(), "reason": None}
        change = update(_table).where(_c.number == found.number).values(row)
        new = connection.execute(change.returning(_table)).one()
    else:
        row |= {"id": secrets.token_hex(16), "token": owner.number, **upload._asdict()}
        new = connection.execute(insert(_table).values(row).returning(_table)).one()
    audit_log.append(connection, owner.name, f"upload {upload.kind}", new.id, upload.digest)
    return new, True


def _check_limits(
    connection: Connection, mine: ColumnElement[bool], upload: Upload, limits: Limits
) -> None:
    busy = _count(connection, mine, _c.state.in_(("waiting", "running")))
    if busy >= limits.waiting:
        text = f"{busy} submissions of this token wait, at most {limits.waiting} may"
        raise TooManyError(f"{text}: send this one again when one has ended", SOON)
    if upload.kind != "predictions":
        return
    recent = mine, _c.kind == "predictions", _c.created > time.time() - DAY
    if _count(connection, *recent) >= limits.scored_per_day:
        first = connection.execute(select(func.min(_c.created)).where(*recent)).scalar_one()
        raise TooManyError(
            f"{limits.scored_per_day} predictions of this token were scored within 24 hours, which "
            "is the limit: it keeps the labels unknown",
            first + DAY - time.time(),
        )


def _count(connection: Connection, *conditions: ColumnElement[bool]) -> int:
    return connection.execute(select(func.count()).where(*conditions)).scalar_one()


def folder_name(token: int, digest: str) -> str:
    """Return the name of the folder that holds the files of a submission."""
    return f"{token}-{digest}"


def needed_folders(connection: Connection) -> set[str]:
    """Return the names of the folders of submissions that wait, are worked on, or failed."""
    open_ones = _c.state.in_(("waiting", "running", "failed"))
    rows = connection.execute(select(_c.token, _c.digest).where(open_ones))
    return {folder_name(*row) for row in rows}


def find(connection: Connection, owner: Owner, id: str) -> Row[Any] | None:  # noqa: A002
    """Return a submission of a token; None if it has no such one."""
    if not id.isalnum():  # PostgreSQL refuses a text with NUL
        return None
    return connection.execute(select(_table).where(_c.token == owner.number, _c.id == id)).first()


def waiting(connection: Connection) -> int:
    """Return how many submissions wait or are worked on."""
    return _count(connection, _c.state.in_(("waiting", "running")))


def claim(connection: Connection, worker: str, limits: Limits) -> Job | None:
    """Take a submission that waits, or whose worker is silent; None if there is none.

    The token with the fewest submissions under way comes first, then the one whose last submission
    ended the longest ago, and then the oldest submission. One that has been tried too often fails
    instead.
    """
    now = time.time()
    # A lease that ends too late was made before the clock was set back.
    stale = or_(_c.lease < now, _c.lease > now + 2 * limits.lease_seconds)
    free = or_(_c.state == "waiting", (_c.state == "running") & stale)
    _give_up(connection, free, limits)
    first = (
        select(_c.number)
        .where(free)
        .order_by(*_turn(now), _c.number)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = connection.execute(
        update(_table)
        .where(_c.number.in_(first.scalar_subquery()))
        .values(
            state="running", worker=worker, lease=now + limits.lease_seconds,
            attempts=_c.attempts + 1,
        )
        .returning(*(_c[name] for name in Job._fields))
    ).first()  # fmt: skip
    return Job(*row) if row else None


def _turn(now: float) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Return what decides whose turn it is: of the token, what is under way, and its last end."""
    other = _table.alias("other")
    same = other.c.token == _c.token
    running = select(func.count()).where(same, other.c.state == "running", other.c.lease >= now)
    ended = select(func.coalesce(func.max(other.c.finished), 0.0)).where(same)
    return (
        running.correlate(_table).scalar_subquery(), ended.correlate(_table).scalar_subquery()
    )  # fmt: skip


def _give_up(connection: Connection, free: ColumnElement[bool], limits: Limits) -> None:
    reason = f"its worker died {limits.attempts} times"
    rows = connection.execute(
        update(_table)
        .where(free, _c.attempts >= limits.attempts)
        .values(state="failed", finished=time.time(), worker=None, answer=FAILED, reason=reason)
        .returning(_c.id, _c.digest)
    )
    for row in rows.all():
        audit_log.append(connection, "server", "give up", f"{row.id}: failed: {reason}", row.digest)


def renew(connection: Connection, job: Job, worker: str, limits: Limits) -> bool:
    """Renew a lease; return whether the worker still holds the submission."""
    lease = time.time() + limits.lease_seconds
    change = update(_table).where(*_held(job, worker)).values(lease=lease)
    return connection.execute(change).rowcount == 1


def release(connection: Connection, job: Job, worker: str) -> None:
    """Give a submission back to the queue, as if nobody had taken it."""
    change = update(_table).where(*_held(job, worker))
    connection.execute(
        change.values(state="waiting", worker=None, lease=None, attempts=_c.attempts - 1)
    )


def take_away(connection: Connection, worker: str) -> None:
    """Let what a worker held wait again, after the worker was ended. It stays an attempt."""
    held = (_c.state == "running") & (_c.worker == worker)
    connection.execute(update(_table).where(held).values(state="waiting", worker=None, lease=None))


def finish(connection: Connection, job: Job, worker: str, outcome: Outcome) -> bool:
    """Store how a submission ended; return whether the worker still held it."""
    reason = " ".join(outcome.reason.split())[:LONGEST]
    change = update(_table).where(*_held(job, worker))
    done = connection.execute(
        change.values(
            state=outcome.state, finished=time.time(), worker=None, lease=None,
            answer=outcome.answer, reason=reason,
        )
    )  # fmt: skip
    if done.rowcount != 1:
        return False
    what = "check result" if job.kind == "result" else "score predictions"
    text = f"{job.id}: {outcome.state}" + (f": {reason}" if reason else "")
    audit_log.append(connection, worker, what, text, job.digest)
    return True


def _held(job: Job, worker: str) -> tuple[ColumnElement[bool], ...]:
    return _c.number == job.number, _c.state == "running", _c.worker == worker
