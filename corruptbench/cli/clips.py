"""``corruptbench clips``."""

from __future__ import annotations

from pathlib import Path

import click

from corruptbench.datasets import ClipId, Dataset, open_dataset
from corruptbench.manifest import Manifest, load_manifest


def by_name(manifest: Manifest, dataset: Dataset) -> dict[str, ClipId]:
    """The benchmark's clips by the names that users give, such as ``S6/walking_1.cam1``."""
    return {str(c).partition("/")[2]: c for c in manifest.select(dataset.clip_ids())}


@click.command()
@click.option("--manifest", default="studio-c", show_default=True, help="Benchmark: id or .toml.")
@click.option("--root", type=click.Path(path_type=Path), help="Where the data set lies.")
def command(manifest: str, root: Path | None) -> None:
    """List the clips of a benchmark."""
    benchmark = load_manifest(manifest)
    for name in by_name(benchmark, open_dataset(benchmark.dataset, root)):
        click.echo(name)
