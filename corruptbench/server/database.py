"""The tables of a server, in SQLite or PostgreSQL."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Engine,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    insert,
    select,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from corruptbench.errors import InputError
from corruptbench.server.settings import Settings

#: Seconds that a statement waits for another process of SQLite. Our own choice.
_BUSY = 30
#: Name of the option of a connection that only reads.
_READS = "reads"

metadata = MetaData()

tokens = Table(
    "tokens",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("salt", String(32), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("created", Float, nullable=False),
    Column("revoked", Float),
)

#: Times are seconds since 1970. ``answer`` is what the sender is told, ``reason`` is for the owner.
submissions = Table(
    "submissions",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("token", ForeignKey("tokens.number"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("name", String(80)),
    Column("state", String(16), nullable=False, index=True),
    Column("created", Float, nullable=False),
    Column("finished", Float),
    Column("worker", String(160)),
    Column("lease", Float),
    Column("attempts", Integer, nullable=False),
    Column("answer", JSON),
    Column("reason", Text),
    UniqueConstraint("token", "digest"),
    sqlite_autoincrement=True,
)

log = Table(
    "log",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("time", Float, nullable=False),
    Column("who", String(160), nullable=False),
    Column("what", String(40), nullable=False),
    Column("digest", String(64)),
    Column("outcome", Text, nullable=False),
    sqlite_autoincrement=True,
)

#: One row: the version of these tables. Databases from before it have the tables of version 1.
schema = Table("schema_version", metadata, Column("version", Integer, nullable=False))
#: Of the tables in this file: a change of them needs a new one.
VERSION = 1

#: By the name of the database: what refuses any change of the log.
_APPEND_ONLY = {
    "sqlite": [
        f"CREATE TRIGGER log_no_{change.lower()} BEFORE {change} ON log "
        "BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END"
        for change in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the log is append-only'; END $$",
        "CREATE TRIGGER log_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON log "
        "EXECUTE FUNCTION log_is_append_only()",
    ],
}


@event.listens_for(log, "after_create")
def _refuse_changes(_: Table, connection: Connection, **__: Any) -> None:
    for statement in _APPEND_ONLY[connection.dialect.name]:
        connection.exec_driver_sql(statement)


def open_database(settings: Settings) -> Engine:
    """Open the database of a server, and make its tables where they are missing.

    Raises:
        InputError: the URL is not of SQLite or PostgreSQL, or the tables are of another version.
        sqlalchemy.exc.OperationalError: the database cannot be reached.
    """
    engine = _sqlite(settings) if settings.database is None else _postgresql(settings.database)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":  # two processes may start at once
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7205759403)")
        metadata.create_all(connection)
        _check_version(connection)
    return engine


def _check_version(connection: Connection) -> None:
    """Store the version where there is none; refuse another one."""
    found = connection.execute(select(schema.c.version)).scalars().all()
    if not found:
        connection.execute(insert(schema).values(version=VERSION))
    elif found != [VERSION]:
        versions = ", ".join(map(str, found))
        raise InputError(
            f"the database of the server: found tables of version {versions}, expected {VERSION}; "
            "use the corruptbench that made it, or a new folder and database"
        )


def _postgresql(text: str) -> Engine:
    expected = "expected postgresql://USER@HOST/NAME (leave it out for SQLite)"
    try:
        url = make_url(text)
    except ArgumentError:
        raise InputError(f"server.toml: database: no URL; {expected}") from None
    if url.get_backend_name() != "postgresql":
        raise InputError(f"server.toml: database: found {url.get_backend_name()}, {expected}")
    try:
        return create_engine(
            url.set(drivername="postgresql+psycopg"), pool_pre_ping=True, hide_parameters=True
        )
    except (ImportError, NoSuchModuleError):
        raise InputError(
            "server.toml: database: PostgreSQL needs the package psycopg; install it with "
            "pip install 'corruptbench[server]'"
        ) from None


def _sqlite(settings: Settings) -> Engine:
    """Open a file of SQLite. The threads of a process take turns; processes wait for one another.

    One that writes takes the lock of the file when it begins, so that none fails half-way.
    """
    engine = create_engine(
        f"sqlite:///{settings.folder / 'server.sqlite'}",
        pool_size=1, max_overflow=0, connect_args={"timeout": _BUSY}, hide_parameters=True,
    )  # fmt: skip

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # `_begin` begins transactions, not the driver
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get(_READS)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def reading(engine: Engine) -> AbstractContextManager[Connection]:
    """Begin a transaction that only reads: in SQLite, it waits for no other process."""
    return engine.execution_options(**{_READS: True}).begin()
