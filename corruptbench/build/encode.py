"""Writes frames as H.264, one picture for each, at the source's frame rate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from corruptbench.build.video import EXACT
from corruptbench.files import atomic
from corruptions import Frame

#: Constant rate factor of x264: 12 is visually without loss; 0 is without any.
CRF = 12

#: The last one is about the encoder's rate control: its approximate arithmetic is off, with which
#: the same frames were encoded to other bytes now and then.
OPTIONS = {"preset": "veryfast", "threads": "1", "x264-params": "cpu-independent=1"}

#: Takes the next frame of a video, (H, W, 3) uint8 RGB.
Film = Callable[[Frame], None]


@contextmanager
def open_film(path: Path, rate: Fraction, crf: int = CRF, comment: str = "") -> Iterator[Film]:
    """A video that takes its frames one by one, and is there when the block ends well.

    BT.709, limited range; 4:2:0 where both sides are even, else 4:4:4. Equal frames give equal
    bytes. ``comment`` is stored in the file.
    """
    with atomic(path) as temporary, av.open(str(temporary), "w", format="mp4") as container:
        container.metadata["comment"] = comment
        stream = container.add_stream("libx264", rate=rate)
        stream.options = {"crf": str(crf), **OPTIONS}
        stream.codec_context.colorspace = Colorspace.ITU709.value
        stream.codec_context.color_range = ColorRange.MPEG.value
        begun = False

        def take(frame: Frame) -> None:
            nonlocal begun
            if not begun:
                height, width = frame.shape[:2]
                stream.width, stream.height = width, height
                stream.pix_fmt = "yuv444p" if width % 2 or height % 2 else "yuv420p"
                begun = True
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            converted = picture.reformat(
                format=stream.pix_fmt,
                dst_colorspace=Colorspace.ITU709,
                dst_color_range=ColorRange.MPEG,
                interpolation=EXACT,
                threads=1,
            )
            container.mux(stream.encode(converted))

        yield take
        container.mux(stream.encode())


def write_video(path: Path, frames: Iterable[Frame], rate: Fraction, crf: int = CRF) -> int:
    """Encodes frames as `open_film` does, atomically; returns their number."""
    count = 0
    with open_film(path, rate, crf) as film:
        for frame in frames:
            film(frame)
            count += 1
    return count


def comment_of(path: Path) -> str | None:
    """The comment in a video's file; None when there is no video that can be opened."""
    try:
        with av.open(str(path)) as container:
            return container.metadata.get("comment", "")
    except (OSError, av.FFmpegError):
        return None
