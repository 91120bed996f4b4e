"""What a video's container states, for checks of a data set; nothing is decoded."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import av

#: What may stand outermost in an MP4 (ISO 14496-12, and QuickTime before it).
_BOXES = {
    b"ftyp", b"styp", b"moov", b"moof", b"mfra", b"mdat", b"sidx", b"free", b"skip", b"wide",
    b"meta", b"udta", b"uuid",
}  # fmt: skip


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
    """Reads the header; raises `UnreadableError` when the file is no video, or not all of one."""
    stated, size = _stated_size(path), path.stat().st_size
    if stated > size:
        raise UnreadableError(f"truncated: {size} bytes, by its header at least {stated}")
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            rate = float(stream.average_rate or 0)
            return VideoHeader((stream.width, stream.height), stream.frames, rate)
    except (av.FFmpegError, IndexError) as error:
        with path.open("rb") as file:
            if file.read(256).lstrip().startswith(b"<"):
                raise UnreadableError("a web page: was the login lost in the download?") from None
        reason = getattr(error, "strerror", None) or "no video stream in it"
        raise UnreadableError(reason) from None


def _stated_size(path: Path) -> int:
    """Bytes by the sizes that the outermost chunks of an AVI or MP4 state; 0 for other files.

    A file that ends too soon may have a header all the same, which counts the frames that it lacks.
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
