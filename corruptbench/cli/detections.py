"""``corruptbench detections``: quality of the 2D detections in shards."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from corruptbench.evaluation.detections import THRESHOLD, quality
from corruptbench.shards.shard_set import open_shards


@click.command()
@click.option(
    "--shards", type=click.Path(path_type=Path), default=Path("shards"), show_default=True
)
@click.option("--root", type=click.Path(path_type=Path), help="Where the data set lies (labels).")
@click.option("--manifest", help="Id or .toml. Default: the one that the shards name.")
def command(shards: Path, root: Path | None, manifest: str | None) -> None:
    """Compare the 2D detections with the projected labels, cell by cell."""
    shard_set = open_shards(shards, root, manifest)
    table = Table(
        title=f"{shard_set.manifest.title}: {shard_set.lock.detector.name}, 12 limb joints",
        caption="errors relative to the height of the person's box; AUROC: does the score tell "
        "correct joints from wrong ones?",
    )
    table.add_column("cell", no_wrap=True)
    for head in ("mean px", "mean error", "median error", f"PCK@{THRESHOLD:g}", "score", "AUROC"):
        table.add_column(head, justify="right")
    for cell, q in quality(shard_set).items():
        table.add_row(
            str(cell), f"{q.mean_px:.1f}", f"{q.mean_error:.3f}", f"{q.median_error:.3f}",
            f"{q.pck:.3f}", f"{q.mean_score:.2f}", f"{q.auroc:.3f}",
        )  # fmt: skip
    Console().print(table)
