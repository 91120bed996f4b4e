"""What a video file says of itself, before any of it is decoded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from corruptbench.errors import InputError
from corruptbench.files import sha256_of_file


@dataclass(frozen=True)
class Source:
    """A video of no benchmark.

    Attributes:
        path: of the file.
        sha256: of its content: its identity, under any name and on any machine.
        rate: frames per second as the container states it; None where it does not.
        sound: whether there is any.
        pixel: width of a pixel by its height.
    """

    path: Path
    sha256: str
    rate: Fraction | None
    sound: bool
    pixel: Fraction


@contextmanager
def opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """A video file and its first video stream, for as long as the block lasts.

    Raises:
        InputError: when the file is missing, is no video, or lost the part that says what it is;
            and for what FFmpeg cannot read within the block.
    """
    if not path.is_file():
        found = "a folder" if path.is_dir() else "missing"
        raise InputError(f"{path}: {found}; expected a video file")
    if not path.stat().st_size:
        raise InputError(f"{path}: empty; expected a video file: fetch or copy it again")
    try:
        container = av.open(str(path))
    except av.FFmpegError as error:
        raise InputError(
            f"{path}: no video, or a truncated one ({error.strerror or error}); "
            "expected a video file: fetch or copy it again"
        ) from None
    try:
        with container:
            if container.format.name == "tty":  # FFmpeg takes any .txt for a film of a terminal
                raise InputError(f"{path}: text; expected a video file")
            if not container.streams.video:
                raise InputError(f"{path}: holds no video stream; expected a video file")
            film = container.streams.best("video")  # not a picture that goes with it
            yield container, film if isinstance(film, VideoStream) else container.streams.video[0]
    except av.FFmpegError as error:
        raise InputError(
            f"{path}: cannot be decoded ({error.strerror or error}); "
            "it is damaged or truncated: fetch or copy it again"
        ) from None


def look_at(path: Path) -> Source:
    """What the file says of itself; reads it once, for its identity, and decodes nothing.

    Raises:
        InputError: as `opened` does.
    """
    with opened(path) as (container, stream):
        rate = stream.average_rate or None
        sound = bool(container.streams.audio)
        pixel = stream.sample_aspect_ratio or Fraction(1)
    return Source(path, sha256_of_file(path), rate, sound, pixel)
