"""``corruptbench croissant``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from corruptbench.cli import options
from corruptbench.cli.commands import define
from corruptbench.cli.output import say
from corruptbench.storage import AnyPath

if TYPE_CHECKING:
    from corruptbench.datasets.card import Card
    from corruptbench.shards.croissant import Publication


@define(
    "corruptbench croissant shards",
    'corruptbench croissant shards --creator "Our lab" --url https://example.org/shards '
    "--date 2026-11-27",
)
@click.argument("shards", type=options.SHARDS, default=Path("shards"))
@click.option("--creator", help="Who made the build: a person or a group.")
@click.option("--url", help="Page where the build is published.")
@click.option("--date", help="Day of publication, such as 2026-11-27.")
@click.option(
    "--out", type=options.SHARDS, help="Default: croissant.json in SHARDS, where it belongs."
)
@options.always_quiet
def command(
    shards: AnyPath, creator: str | None, url: str | None, date: str | None, out: AnyPath | None
) -> None:
    """Describe a build for data set search and NeurIPS: Croissant metadata."""
    from corruptbench.files import write_json
    from corruptbench.progress import note
    from corruptbench.shards.croissant import Publication, card_of_build, croissant
    from corruptbench.shards.lock import read_lock

    publication = Publication(creator, url, date)
    path = out or shards / "croissant.json"
    write_json(path, croissant(shards, publication))
    for text in _cautions(card_of_build(read_lock(shards / "lock.json")), publication):
        note(text)
    say(f"Croissant metadata: {path}")


def _cautions(card: Card, publication: Publication) -> Iterator[str]:
    """Yield what is missing or forbidden before a build can be published."""
    if card.publishable is False:
        yield f"made from {card.title}, which is licensed: do not pass on the shards"
        return
    if card.publishable is None:
        yield f"the terms of {card.title} are not known: write them into the file, see license"
    if publication.missing:
        lacking = ", ".join(f"--{name}" for name in publication.missing)
        yield f"to publish it, Croissant requires {lacking}"
