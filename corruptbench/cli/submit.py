"""``corruptbench submit``."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from corruptbench.errors import InputError
from corruptbench.evaluation.expectation import expectation
from corruptbench.leaderboard import as_text, by_benchmark, check, load, standing, submit
from corruptbench.manifest import known_manifests, load_manifest


@click.command()
@click.argument("result", type=click.Path(path_type=Path))
@click.option(
    "--board",
    type=click.Path(path_type=Path),
    default=Path("leaderboard/results"),
    show_default=True,
    help="Folder of the leaderboard's results.",
)
@click.option("--manifest", help="Of a benchmark of your own: .toml.")
def command(result: Path, board: Path, manifest: str | None) -> None:
    """Check a result and add it to the leaderboard's table."""
    checked = check(result)
    benchmark = checked.benchmark.id
    if manifest is None and benchmark not in known_manifests():
        raise InputError(
            f"{result}: benchmark {benchmark} is not one of {', '.join(known_manifests())}; "
            "for a benchmark of your own give its manifest: --manifest FILE.toml"
        )
    frozen = load_manifest(manifest or benchmark)
    known = standing(checked, board) == "same"
    path = submit(result, board, expectation(frozen))
    rows = by_benchmark(load(board))[checked.benchmark]
    console = Console()
    console.print(as_text(rows, console.width))
    click.echo(f"{'already on the board' if known else 'added'}: {path}")
