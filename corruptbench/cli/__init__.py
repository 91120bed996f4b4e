"""The command line: one file per command, thin (parse, call, print)."""

from __future__ import annotations

import atexit
import gc
import signal
import sys
from typing import Any

import click

from corruptbench.cli import streams
from corruptbench.cli.commands import Commands
from corruptbench.cli.output import say
from corruptbench.cli.system_errors import described
from corruptbench.terminal import wrapped

_RESUMES, _NOTHING = "; the same command resumes", "; nothing was written"
#: What each command leaves when it is interrupted, where that is known.
INTERRUPTED = {
    "build": _RESUMES, "calibrate-scores": _NOTHING, "corrupt": _NOTHING, "demo": _RESUMES,
    "evaluate": _NOTHING, "evaluate-detector": _NOTHING, "export": _NOTHING, "preview": _NOTHING,
    "report": _NOTHING, "score": _NOTHING, "train": _RESUMES,
}  # fmt: skip


def _version(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:  # noqa: ARG001
    if wanted and not ctx.resilient_parsing:
        import corruptbench

        say(f"corruptbench {corruptbench.__version__}")
        ctx.exit()


HELP = """Measure how 2D-to-3D pose lifters degrade when the video is corrupted.

A first run on embedded data: corruptbench demo

Results are printed to stdout, progress and notes to stderr. Commands, options and names complete
in the shell after

\b
  eval "$(corruptbench completion bash)"    (or zsh, or fish: corruptbench completion -h)
"""


@click.group(cls=Commands, help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version,
    help="Show the version and exit.",
)  # fmt: skip
def group() -> None:
    """Hold the commands."""


def user_errors() -> tuple[type[Exception], ...]:
    """Return the errors that a user can repair; imported only when something went wrong."""
    from corruptbench.corruptions import CorruptionError
    from corruptbench.detectors import DetectorError
    from corruptbench.errors import InputError, StorageError
    from corruptbench.leaderboard import SubmissionError

    return InputError, StorageError, CorruptionError, DetectorError, SubmissionError


def main(arguments: list[str] | None = None) -> Any:
    """Run the command line.

    Exit codes are 0, 2 with one message for bad input, 3 for a build that lacks clips, 130 for
    Ctrl-C, 143 and 129 for SIGTERM and SIGHUP, and 1 if the program that reads stdout has ended.
    ``data check`` has codes of its own.
    """
    atexit.register(gc.freeze)  # or the collector would look at all that was imported, at the end
    streams.prepare()
    words = sys.argv[1:] if arguments is None else arguments
    left = INTERRUPTED.get(words[0], "") if words else ""
    came = [int(signal.SIGINT)]
    try:
        with streams.plain_warnings(), streams.ending(came):
            group.main(words, prog_name="corruptbench", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(2)
    except click.ClickException as error:
        _fail(_usage(error))
    except (click.Abort, KeyboardInterrupt):
        click.echo(f"interrupted{left}", err=True)
        sys.exit(128 + came[-1])
    except OSError as error:
        _fail(described(error, left if left == _RESUMES else ""))
    except MemoryError:
        _fail(f"out of memory; allow more (ulimit -v, the limit of the container){left}")
    except Exception as error:
        if not isinstance(error, user_errors()):
            raise
        said = " ".join([str(error), *getattr(error, "__notes__", ())])
        _fail(said, getattr(error, "exit_code", 2))


def _fail(message: str, code: int = 2) -> None:
    click.echo(wrapped(f"error: {message}", sys.stderr), err=True)
    sys.exit(code)


def _usage(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    where = f" See {context.command_path} --help." if context else ""
    return f"{error.format_message()}{where}"
