"""``corruptbench build``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from corruptbench.cli import options
from corruptbench.cli.commands import define
from corruptbench.cli.output import say


@define("corruptbench build --manifest studio-c-mini --severity 1,3 --out shards")
@options.manifest()
@options.root
@options.severities
@options.corruptions("all of the benchmark")
@options.detector
@options.device
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Processes. Default: one for each usable processor; 1 on CUDA.",
)
@click.option("--videos", is_flag=True, help="Also write the corrupted videos, as H.264 in .mp4.")
@click.option("--crf", type=options.CRF, help=f"Of the videos. {options.CRF_HELP} Default: 12.")
@options.quiet
@options.out("shards", "Folder to build into.")
def command(out: Path, crf: int | None, videos: bool, quiet: bool, **chosen: Any) -> None:
    """Corrupt the videos, detect 2D keypoints, store Parquet shards. Run again to resume."""
    from corruptbench.api import build

    if crf is not None and not videos:
        raise click.UsageError(f"--crf {crf} concerns videos: add --videos, or leave it out.")
    shards = build(out=out, crf=crf, videos=videos, progress=not quiet, **chosen)
    say(f"shards of {shards.manifest.title} in {out}; lock: {out / 'lock.json'}")
    if videos:
        say(f"videos: {out / 'videos'}")
