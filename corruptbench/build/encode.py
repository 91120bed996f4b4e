"""Writes frames as H.264, one picture for each, at the source's frame rate."""

from __future__ import annotations

from collections.abc import Iterable
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


def write_video(path: Path, frames: Iterable[Frame], rate: Fraction, crf: int = CRF) -> int:
    """Encodes (H, W, 3) uint8 RGB frames, atomically; returns their number.

    BT.709, limited range; 4:2:0 where both sides are even, else 4:4:4. Bytes do not depend on the
    number of cores.
    """
    count = 0
    with atomic(path) as temporary, av.open(str(temporary), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.options = {"crf": str(crf), "preset": "veryfast", "threads": "1"}
        stream.codec_context.colorspace = Colorspace.ITU709.value
        stream.codec_context.color_range = ColorRange.MPEG.value
        for count, frame in enumerate(frames, start=1):
            height, width = frame.shape[:2]
            if count == 1:
                stream.width, stream.height = width, height
                stream.pix_fmt = "yuv444p" if width % 2 or height % 2 else "yuv420p"
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            converted = picture.reformat(
                format=stream.pix_fmt,
                dst_colorspace=Colorspace.ITU709,
                dst_color_range=ColorRange.MPEG,
                interpolation=EXACT,
                threads=1,
            )
            container.mux(stream.encode(converted))
        container.mux(stream.encode())
    return count
