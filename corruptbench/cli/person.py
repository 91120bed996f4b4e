"""Whom `corrupt` and `preview` follow through any video, and what they say about it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from corruptbench.cli.options import PATH

if TYPE_CHECKING:
    from corruptbench.detectors import Detector
    from corruptbench.video.box_table import BoxTable
    from corruptbench.video.person_track import PersonTrack, Point
    from corruptbench.video.probe import VideoFile


class PointType(click.ParamType[tuple[float, float]]):
    """A point x,y in px, not negative."""

    name = "x,y"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, float]:
        """Return the two numbers."""
        try:
            x, y = (float(text) for text in str(value).split(","))
        except ValueError:
            x = y = math.nan
        if not (0 <= x < math.inf and 0 <= y < math.inf):
            self.fail(f"'{value}' is not a point; expected x,y in px, such as 640,360.", param, ctx)
        return x, y


person = click.option(
    "--person", type=PointType(), metavar="X,Y",
    help="Of any video: follow the person at this point, px of the upright picture, in the first "
    "frame in which somebody is found there, and nobody else. Default: the most visible person.",
)  # fmt: skip
boxes = click.option(
    "--boxes", type=PATH,
    help="Of any video: a .csv or .parquet file with the columns frame, x0, y0, x1, y1 says where "
    "the person is. Frames count from 0, px are those of the upright picture. A frame without a "
    "row shows nobody.",
)  # fmt: skip


def table_of(person: Point | None, boxes: Path | None) -> BoxTable | None:
    """Return the table that ``--boxes`` names; check that ``--person`` is not given with it."""
    from corruptbench.video.box_table import read_box_table

    if boxes is None:
        return None
    if person is not None:
        raise click.UsageError(
            f"--person {person[0]:g},{person[1]:g}: --boxes {boxes} says where the person is; "
            "leave one of them out."
        )
    return read_box_table(boxes)


def find(
    video: VideoFile, person: Point | None, table: BoxTable | None, detector: Detector | None
) -> PersonTrack:
    """Return the track of the person in a video: of the table, or else of the detector."""
    from corruptbench.video.person_track import track, track_of

    if table is not None:
        return track_of(video, table)
    assert detector is not None
    return track(video, detector, person)


def notes(found: PersonTrack) -> Iterator[str]:
    """Give a sentence if frames show nobody, and one if the person may be exchanged."""
    import numpy as np

    from corruptbench.frame_runs import listed, names
    from corruptbench.video.person_track import NOBODY

    empty, frames = found.empty, found.info.frames
    if len(empty) == frames:
        yield NOBODY
    elif empty:
        where = listed(names(np.isnan(found.info.boxes[:, 0])))
        yield (
            f"nobody is found in {len(empty)} of {frames} frames ({where}): mask and erase cover "
            "nothing there, occluder and truncation take the nearest box, and lengths come from "
            "the other frames"
        )
    if changed := found.changes:
        seconds = found.seconds
        places = listed([f"{t} ({seconds[t]:.2f} s)" for t in changed])
        where = "at frame" if len(changed) == 1 else f"{len(changed)} times, at frames"
        yield f"the followed person may change {where} {places}: see --person and --boxes"
