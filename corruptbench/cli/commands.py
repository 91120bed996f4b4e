"""Find commands, name the path that an error concerns, and give examples in the help."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from importlib import import_module

import click

from corruptbench.cli.words import suggestion

#: Each is also the name of the module in this folder that defines it as ``command``.
COMMANDS = (
    "build", "calibrate-scores", "clips", "compare", "completion", "contract", "convert", "corrupt",
    "croissant", "data", "demo", "detections", "evaluate", "evaluate-detector", "export",
    "leaderboard", "measure-noise", "plan", "preview", "report", "score", "submit", "train",
    "verify", "weights",
)  # fmt: skip

#: Key of the words of a command among what click keeps for it.
_WORDS = f"{__name__}.words"
#: Parameters that name where a command writes.
_OUTPUTS = ("out", "target", "board")


class Command(click.Command):
    """Adds to errors: the option that is wrong, or what the system names no file of.

    That is where the command writes, else the command. Where a data set needs its root, the
    command with it is written out.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words, and keep them for messages."""
        ctx.meta[_WORDS] = list(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except OSError as error:
            outputs = [str(ctx.params[name]) for name in _OUTPUTS if ctx.params.get(name)]
            if error.filename is None:
                error.filename = outputs[0] if outputs else ctx.command_path
            raise
        except ValueError as error:
            option = f"--{getattr(error, 'parameter', None)}"
            if any(option in parameter.opts for parameter in self.params):
                error.add_note(f"({_way(option, ctx)})")
            raise


def _way(option: str, ctx: click.Context) -> str:
    """Return how an option is given: its name, or the whole command with a root that it lacks."""
    if option != "--root" or ctx.params.get("root") is not None:
        return f"option {option}"
    words = [*ctx.command_path.split(), *ctx.meta[_WORDS], option, "ROOT"]
    return f"option {option}: {shlex.join(words)}"


class Group(click.Group):
    """Suggests a command for a mistyped one."""

    command_class = Command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the first word names.

        Raises:
            click.UsageError: there is none; names the most similar one.
        """
        known = self.list_commands(ctx)
        if args[0] not in known and not args[0].startswith("-"):
            raise click.UsageError(
                f"no such command '{args[0]}'.{suggestion(args[0], known)} Expected one of "
                f"{', '.join(known)}.",
                ctx,
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the first sentence of each command's help, uncut."""
        commands = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        with formatter.section("Commands"):
            formatter.write_dl(
                [(n, c.get_short_help_str(limit=200)) for n, c in commands.items() if c]
            )


class Commands(Group):
    """Finds each command in its module, which imports what is slow only when the command runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names, sorted."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return the command of that name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(
            f"corruptbench.cli.{cmd_name.replace('-', '_')}"
        ).command
        return command


def define(*lines: str, json: str = "") -> Callable[[Callable[..., object]], Command]:
    """Return the decorator of a command with an example in its help; see `example`."""
    return click.command(cls=Command, epilog=example(*lines, json=json))


def example(*lines: str, json: str = "") -> str:
    """Return the end of a help: an example, and the keys that ``--json`` prints."""
    text = "\n".join(("\b", "Example:", *(f"  {line}" for line in lines)))
    return f"{text}\n\nWith --json: {json}." if json else text
