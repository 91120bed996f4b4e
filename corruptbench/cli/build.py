"""``corruptbench build``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from corruptbench.cli import options
from corruptbench.cli.commands import Command, example
from corruptbench.cli.output import say

if TYPE_CHECKING:
    from corruptbench.builder.runner import Todo


@click.command(
    cls=Command,
    epilog=example("corruptbench build --manifest studio-c-mini --severity 1,3 --out shards"),
)
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
def command(out: Path, crf: int | None, videos: bool, **chosen: Any) -> None:
    """Corrupt the videos, detect 2D keypoints, store Parquet shards. Run again to resume."""
    if crf is not None and not videos:
        raise click.UsageError(f"--crf {crf} concerns videos: add --videos, or leave it out.")
    title, lock = _build(out=out, crf=crf, videos=videos, **chosen)
    say(f"shards of {title} in {out}; lock: {lock}")
    if videos:
        say(f"videos: {out / 'videos'}")


def _build(
    manifest: str,
    root: Path | None,
    severity: str,
    corruption: tuple[str, ...],
    detector: str,
    device: str,
    workers: int | None,
    videos: bool,
    crf: int | None,
    quiet: bool,
    out: Path,
) -> tuple[str, Path]:
    from contextlib import ExitStack

    from corruptbench.builder.plan import choose_cells, parse_severities
    from corruptbench.builder.runner import build
    from corruptbench.builder.workers import Recipe
    from corruptbench.manifest import load_manifest
    from corruptbench.processors import usable_processors
    from corruptbench.progress import counted, meter, note
    from corruptbench.video.writer import CRF

    recipe = Recipe(load_manifest(manifest), root, detector, device)
    cells = choose_cells(recipe.manifest, parse_severities(severity), corruption)
    if workers is None:
        workers = usable_processors() if device == "cpu" else 1
    with ExitStack() as stack:
        advance: list[Any] = []
        clips = 0

        def announce(todo: Todo) -> None:
            if not quiet:
                note(
                    f"{recipe.manifest.title}: {counted(len(cells), 'cell')}, "
                    f"{counted(todo.clips, 'clip')}, of these {len(todo.items)} to build "
                    f"({counted(todo.crops, 'crop')}), {counted(workers, 'worker')}"
                )
            if todo.items:
                opened = meter("build", todo.crops, "crops", not quiet)
                advance.append(stack.enter_context(opened))

        def progress(crops_done: int, clips_done: int) -> None:
            nonlocal clips
            clips += clips_done
            advance[0](crops_done, f"({counted(clips, 'clip')})")

        filmed = (CRF if crf is None else crf) if videos else None
        lock = build(recipe, cells, out, workers, announce, progress, filmed)
    return recipe.manifest.title, lock
