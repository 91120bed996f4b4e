"""``corruptbench corrupt``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from corruptbench.cli import options
from corruptbench.cli import person as followed
from corruptbench.cli.commands import define
from corruptbench.cli.output import say_text
from corruptbench.cli.target import check_target

if TYPE_CHECKING:
    from corruptbench.corruptions import Frame
    from corruptbench.video.person_track import PersonTrack, Point
    from corruptbench.video.probe import VideoFile


@define(
    "corruptbench corrupt in.mp4 out.mp4 --corruption camera_shake --severity 3",
    "corruptbench corrupt in.mp4 out.mp4 --corruption erase --person 640,360",
)
@click.argument("source", type=options.PATH)
@click.argument("target", type=options.PATH)
@options.corruption
@click.option(
    "--severity", type=click.IntRange(1, 5), default=3, show_default=True, help="How strong."
)
@options.detector
@followed.person
@followed.boxes
@click.option("--crf", type=options.CRF, default=12, show_default=True, help=options.CRF_HELP)
@options.quiet
def command(
    source: Path,
    target: Path,
    corruption: str,
    severity: int,
    detector: str,
    person: Point | None,
    boxes: Path | None,
    crf: int,
    quiet: bool,
) -> None:
    """Write a corrupted copy of any video. The number of frames does not change.

    The detector follows one person, and lengths are relative to that person; --person and --boxes
    choose whom. Notes say which frames show nobody, and where the person may change.

    Noise depends on the content of SOURCE only: a copy with another name is corrupted in the same
    way.

    TARGET is an .mp4. A file of that name is replaced. Pictures are upright if SOURCE has a
    rotation tag. Frame times are preserved. For variable frame rates, durations use the average
    rate. Sound is not copied.
    """
    from corruptbench.builder.render import loose_renderer
    from corruptbench.detectors import load
    from corruptbench.manifest import Cell
    from corruptbench.progress import counted, meter, note
    from corruptbench.video.probe import look_at
    from corruptbench.video.reader import windows
    from corruptbench.video.writer import write_video

    check_target(target, {".mp4": ""}, source)
    table = followed.table_of(person, boxes)
    video = look_at(source)
    found = followed.find(video, person, table, load(detector) if table is None else None)
    for text in () if quiet else _notes(video, found):
        note(f"{source}: {text}")
    info, timing = found.info, found.timing
    render = loose_renderer(Cell(corruption, severity), info, video.sha256)
    size = (info.height, info.width)
    with meter("corrupt", info.frames, "frames", not quiet) as advance:

        def frames() -> Iterator[Frame]:
            passing = windows(source, info.frames, size, render.reach, upright=True)
            for t, window in enumerate(passing):
                yield render(window, t, info.whole)
                advance(1, "")

        write_video(target, frames(), timing.rate, crf, timing.times)
    say_text(f"{counted(info.frames, 'frame')}: {target}")


def _notes(source: VideoFile, found: PersonTrack) -> Iterator[str]:
    """Give a sentence for each thing that the copy lacks or that may surprise."""
    timing = found.timing
    rate = f"{float(timing.rate):.4g} frames per second"
    yield from followed.notes(found)
    if timing.times is not None:
        yield f"the frame rate varies; frame times are preserved, durations use {rate}"
    if timing.lost:
        yield f"the file does not state when its frames are shown; they are shown evenly, {rate}"
    yield from source.facts.oddities()
    pixel = float(source.facts.pixel)
    if pixel != 1:
        yield f"pixels are {pixel:.4g} times as wide as high; the pixels of the copy are square"
    if source.facts.sound:
        yield "sound is not copied"
