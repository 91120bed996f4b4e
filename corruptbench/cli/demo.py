"""``corruptbench demo``: the whole benchmark on embedded data."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

import click

from corruptbench import defaults
from corruptbench.cli import build, evaluate, leaderboard, options, preview, submit, weights
from corruptbench.cli.commands import define

MANIFEST = "studio-c-mini"
LIFTER = "videopose3d-27"
#: Marks the folder as the demo's own, and tells a reader what is in it.
MARK = "README.txt"
TEXT = """Written by `corruptbench demo`, which replaces these files when it runs again.

shards/            the detections on clean and corrupted video
preview.png        a frame in every cell, with the skeleton found
results/           the result of the baseline lifter
board/             a leaderboard with this result
leaderboard.html   its page
"""


@define("corruptbench demo --out demo")
@options.quiet
@options.out("demo", "Folder to write to: a new or empty one, or that of an earlier demo.")
@click.pass_context
def command(context: click.Context, quiet: bool, out: Path) -> None:
    """Run the whole benchmark on embedded data. Run again to resume.

    Builds the benchmark studio-c-mini, writes a preview, evaluates the baseline lifter, submits
    the result to a leaderboard in the folder, and writes its page. The weights of the detector
    are fetched if they are missing.
    """
    _claim(out)
    _fetch_weights(context, quiet)
    shared = {"manifest": MANIFEST, "quiet": quiet}
    context.invoke(build.command, out=out / "shards", **shared)
    context.invoke(preview.command, out=out / "preview.png", **shared)
    with as_file(files("corruptbench.baselines") / f"{LIFTER}.pt2") as model:
        context.invoke(
            evaluate.command, model=model, shards=out / "shards", out=out / "results", **shared
        )
    _take_down(out / "board")
    result = out / "results" / f"{LIFTER}.json"
    context.invoke(submit.command, result=result, board=out / "board", manifest=MANIFEST)
    page = out / "leaderboard.html"
    context.invoke(leaderboard.render_page, board=out / "board", out=page)


def _claim(out: Path) -> None:
    """Mark the folder; refuse one that holds files of somebody else."""
    from corruptbench.files import atomic, check_folder

    check_folder(out)
    mark = out / MARK
    if mark.is_file() and mark.read_bytes() == TEXT.encode():
        return
    if out.is_dir() and any(out.iterdir()):
        raise click.ClickException(
            f"{out}: holds files that no demo wrote; name another folder with --out, or remove it"
        )
    with atomic(mark) as temporary:
        temporary.write_bytes(TEXT.encode())


def _fetch_weights(context: click.Context, quiet: bool) -> None:
    from corruptbench.detectors.weights import status
    from corruptbench.progress import note

    detector = defaults.DETECTOR
    if next(row.state for row in status() if row.spec == detector) == "ready":
        return
    if not quiet:
        note(f"the weights of {detector} are not here: corruptbench weights fetch {detector}")
    context.invoke(weights.fetch, detector=detector, quiet=quiet)


def _take_down(board: Path) -> None:
    """Remove the row of an earlier demo, which other shards may have given other numbers."""
    for row in board.glob(f"*/{LIFTER}"):
        for name in ("result.json", "clips.parquet"):
            (row / name).unlink(missing_ok=True)
        row.rmdir()
