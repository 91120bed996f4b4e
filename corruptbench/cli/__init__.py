"""The command line: one file per command, thin (parse, call, print)."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

import corruptbench

#: Command, which is also its module, to the first sentence of its help. A module is imported when
#: its command is used: they bring in torch, pandas and Numba, and --help needs none of them.
COMMANDS = {
    "build": "Corrupt the videos, detect 2D keypoints, store Parquet shards.",
    "clips": "List the clips of a benchmark.",
    "corrupt": "Write a corrupted copy of any video; the number of frames is kept.",
    "data": "Check the files of a data set.",
    "detections": "Compare the 2D detections with the projected labels, cell by cell.",
    "evaluate": "Score an exported lifter (model.pt or model.pt2) on shards; writes a result JSON.",
    "export": "Write the detections as the files that repositories of lifters read.",
    "leaderboard": "The leaderboard's table and page.",
    "preview": "Show a clip in every cell, with the skeleton found: a sheet, or a video.",
    "submit": "Check a result and add it to the leaderboard's table.",
    "train": "Train a baseline lifter on clean detections and export it.",
    "verify": "Check shards against their lock, and the lock against another site's.",
    "weights": "The detectors' weights: list (default) and fetch.",
}

_RESUMES, _NOTHING = "; the same command resumes", "; nothing was written"
#: What a command leaves when it is interrupted, of those where that is known.
INTERRUPTED = {"build": _RESUMES, "train": _RESUMES, "corrupt": _NOTHING, "preview": _NOTHING}


class Commands(click.Group):
    """Finds a command in its module, as ``command``."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Names, sorted."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"corruptbench.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list of commands, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group(cls=Commands)
@click.version_option(corruptbench.__version__)
def group() -> None:
    """Measure how 2D-to-3D pose lifters degrade when the video is corrupted."""


def user_errors() -> tuple[type[Exception], ...]:
    """What a user can mend; the libraries name their own. Asked for when something went wrong."""
    from corruptbench.corruptions import CorruptionError
    from corruptbench.detectors import DetectorError
    from corruptbench.errors import InputError
    from corruptbench.leaderboard import SubmissionError

    return InputError, CorruptionError, DetectorError, SubmissionError


def main(arguments: list[str] | None = None) -> Any:
    """Entry point: exit code 2 and one message for bad input, 130 for Ctrl-C."""
    try:
        group.main(arguments, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        words = sys.argv[1:] if arguments is None else arguments
        left = INTERRUPTED.get(words[0], "") if words else ""
        click.echo(f"interrupted{left}", err=True)
        sys.exit(130)
    except OSError as error:
        click.echo(f"error: {error.filename or 'the system'}: {error.strerror or error}", err=True)
        sys.exit(2)
    except user_errors() as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
