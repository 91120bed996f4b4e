"""``corruptbench corrupt``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np

from corruptbench.builder.render import loose_renderer
from corruptbench.cli.target import check_target
from corruptbench.corruptions import Frame, get
from corruptbench.detectors import load
from corruptbench.errors import InputError
from corruptbench.manifest import SEVERITIES, Cell
from corruptbench.progress import Meter
from corruptbench.video.person_track import NOBODY, PersonTrack, track
from corruptbench.video.probe import VideoFile, look_at
from corruptbench.video.reader import windows
from corruptbench.video.writer import CRF, CRF_HELP, write_video


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--corruption", required=True, help="Name of a corruption.")
@click.option("--severity", default="3", show_default=True, help="1 to 5.")
@click.option(
    "--detector", default="movenet:lightning", show_default=True, help="Finds the person."
)
@click.option("--crf", type=click.IntRange(0, 51), default=CRF, show_default=True, help=CRF_HELP)
def command(
    source: Path, target: Path, corruption: str, severity: str, detector: str, crf: int
) -> None:
    """Write a corrupted copy of any video; the number of frames is kept.

    Lengths are relative to the person, who is tracked by the detector, and noise is keyed by the
    content of SOURCE: a copy of it under another name is corrupted alike.

    TARGET is an .mp4; a file of that name is replaced. Pictures are upright where SOURCE has a
    rotation tag. Each frame is shown when it was in SOURCE; where they come unevenly, a
    corruption's seconds are counted at their average rate. Sound is not copied.
    """
    cell = Cell(get(corruption).name, _severity(severity))
    check_target(target, {".mp4": ""}, source)
    video = look_at(source)
    found = track(video, load(detector))
    facts, timing = found.facts, found.timing
    for note in _notes(video, found):
        click.echo(f"{source}: {note}", err=True)
    render = loose_renderer(cell, facts, video.sha256)
    size = (facts.height, facts.width)
    with Meter("corrupt", facts.frames, "frames") as meter:

        def frames() -> Iterator[Frame]:
            passing = windows(source, facts.frames, size, render.reach, upright=True)
            for t, window in enumerate(passing):
                yield render(window, t, facts.whole)
                meter.advance(1)

        count = write_video(target, frames(), timing.rate, crf, timing.times)
    click.echo(f"{count} frames: {target}")


def _severity(text: str) -> int:
    if text not in map(str, SEVERITIES):
        raise InputError(f"--severity '{text}': expected a whole number from 1 to 5, such as 3")
    return int(text)


def _notes(source: VideoFile, found: PersonTrack) -> Iterator[str]:
    """What the copy does not have of its source, or not as one might expect it."""
    timing = found.timing
    if np.isnan(found.facts.boxes).all():
        yield NOBODY
    rate = f"{float(timing.rate):.4g} frames a second"
    if timing.times is not None:
        yield f"frames come unevenly; each keeps its time, and seconds are counted at {rate}"
    if timing.lost:
        yield f"does not tell when its frames are shown; they are shown evenly, {rate}"
    if source.pixel != 1:
        yield f"pixels are {float(source.pixel):.4g} times as wide as high; the copy's are square"
    if source.sound:
        yield "sound is not copied"
