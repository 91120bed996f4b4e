"""``corruptbench leaderboard``: show the table, render the page."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from corruptbench.errors import InputError
from corruptbench.leaderboard import as_text, by_benchmark, load, render
from corruptbench.manifest import known_manifests, load_manifest

_board = click.option(
    "--board",
    type=click.Path(path_type=Path),
    default=Path("leaderboard/results"),
    show_default=True,
    help="Folder of the leaderboard's results.",
)


@click.group()
def command() -> None:
    """The leaderboard's table and page."""


@command.command()
@_board
def show(board: Path) -> None:
    """Print the table of each benchmark."""
    results = load(board)
    if not results:
        raise InputError(f"{board}: no results yet; add one with corruptbench submit")
    console = Console()
    for rows in by_benchmark(results).values():
        console.print(as_text(rows, console.width))


@command.command(name="render")
@_board
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("leaderboard.html"), show_default=True
)
def render_page(board: Path, out: Path) -> None:
    """Write the leaderboard as one self-contained HTML page."""
    manifests = {
        m.id: {"title": m.title, "corruptions": [c.name for c in m.corruptions]}
        for m in map(load_manifest, known_manifests())
    }
    click.echo(f"page: {render(load(board), out, manifests)}")
