"""``corruptbench build``."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

import click

from corruptbench.builder.plan import choose_cells, parse_severities
from corruptbench.builder.runner import Todo, build
from corruptbench.builder.workers import Recipe
from corruptbench.errors import InputError
from corruptbench.manifest import load_manifest
from corruptbench.progress import Meter
from corruptbench.video.writer import CRF, CRF_HELP


@click.command()
@click.option("--manifest", default="studio-c", show_default=True, help="Benchmark: id or .toml.")
@click.option("--root", type=click.Path(path_type=Path), help="Where the data set lies.")
@click.option("--severity", default="1-5", show_default=True, help="Such as 3, 1-5 or 1,3,5.")
@click.option("--corruption", multiple=True, help="Only this one; repeatable. Default: all.")
@click.option("--detector", default="movenet:lightning", show_default=True)
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda or cuda:N.")
@click.option(
    "--workers", type=click.IntRange(min=1), help="Processes. Default: one a core; 1 on CUDA."
)
@click.option("--videos", is_flag=True, help="Also write the corrupted videos, as H.264 in .mp4.")
@click.option(
    "--crf", type=click.IntRange(0, 51), help=f"Of the videos. {CRF_HELP} Default: {CRF}."
)
@click.option("--out", type=click.Path(path_type=Path), default=Path("shards"), show_default=True)
def command(
    manifest: str,
    root: Path | None,
    severity: str,
    corruption: tuple[str, ...],
    detector: str,
    device: str,
    workers: int | None,
    videos: bool,
    crf: int | None,
    out: Path,
) -> None:
    """Corrupt the videos, detect 2D keypoints, store Parquet shards. Run again to resume."""
    if crf is not None and not videos:
        raise InputError(f"--crf {crf}: without --videos there is nothing to encode; add --videos")
    recipe = Recipe(load_manifest(manifest), root, detector, device)
    cells = choose_cells(recipe.manifest, parse_severities(severity), corruption)
    if workers is None:
        workers = len(os.sched_getaffinity(0)) if device == "cpu" else 1
    with ExitStack() as stack:
        meters: list[Meter] = []
        clips = 0

        def announce(todo: Todo) -> None:
            click.echo(
                f"{recipe.manifest.title}: {todo.clips} clips x {len(cells)} cells, "
                f"{len(todo.items)} clips to build ({todo.crops} crops), {workers} workers",
                err=True,
            )
            if todo.items:
                meters.append(stack.enter_context(Meter("build", todo.crops, "crops")))

        def progress(crops_done: int, clips_done: int) -> None:
            nonlocal clips
            clips += clips_done
            meters[0].advance(crops_done, f"({clips} clips)")

        filmed = (CRF if crf is None else crf) if videos else None
        lock = build(recipe, cells, out, workers, announce, progress, filmed)
    click.echo(f"shards of {recipe.manifest.title} in {out}; lock: {lock}")
    if videos:
        click.echo(f"videos: {out / 'videos'}")
