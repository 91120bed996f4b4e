"""``corruptbench leaderboard serve``, ``work``, ``token`` and ``log``: host a board."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from corruptbench.cli import options
from corruptbench.cli.commands import Command, Group, example
from corruptbench.cli.output import say, say_json

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from corruptbench.server.settings import Settings

_folder = click.option(
    "--folder", type=options.PATH, default=Path("board-server"), show_default=True,
    help="Folder of the server: its database, uploads, and server.toml, if there is one.",
)  # fmt: skip


@click.command(cls=Command, epilog=example("corruptbench leaderboard serve --folder board-server"))
@_folder
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True,
              help="Port to listen at; 0 for any.")  # fmt: skip
@click.option("--public", is_flag=True, help="Allow an address that other machines can reach.")
@click.option("--workers", type=click.IntRange(0, 1), default=1, show_default=True,
              help="Workers to start; further ones: corruptbench leaderboard work.")  # fmt: skip
@options.always_quiet
def serve(folder: Path, host: str, port: int, public: bool, workers: int) -> None:
    """Serve a board: its page, and submissions with tokens (docs/server.md)."""
    settings, engine = _opened(folder)
    from corruptbench.server import serving

    server = serving.make_server(settings, engine, with_worker=bool(workers))
    listener = serving.bind(host, port, public)
    address, chosen = listener.getsockname()[:2]
    shown = f"[{address}]" if ":" in address else address
    say(f"serving {settings.board_folder} at http://{shown}:{chosen} (Ctrl-C ends)")
    serving.run(server, listener)


@click.command(cls=Command, epilog=example("corruptbench leaderboard work --folder board-server"))
@_folder
@click.option("--once", is_flag=True, help="End when nothing waits.")
@options.always_quiet
def work(folder: Path, once: bool) -> None:
    """Check and score submissions of a server, beside the worker that it starts."""
    settings, _ = _opened(folder)
    from corruptbench.server import worker
    from corruptbench.server.benchmarks import benchmarks

    benchmarks(settings)  # now rather than at the first submission
    with suppress(KeyboardInterrupt):
        worker.work(settings, until_empty=once)


@click.command(
    cls=Command,
    epilog=example(
        "corruptbench leaderboard log --last 20",
        json="an array of objects with time (seconds since 1970), who, what, digest (or null) and "
        "outcome",
    ),
)
@_folder
@click.option("--last", type=click.IntRange(1), default=50, show_default=True,
              help="So many entries.")  # fmt: skip
@options.as_json
@options.always_quiet
def log(folder: Path, last: int, as_json: bool) -> None:
    """Print who did what on a server, when, and how it ended."""
    _, engine = _opened(folder)
    from corruptbench.server import audit_log
    from corruptbench.server.database import reading

    with reading(engine) as database:
        entries = audit_log.entries(database, last)
    if as_json:
        say_json([entry._asdict() for entry in entries])
        return
    for entry in entries:
        digest = (entry.digest or "")[:12]
        say(f"{_date(entry.time)}  {entry.who}  {entry.what}  {digest}  {entry.outcome}")


@click.group(cls=Group, epilog=example("corruptbench leaderboard token add alice"))
def token() -> None:
    """Make, list or revoke the tokens that senders need."""


@token.command(epilog=example("corruptbench leaderboard token add alice --folder board-server"))
@click.argument("name")
@_folder
@options.always_quiet
def add(name: str, folder: Path) -> None:
    """Make a token and print it. It cannot be shown again."""
    _, engine = _opened(folder)
    from corruptbench.server import tokens

    with engine.begin() as database:
        made = tokens.add(database, name)
    say(made)


@token.command(epilog=example("corruptbench leaderboard token revoke alice"))
@click.argument("name")
@_folder
@options.always_quiet
def revoke(name: str, folder: Path) -> None:
    """Make a token useless. What it submitted stays."""
    _, engine = _opened(folder)
    from corruptbench.server import tokens

    with engine.begin() as database:
        tokens.revoke(database, name)
    say(f"revoked: {name}")


@token.command(name="list", epilog=example("corruptbench leaderboard token list"))
@_folder
@options.always_quiet
def list_tokens(folder: Path) -> None:
    """List the names of tokens, when they were made, and whether they are revoked."""
    _, engine = _opened(folder)
    from corruptbench.server import tokens
    from corruptbench.server.database import reading

    with reading(engine) as database:
        known = tokens.known(database)
    for one in known:
        revoked = f", revoked {_date(one.revoked)}" if one.revoked else ""
        say(f"{one.name}: made {_date(one.created)}{revoked}")


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _opened(folder: Path) -> tuple[Settings, Engine]:
    """Open the folder and the database of a server; make what is missing."""
    try:
        from sqlalchemy.exc import DBAPIError

        from corruptbench.server import settings
        from corruptbench.server.database import open_database
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"a server needs the package {error.name}, which is not installed; install it with "
            "pip install 'corruptbench[server]'"
        ) from None
    found = settings.load_settings(folder)
    settings.prepare(found)
    try:
        return found, open_database(found)
    except DBAPIError as error:
        reason = " ".join(str(error.orig).split())
        raise click.ClickException(f"the database of {folder} does not answer: {reason}") from None
