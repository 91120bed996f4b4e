"""``corruptbench completion``."""

from __future__ import annotations

import click

from corruptbench.cli import options
from corruptbench.cli.commands import define
from corruptbench.cli.output import say


@define(
    "corruptbench completion bash >> ~/.bashrc",
    "corruptbench completion zsh >> ~/.zshrc",
    "corruptbench completion fish > ~/.config/fish/completions/corruptbench.fish",
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@options.always_quiet
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the script by which a shell completes commands, options and names."""
    from click.shell_completion import get_completion_class

    completion = get_completion_class(shell)
    assert completion is not None
    group = context.find_root().command
    say(completion(group, {}, "corruptbench", "_CORRUPTBENCH_COMPLETE").source())
