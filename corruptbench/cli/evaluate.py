"""``corruptbench evaluate``."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from corruptbench.evaluation.lifter import load_lifter
from corruptbench.evaluation.rejected import RejectedPosesError, save_rejected
from corruptbench.evaluation.result import make_result, save
from corruptbench.evaluation.score import score
from corruptbench.files import check_folder
from corruptbench.leaderboard import as_text
from corruptbench.progress import Meter
from corruptbench.shards.shard_set import open_shards


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--shards", type=click.Path(path_type=Path), default=Path("shards"), show_default=True
)
@click.option("--root", type=click.Path(path_type=Path), help="Where the data set lies (labels).")
@click.option("--manifest", help="Id or .toml. Default: the one that the shards name.")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda or cuda:N.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("results"), show_default=True)
def command(
    model: Path, shards: Path, root: Path | None, manifest: str | None, device: str, out: Path
) -> None:
    """Score an exported lifter (model.pt or model.pt2) on shards; writes a result JSON."""
    shard_set = open_shards(shards, root, manifest)
    lifter = load_lifter(model, device)
    check_folder(out)  # now rather than after the work
    with Meter("evaluate", len(shard_set.lock.clips), "clips") as meter:
        table = score(lifter, shard_set, lambda clip: meter.advance(1, clip))
    again = f"corruptbench evaluate {model.name} --shards SHARDS --device {device}"
    try:
        result = make_result(table, lifter, shard_set, again)
    except RejectedPosesError as error:
        raise save_rejected(error, out) from None
    path = save(result, table, out)
    console = Console()
    console.print(as_text([result], console.width))
    if result.coverage.n_scored != result.coverage.n_expected:
        click.echo(
            f"partial: {result.coverage.cells} of {len(shard_set.manifest.cells)} cells were "
            "built; the leaderboard takes complete results only"
        )
    click.echo(f"result: {path}")
