"""``corruptbench verify``."""

from __future__ import annotations

from pathlib import Path

import click

from corruptbench.errors import InputError
from corruptbench.shards.verify import compare, recount


@click.command()
@click.argument("shards", type=click.Path(path_type=Path), default=Path("shards"))
@click.option("--against", type=click.Path(path_type=Path), help="Another site's lock.json.")
def command(shards: Path, against: Path | None) -> None:
    """Check shards against their lock, and the lock against another site's."""
    checked = recount(shards)
    click.echo(f"{shards}: {checked} cells are as lock.json says")
    if against is None:
        return
    report = compare(shards / "lock.json", against)
    if report.pixels:
        raise InputError(
            f"{shards} and {against}: other pixels in {len(report.pixels)} of {report.cells} "
            f"cells (first: {report.pixels[0]}); not the same videos, labels or software"
        )
    click.echo(f"pixels: the same in all {report.cells} cells that both have")
    click.echo(
        f"detections: the same bytes in {report.cells - len(report.detections)} of {report.cells} "
        "cells"
    )
    if report.ours or report.theirs:
        click.echo(f"not compared: {report.ours} cells only here, {report.theirs} only there")
