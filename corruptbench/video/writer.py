"""Write frames as H.264, at a constant rate or at given times."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream

from corruptbench.corruptions import Frame
from corruptbench.errors import InputError
from corruptbench.files import atomic
from corruptbench.video.color_conversion import EXACT
from corruptbench.video.container import av_file, opened, translated

#: Constant rate factor of x264. At 12 no loss is visible. At 0 nothing is lost, and RGB is kept.
CRF = 12

#: cpu-independent turns off the approximate arithmetic of the rate control. With it, equal
#: frames were sometimes encoded to other bytes.
OPTIONS = {"preset": "veryfast", "threads": "1", "x264-params": "cpu-independent=1"}

#: Finest step of frame times: this many per second.
FINEST = 1_000_000

_SMALLER = "expected pictures of at most 16384 px a side: make them smaller"

#: Writes the next frame of a video, (H, W, 3) uint8 RGB.
FrameWriter = Callable[[Frame], None]


@contextmanager
def open_video(
    path: Path,
    rate: Fraction,
    crf: int = CRF,
    comment: str = "",
    times: Sequence[Fraction] | None = None,
) -> Iterator[FrameWriter]:
    """Give a function that writes the next frame; the file appears when the block ends well.

    At ``crf`` 0 the video is lossless RGB (H.264 High 4:4:4 Predictive): decoding gives the same
    bytes. Otherwise it is BT.709, limited range, 4:2:0 if both sides are even, else 4:4:4. Equal
    frames give equal bytes.

    Args:
        path: of the file, mp4.
        rate: frames per second.
        crf: constant rate factor of x264, 0 to 51.
        comment: is stored in the file.
        times: seconds of each frame, rising from 0. None means evenly, at ``rate``.

    Raises:
        InputError: the encoder does not take the pictures.
        OSError: writing fails.
    """
    with atomic(path) as temporary, ExitStack() as stack:
        file = av_file(temporary, "wb", stack)
        container = stack.enter_context(av.open(file, "w", format="mp4"))
        container.metadata["comment"] = comment
        stream = _stream(container, rate, crf)
        if times is not None:
            tick = Fraction(1, min(math.lcm(*(t.denominator for t in times)), FINEST))
            stream.codec_context.time_base = tick
            # With B-frames the file would state a duration that leaves its last frames out.
            stream.options = {**stream.options, "bf": "0"}
        count = 0

        def write(frame: Frame) -> None:
            nonlocal count
            picture = _picture(frame, crf)
            if not count:
                stream.width, stream.height = picture.width, picture.height
                stream.pix_fmt = picture.format.name
            if times is not None:
                picture.pts, picture.time_base = round(times[count] / tick), tick
            encode(picture)
            count += 1

        def encode(picture: av.VideoFrame | None) -> None:
            with translated(path, "cannot be encoded as H.264", _SMALLER):
                packets = stream.encode(picture)
            container.mux(packets)  # here the file is written

        yield write
        encode(None)


def _stream(container: OutputContainer, rate: Fraction, crf: int) -> VideoStream:
    """Add the stream of a video, whose size is not known yet."""
    stream = container.add_stream("libx264rgb" if crf == 0 else "libx264", rate=rate)
    stream.options = {"crf": str(crf), **OPTIONS}
    if crf:
        stream.codec_context.colorspace = Colorspace.ITU709.value
        stream.codec_context.color_range = ColorRange.MPEG.value
    return stream


def _picture(frame: Frame, crf: int) -> av.VideoFrame:
    """Return a frame in the colors that the encoder is given."""
    picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
    if crf == 0:
        return picture
    return picture.reformat(
        format="yuv444p" if picture.width % 2 or picture.height % 2 else "yuv420p",
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
        interpolation=EXACT,
        threads=1,
    )


def write_video(
    path: Path,
    frames: Iterable[Frame],
    rate: Fraction,
    crf: int = CRF,
    times: Sequence[Fraction] | None = None,
) -> None:
    """Encode frames as `open_video` does, atomically.

    Args:
        path: of the file, mp4.
        frames: (H, W, 3) uint8 RGB, all of one size.
        rate: frames per second.
        crf: constant rate factor of x264, 0 to 51.
        times: seconds of each frame, rising from 0. None means evenly, at ``rate``.

    Raises:
        InputError: the encoder does not take the pictures.
        OSError: writing fails.
    """
    with open_video(path, rate, crf, times=times) as write:
        for frame in frames:
            write(frame)


def comment_of(path: Path) -> str | None:
    """Return the comment in a video file; None when it cannot be opened."""
    with suppress(OSError, InputError), opened(path) as (container, _):
        return container.metadata.get("comment", "")
    return None
