"""Open video files of any name, and turn FFmpeg's errors into plain ones."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, Literal

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from corruptbench.errors import InputError
from corruptbench.storage import found_at

_STORAGE = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.ESTALE)


def av_file(path: Path, mode: Literal["rb", "wb"], stack: ExitStack) -> str | BinaryIO:
    """Return what to give `av.open` for a file of any name.

    FFmpeg takes a relative name with a colon for a protocol, and PyAV only takes UTF-8.
    """
    name = str(path.absolute())
    try:
        name.encode()
    except UnicodeEncodeError:
        return stack.enter_context(path.open(mode))
    return name


@contextmanager
def opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a video file and give its first video stream, for as long as the block lasts.

    Raises:
        InputError: the file is missing, is no video, or lost the part that describes it; or FFmpeg
            cannot read something within the block.
    """
    if not path.is_file():
        raise InputError(f"{path}: {found_at(path, 'missing')}; expected a video file")
    if not path.stat().st_size:
        raise InputError(f"{path}: empty; expected a video file: fetch or copy it again")
    again = "fetch or copy it again"
    with ExitStack() as stack:
        with translated(path, "no video, or a truncated one", f"expected a video file: {again}"):
            container = stack.enter_context(av.open(av_file(path, "rb", stack), "r"))
        with translated(path, "cannot be decoded", f"it is damaged or truncated: {again}"):
            if container.format.name == "tty":  # FFmpeg takes any .txt for a recorded terminal
                raise InputError(f"{path}: text; expected a video file")
            if not container.streams.video:
                raise InputError(f"{path}: holds no video stream; expected a video file")
            best = container.streams.best("video")  # not a cover picture
            yield container, best if isinstance(best, VideoStream) else container.streams.video[0]


@contextmanager
def translated(path: Path, found: str, remedy: str) -> Iterator[None]:
    """Turn FFmpeg's errors within the block into `InputError`.

    Those that say nothing about the video (a full disk, storage that is gone) stay an `OSError`.
    """
    try:
        yield
    except av.FFmpegError as error:
        if isinstance(error, OSError) and error.errno in _STORAGE:
            raise
        raise InputError(f"{path}: {found} ({error.strerror or error}); {remedy}") from None


def is_raw(stream: VideoStream) -> bool:
    """Tell whether a stream has no container: FFmpeg then makes its times up."""
    return stream.start_time is None and stream.duration is None


def stated_rate(stream: VideoStream) -> Fraction | None:
    """Return the frames per second that a file states; None where it does not."""
    rate = stream.codec_context.framerate if is_raw(stream) else stream.average_rate
    return rate or None
