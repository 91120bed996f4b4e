"""The clock that a recording's seven cameras and its motion capture share.

``Sync_Data/<recording>_(<camera>).ofs`` holds three numbers for each camera: a video frame, the
motion capture frame of the same moment, both from 1, and motion capture frames per video frame. The
official support code (sync_stream.m) makes one clock of the seven; so does `common_clock`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corruptbench.datasets.humaneva.calibration import read_numbers
from corruptbench.errors import InputError

#: The streams whose offsets make the clock, in the order of the official code.
STREAMS = ("C1", "C2", "C3", "BW1", "BW2", "BW3", "BW4")

#: What to do about missing and damaged files. The official code goes on without a stream whose file
#: it cannot read. Here all seven are needed, since each has a share in the clock.
UPDATE = "apply Critical_Update_OFS_files.zip, which replaces Sync_Data"


#: The content of an .ofs file: a frame of the video, the motion capture frame of the same moment
#: (both from 1, may be fractional), and motion capture frames per video frame.
Offset = tuple[float, float, float]


@dataclass(frozen=True)
class Clock:
    """Frame F of the clock, from 1, is the video's frame ``start + F - 1``, from 1.

    Attributes:
        starts: of each stream.
        mocap_start: the motion capture frame, from 1 and fractional, at F = 1.
        scale: motion capture frames per frame of the clock.
    """

    starts: tuple[int, ...]
    mocap_start: float
    scale: float

    def mocap_positions(self, first: int, last: int) -> NDArray[np.float64]:
        """Return the motion capture frames of first .. last, (n,) float64, fractional, from 1."""
        frames = np.arange(first, last + 1, dtype=np.float64)
        return np.asarray(self.mocap_start + (frames - 1) * self.scale)


def read_offset(path: Path) -> Offset:
    """Read an .ofs file; raise `InputError` unless it holds three numbers, the last above 0."""
    video, mocap, scale = read_numbers(path, 3, "the synchronization of a camera", UPDATE)
    if scale <= 0:
        raise InputError(
            f"{path}: {scale:g} motion capture frames per video frame, expected about 2; {UPDATE}"
        )
    return video, mocap, scale


def common_clock(offsets: Sequence[Offset]) -> Clock:
    """Return the streams' common clock; the first one's motion capture frame ties them."""
    _, tie, _ = offsets[0]
    starts = [video + (tie - mocap) / scale for video, mocap, scale in offsets]
    scale = sum(scale for _, _, scale in offsets) / len(offsets)
    earliest = min(starts)
    mocap_start = tie - scale * (earliest - 1)
    starts = [s - earliest + 1 for s in starts]
    if mocap_start < 1:  # the motion capture began later than the first video
        starts = [s - (mocap_start - 1) / scale for s in starts]
        mocap_start = 1.0
    return Clock(tuple(_matlab_round(s) for s in starts), mocap_start, scale)


def _matlab_round(value: float) -> int:
    """Round to the nearest integer, halves away from zero (Python rounds them to the even one)."""
    return int(math.copysign(math.floor(abs(value) + 0.5), value))
