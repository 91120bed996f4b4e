"""``corruptbench corrupt``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from corruptbench.build.encode import CRF, write_video
from corruptbench.build.render import loose_renderer
from corruptbench.build.track import facts_of_video
from corruptbench.build.video import frame_rate, windows
from corruptbench.cli.progress import Meter
from corruptbench.errors import InputError
from corruptbench.manifest import Cell
from corruptions import Frame, get
from detectors import load


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--corruption", required=True, help="Name of a corruption.")
@click.option("--severity", type=click.IntRange(1, 5), default=3, show_default=True)
@click.option(
    "--detector", default="movenet:lightning", show_default=True, help="Finds the person."
)
@click.option(
    "--crf", type=click.IntRange(0, 51), default=CRF, show_default=True, help="0: lossless."
)
def command(
    source: Path, target: Path, corruption: str, severity: int, detector: str, crf: int
) -> None:
    """Write a corrupted copy of any video; the number of frames is kept.

    Lengths are relative to the person, who is tracked by the detector.
    """
    get(corruption)
    if target.suffix != ".mp4":
        raise InputError(f"{target}: suffix '{target.suffix}'; expected .mp4")
    if target.resolve() == source.resolve():
        raise InputError(f"{target}: the same file as the source; name another")
    facts = facts_of_video(source, load(detector))
    render = loose_renderer(Cell(corruption, severity), facts, source.stem)
    size = (facts.height, facts.width)
    with Meter("corrupt", facts.frames, "frames") as meter:

        def frames() -> Iterator[Frame]:
            for t, window in enumerate(windows(source, facts.frames, size, render.reach)):
                yield render(window, t, facts.whole)
                meter.advance(1)

        count = write_video(target, frames(), frame_rate(source), crf)
    click.echo(f"{count} frames: {target}")
