"""The command line: one file per command, thin (parse, call, print)."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

import corruptbench
from corruptbench.errors import InputError
from corruptions import CorruptionError
from detectors import DetectorError
from leaderboard import SubmissionError

#: Command to module; a command's module is imported when it is used, so that --help is quick.
COMMANDS = {
    "build": "build",
    "corrupt": "corrupt",
    "detections": "detections",
    "evaluate": "evaluate",
    "leaderboard": "leaderboard",
    "preview": "preview",
    "submit": "submit",
    "train": "train",
    "verify": "verify",
    "weights": "weights",
}

#: What a user can mend; the libraries name their own.
USER_ERRORS = (InputError, CorruptionError, DetectorError, SubmissionError)


class Commands(click.Group):
    """Finds a command in its module, as ``command``."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Names, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"corruptbench.cli.{COMMANDS[cmd_name]}").command
        return command


@click.group(cls=Commands)
@click.version_option(corruptbench.__version__)
def group() -> None:
    """Measure how 2D-to-3D pose lifters degrade when the video is corrupted."""


def main(arguments: list[str] | None = None) -> Any:
    """Entry point: exit code 2 and one message for bad input, 130 for Ctrl-C."""
    try:
        group.main(arguments, standalone_mode=False)
    except USER_ERRORS as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted; the same command resumes", err=True)
        sys.exit(130)
    except OSError as error:
        click.echo(f"error: {error.filename or 'the system'}: {error.strerror or error}", err=True)
        sys.exit(2)
