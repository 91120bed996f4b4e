"""Writing H.264 videos: constant rate, BT.709 limited range, the same bytes for the same frames."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc

from .cameras import HEIGHT, WIDTH


class VideoFile:
    """An mp4 under way; it takes its final name when it is finished."""

    def __init__(self, path: Path, rate_hz: int, crf: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._partial = path.with_name(f".{path.name}.partial")
        self._container = av.open(str(self._partial), "w", format="mp4")
        self._rate = rate_hz
        self._count = 0
        stream = self._container.add_stream("libx264", rate=rate_hz)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"crf": str(crf), "preset": "medium", "threads": "1"}
        stream.codec_context.thread_count = 1
        stream.codec_context.time_base = Fraction(1, rate_hz)
        stream.codec_context.color_range = ColorRange.MPEG
        stream.codec_context.colorspace = Colorspace.ITU709
        stream.codec_context.color_primaries = ColorPrimaries.BT709
        stream.codec_context.color_trc = ColorTrc.BT709
        self._stream = stream

    def add(self, picture: np.ndarray) -> None:
        """Append one (HEIGHT, WIDTH, 3) uint8 RGB picture."""
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        frame = frame.reformat(
            format="yuv420p",
            src_color_range=ColorRange.JPEG,
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
        )
        frame.color_primaries, frame.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        frame.pts, frame.time_base = self._count, Fraction(1, self._rate)
        self._count += 1
        self._container.mux(self._stream.encode(frame))

    def finish(self) -> None:
        """Write the trailer and give the file its final name."""
        self._container.mux(self._stream.encode(None))
        self._container.close()
        os.replace(self._partial, self._path)

    def abandon(self) -> None:
        """Close and remove the unfinished file."""
        self._container.close()
        self._partial.unlink(missing_ok=True)
