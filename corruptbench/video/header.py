"""Read what a video's container states; nothing is decoded."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from corruptbench.errors import InputError
from corruptbench.formats import web_page
from corruptbench.video.probe import opened

#: What may stand outermost in an MP4 (ISO 14496-12, and QuickTime before it).
_BOXES = {
    b"ftyp", b"styp", b"moov", b"moof", b"mfra", b"mdat", b"sidx", b"free", b"skip", b"wide",
    b"meta", b"udta", b"uuid",
}  # fmt: skip


@dataclass(frozen=True)
class VideoHeader:
    """What is stated of the best video stream.

    Attributes:
        size: width and height, pixels.
        frames: their number; 0 where the container does not say.
        rate: frames per second; 0 where it does not say.
    """

    size: tuple[int, int]
    frames: int
    rate: float


def read_header(path: Path) -> VideoHeader:
    """Return what the header of a video states.

    Raises:
        InputError: when the file is missing, is no video, or is shorter than its header says.
    """
    if path.is_file() and web_page.is_web_page(path):
        raise InputError(f"{path}: {web_page.FOUND}; expected a video file: fetch it again")
    stated = _stated_size(path) if path.is_file() else 0
    if stated and stated > path.stat().st_size:
        raise InputError(
            f"{path}: truncated: {path.stat().st_size} bytes, by its header at least {stated}; "
            "expected the whole video: fetch or copy it again"
        )
    with opened(path) as (_, stream):
        rate = float(stream.average_rate or 0)
        return VideoHeader((stream.width, stream.height), stream.frames, rate)


def _stated_size(path: Path) -> int:
    """Return the bytes that the outermost chunks of an AVI or MP4 state; 0 for other files.

    A file that ends too soon may have a complete header, which counts the frames that are lost.
    """
    size, end = path.stat().st_size, 0
    with path.open("rb") as stream:
        while end < size:
            stream.seek(end)
            head = stream.read(16).ljust(16, b"\0")
            if head[:4] == b"RIFF":
                length = 8 + struct.unpack("<I", head[4:8])[0]
            elif head[4:8] in _BOXES:
                length = struct.unpack(">I", head[:4])[0]
                if length == 1:  # too long for 4 bytes
                    length = struct.unpack(">Q", head[8:])[0]
            else:
                break
            if length < 8:  # 0: up to the end
                break
            end += length
    return end
