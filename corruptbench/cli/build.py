"""``corruptbench build``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from corruptbench.cli import options
from corruptbench.cli.commands import define
from corruptbench.cli.output import say_text
from corruptbench.storage import AnyPath

if TYPE_CHECKING:
    from corruptbench.shards.shard_set import ShardSet


@define("corruptbench build --manifest studio-c-mini --severity 1,3 --out shards")
@options.manifest()
@options.root
@options.severities
@options.corruptions("all of the benchmark")
@options.build_detector
@options.boxes
@options.device
@click.option(
    "--engine",
    type=click.Choice(["processes", "ray"]),
    default="processes",
    show_default=True,
    help="What runs the workers: processes of this machine, or actors of a Ray cluster "
    "(docs/cluster.md). Without a running cluster, Ray starts one on this machine.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Default: one for each usable processor; 1 on CUDA. With Ray one for each processor of "
    "the cluster, or each GPU; several share one where there are more workers.",
)
@click.option("--videos", is_flag=True, help="Also write the corrupted videos, as H.264 in .mp4.")
@click.option("--crf", type=options.CRF, help=f"Of the videos. {options.CRF_HELP} Default: 12.")
@click.option(
    "--part",
    metavar="I/N",
    help="Build one of N parts of the clips, I from 0 to N-1. Parts may run at the same time on "
    "machines that share the folder. In a Slurm array that starts at 0: "
    "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT.",
)
@click.option(
    "--finish",
    is_flag=True,
    help="Build nothing; write the lock when all parts are there. Exit code 3: clips are missing.",
)
@click.option(
    "--fail-fast",
    is_flag=True,
    help="End at the first clip that cannot be built. Default: build the others, exit code 3.",
)
@options.quiet
@click.option(
    "--out", type=options.SHARDS, default=Path("shards"), show_default=True,
    help="Folder to build into, or s3://bucket/prefix (docs/data.md).",
)  # fmt: skip
def command(crf: int | None, videos: bool, part: str | None, finish: bool, **chosen: Any) -> None:
    """Corrupt the videos, detect 2D keypoints, store Parquet shards. Run again to resume."""
    if crf is not None and not videos:
        raise click.UsageError(f"--crf {crf} concerns videos: add --videos, or leave it out.")
    if part is not None and finish:
        raise click.UsageError("--part and --finish: give one of the two; finish the parts last.")
    chosen |= {"crf": crf, "videos": videos}
    if finish:
        _finish(**chosen)
    elif part is not None:
        _build_part(part, **chosen)
    else:
        _build(**chosen)


def _build(quiet: bool, **chosen: Any) -> None:
    from corruptbench.api import build

    _say_built(build(progress=not quiet, **chosen), chosen["videos"])


def _build_part(part: str, quiet: bool, out: AnyPath, **chosen: Any) -> None:
    from corruptbench.api import build_part
    from corruptbench.progress import counted

    clips = build_part(part, progress=not quiet, out=out, **chosen)
    say_text(f"part {part} ({counted(clips, 'clip')}) is in {out}")
    say_text("after all parts, run the same with --finish in place of --part")


def _finish(**chosen: Any) -> None:
    from corruptbench.api import finish_build

    for name in ("quiet", "workers", "engine", "fail_fast"):  # how parts are built
        del chosen[name]
    _say_built(finish_build(**chosen), chosen["videos"])


def _say_built(shards: ShardSet, videos: bool) -> None:
    out = shards.folder
    say_text(f"shards of {shards.manifest.title} in {out}; lock: {out / 'lock.json'}")
    if videos:
        say_text(f"videos: {out / 'videos'}")
