"""Read the facts of a video: what its file states, and what its packets show.

One picture is decoded, the first one. The packets of the whole file are read, but not decoded.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.reformatter import ColorRange
from av.video.stream import VideoStream

from corruptbench.errors import InputError
from corruptbench.files import sha256_of_file
from corruptbench.formats import web_page
from corruptbench.video.container import is_raw, opened, stated_rate
from corruptbench.video.display_matrix import turn_of
from corruptbench.video.timing import Timing, timing_of

#: What may stand outermost in an MP4 (ISO 14496-12, and QuickTime before it).
_BOXES = {
    b"ftyp", b"styp", b"moov", b"moof", b"mfra", b"mdat", b"sidx", b"free", b"skip", b"wide",
    b"meta", b"udta", b"uuid",
}  # fmt: skip
#: Transfer functions of high dynamic range (ITU-T H.273) and their names.
_HDR = {16: "PQ", 18: "HLG"}
#: Containers whose times begin anywhere.
_ANY_START = {"avi", "mpegts", "mpeg"}
#: Seconds after which the first picture is late. Frames that wait for others, and sound, make up to
#: 0.1. Our own choice.
_LATE = 0.2


@dataclass(frozen=True)
class VideoFacts:
    """What is known of the best video stream of a file.

    Attributes:
        size: width and height as stored, pixels.
        frames: number of frames that decoding gives.
        cut: frames that the file holds and its edit list hides.
        stated: frames per second that the file states; None where it does not.
        timing: rate and times of the frames.
        start: seconds at which the first frame is shown; 0 where times begin anywhere.
        interlaced: whether a frame holds two moments.
        full_range: whether black is 0 and not 16; decoding takes it into account.
        transfer: "PQ" or "HLG" for high dynamic range, else "".
        turned: whether a rotation tag turns or mirrors the pictures.
        pixel: width of a pixel divided by its height.
        sound: whether the file has sound.
        streams: number of its video streams; cover pictures do not count.
    """

    size: tuple[int, int]
    frames: int
    cut: int
    stated: Fraction | None
    timing: Timing
    start: float
    interlaced: bool
    full_range: bool
    transfer: str
    turned: bool
    pixel: Fraction
    sound: bool
    streams: int = 1

    def oddities(self) -> Iterator[str]:
        """Give a sentence for each property that makes pictures other than a user may expect."""
        if self.cut:
            yield (
                f"an edit list hides {self.cut} of its {self.frames + self.cut} frames (it was cut "
                "without encoding): they are left out, as players do"
            )
        if self.start > _LATE:
            yield (
                f"its first picture is shown {self.start:.2f} s after its start (it was cut "
                "without encoding?): frame 0 is that picture"
            )
        if self.interlaced:
            yield (
                "it is interlaced: a picture holds two moments, in its odd and even rows; "
                "deinterlace it first (ffmpeg -vf bwdif=mode=send_frame)"
            )
        if self.transfer:
            yield (
                f"it has a high dynamic range ({self.transfer}), and its colors are read as they "
                "are stored, pale and dark; convert it to BT.709 first if a detector is to see it "
                "as a screen shows it"
            )
        if self.streams > 1:
            yield (
                f"it holds {self.streams} video streams, and only the one that FFmpeg takes for "
                "the best is read; check that it is the right one, or keep only that one "
                "(ffmpeg -map 0:v:0 -c copy for the first)"
            )


class _Packet(NamedTuple):
    """Times of a packet in ticks, and whether an edit list hides its picture."""

    pts: int | None
    dts: int | None
    hidden: bool


def probe(path: Path) -> VideoFacts:
    """Return the facts of a video.

    Raises:
        InputError: the file is missing, is no video, has no picture that can be decoded, or is
            shorter than its header says.
    """
    if path.is_file() and web_page.is_web_page(path):
        raise InputError(f"{path}: {web_page.FOUND}; expected a video file: fetch it again")
    stated = _stated_size(path) if path.is_file() else 0
    if stated and stated > path.stat().st_size:
        raise InputError(
            f"{path}: truncated: {path.stat().st_size} bytes, by its header at least {stated}; "
            "expected the whole video: fetch or copy it again"
        )
    with opened(path) as (container, stream):
        packets = [_Packet(p.pts, p.dts, p.is_discard) for p in container.demux(stream) if p.size]
    with opened(path) as (container, stream):
        stream.thread_type = "NONE"
        first = next(islice(container.decode(stream), 1), None)
        if first is None:
            raise InputError(f"{path}: holds no frames; expected a video file")
        return _facts(path, container, stream, packets, first)


def _facts(
    path: Path,
    container: InputContainer,
    stream: VideoStream,
    packets: list[_Packet],
    first: av.VideoFrame,
) -> VideoFacts:
    avi = container.format.name == "avi"
    shown = [p for p in packets if not p.hidden]
    if first.pts is not None and not avi:
        # What is shown before the first picture, or at no time, lacks pictures it refers to.
        shown = [p for p in shown if p.pts is not None and p.pts >= first.pts]
    frames = len(shown)
    if avi and stream.codec_context.name == "mpeg4":  # it counts frames without a packet
        frames = max(p.dts or 0 for p in packets) + 1
    stated = stated_rate(stream)
    times = sorted(_times(shown, avi, is_raw(stream)))
    unit = stream.time_base or Fraction(1)
    seconds: list[Fraction | None] = [t * unit for t in times]
    return VideoFacts(
        size=(stream.width, stream.height),
        frames=frames,
        cut=sum(p.hidden for p in packets),
        stated=stated,
        timing=timing_of(stated, seconds if len(seconds) == frames else [None] * frames),
        start=0.0 if container.format.name in _ANY_START or not times else float(times[0] * unit),
        interlaced=first.interlaced_frame,
        full_range=int(first.color_range) == ColorRange.JPEG.value,
        transfer=_HDR.get(int(first.color_trc), ""),
        turned=turn_of(first, path) is not None,
        pixel=stream.sample_aspect_ratio or Fraction(1),
        sound=bool(container.streams.audio),
        streams=sum(not s.disposition & Disposition.attached_pic for s in container.streams.video),
    )


def _times(shown: list[_Packet], avi: bool, raw: bool) -> list[int]:
    """Return the times of packets in ticks; empty where the file states none."""
    if raw:
        return []
    if not avi:
        return [p.pts for p in shown if p.pts is not None]
    # It states no times, but numbers its frames, and counts those that were dropped.
    numbers = [p.dts for p in shown if p.dts is not None]
    return numbers if len(set(numbers)) == len(numbers) else []


@dataclass(frozen=True)
class VideoFile:
    """A video file of no benchmark.

    Attributes:
        path: of the file.
        sha256: of its content, which is its identity under any name and on any machine.
        facts: see `VideoFacts`.
    """

    path: Path
    sha256: str
    facts: VideoFacts


def look_at(path: Path) -> VideoFile:
    """Return a video file with its facts; raise `InputError` as `probe` does."""
    return VideoFile(path, facts=probe(path), sha256=sha256_of_file(path))


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
