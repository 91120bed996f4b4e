"""``corruptbench leaderboard send`` and ``sent``: submit to a server, and ask how it ended."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from corruptbench.cli import options
from corruptbench.cli.commands import Command, example
from corruptbench.cli.output import say, say_json

if TYPE_CHECKING:
    from corruptbench.server.client import Client, Submission

#: The variable that holds a token where no file is given.
TOKEN = "CORRUPTBENCH_TOKEN"
_KEYS = (
    "an object with what the server told: id, kind, state, created, finished and, of a row, more"
)


def _asks(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of both commands."""
    for option in reversed((
        click.option("--server", metavar="URL", required=True, help="Address of the server."),
        click.option(
            "--token-file", type=options.PATH, metavar="FILE",
            help=f"File that holds your token. Default: the variable {TOKEN}.",
        ),
        click.option(
            "--wait", "seconds", type=click.FloatRange(0), default=3600, show_default=True,
            metavar="SECONDS", help="How long to wait for the end; 0 to ask once.",
        ),
        options.as_json,
        options.always_quiet,
    )):  # fmt: skip
        command = option(command)
    return command


@click.command(
    cls=Command,
    epilog=example(
        "corruptbench leaderboard send results/my-lifter.json --server https://board.example.org "
        "--token-file token.txt",
        json=_KEYS,
    ),
)
@click.argument("file", type=options.PATH)
@click.option("--name", metavar="NAME", help="Of the row. Default: the name of the lifter.")
@_asks
def send(
    file: Path, name: str | None, server: str, token_file: Path | None, seconds: float,
    as_json: bool,
) -> None:  # fmt: skip
    """Send a result or saved predictions to a server, and wait for its verdict.

    Exit codes are those of corruptbench submit, and 3 if it has not ended in time. Sent again, the
    same file is the same submission.
    """
    client = _client(server, token_file)
    from corruptbench.server.client import submission_files

    _finish(client, client.send(submission_files(file), name), seconds, as_json)


@click.command(
    cls=Command,
    epilog=example(
        "corruptbench leaderboard sent ID --server https://board.example.org "
        "--token-file token.txt",
        json=_KEYS,
    ),
)
@click.argument("id")
@_asks
def sent(id: str, server: str, token_file: Path | None, seconds: float, as_json: bool) -> None:  # noqa: A002
    """Ask a server how a submission ended, and wait for that."""
    client = _client(server, token_file)
    _finish(client, client.state(id), seconds, as_json)


def _client(server: str, token_file: Path | None) -> Client:
    try:
        from corruptbench.server.client import Client
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"to ask a server needs the package {error.name}, which is not installed; install it "
            "with pip install 'corruptbench[server]'"
        ) from None
    return Client(server, _token(token_file))


def _token(path: Path | None) -> str:
    from corruptbench.text_files import read_text

    token = read_text(path) if path else os.environ.get(TOKEN, "")
    if not token.strip():
        where = f"{path}: empty" if path else "no token"
        raise click.UsageError(f"{where}; expected --token-file FILE or the variable {TOKEN}.")
    return token.strip()


def _finish(client: Client, found: Submission, seconds: float, as_json: bool) -> None:
    """Wait for the end, and print it."""
    from corruptbench.progress import note
    from corruptbench.server.client import plain

    found = client.wait(found, seconds, lambda state: note(f"submission {found.id}: {state}"))
    if as_json:
        say_json(found.answer)
    if found.state != "accepted":
        problems = found.answer.get("problems") or ["no reason was given"]
        raise click.ClickException(f"{found.state}: " + "; ".join(map(plain, problems)))
    if not as_json:
        for warning in found.answer.get("warnings", []):
            say(f"warning: {plain(warning)}")
        row, status = plain(found.answer.get("row")), plain(found.answer.get("status"))
        say(f"accepted: {row} ({status})")
