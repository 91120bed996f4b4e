"""What a video's container states, for checks of a data set; nothing is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av


class UnreadableError(Exception):
    """A file that is no video, with the decoder's reason; a check words the finding."""


@dataclass(frozen=True)
class VideoHeader:
    """Of the first video stream.

    Attributes:
        size: width and height, pixels.
        frames: their number; 0 where the container does not say.
        rate: frames per second; 0 where it does not say.
    """

    size: tuple[int, int]
    frames: int
    rate: float


def video_header(path: Path) -> VideoHeader:
    """Reads the header; raises `UnreadableError` when the file is no video."""
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            rate = float(stream.average_rate or 0)
            return VideoHeader((stream.width, stream.height), stream.frames, rate)
    except (av.FFmpegError, IndexError) as error:
        raise UnreadableError(str(error)) from None
