"""Frame-exact video decoding, and a sliding window over the frames."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import Interpolation

from corruptbench.errors import InputError
from corruptions import Frame

# Options of the colour conversion that give the same bytes with and without SIMD. The last two also
# take the path that keeps the mean: the other one is dark by two levels of 255, evenly.
EXACT = (
    Interpolation.BILINEAR
    | Interpolation.ACCURATE_RND
    | Interpolation.BITEXACT
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
)


def decode(path: Path) -> Iterator[Frame]:
    """The frames of a video in order, (H, W, 3) uint8 RGB; none is dropped or repeated.

    An MPEG-4 avi (XviD, DivX) counts frames that hold no picture: the one before is shown on. Those
    are given too, so that frame numbers are the file's.

    Raises:
        InputError: when the file is missing, is no video, or ends in the middle of a frame.
    """
    if not path.is_file():
        raise InputError(f"{path}: missing; expected the video of this clip")
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise InputError(f"{path}: holds no video stream")
            stream = container.streams.video[0]
            stream.thread_type = "NONE"  # workers are the parallelism
            counts_empty = container.format.name == "avi" and stream.codec_context.name == "mpeg4"
            count, last = 0, None
            for frame in container.decode(stream):
                if frame.is_corrupt:  # the decoder made up what it could not read
                    raise InputError(
                        f"{path}: damaged at {float(frame.time or 0):.2f} s, or truncated there; "
                        "fetch or copy it again"
                    )
                picture = frame.reformat(format="rgb24", interpolation=EXACT, threads=1)
                pixels = np.asarray(picture.to_ndarray(), dtype=np.uint8)
                if counts_empty and frame.dts is not None:
                    # With B-frames a picture comes out with the next one's packet: what is missing
                    # then followed it, otherwise it followed the picture before.
                    late = bool(stream.codec_context.has_b_frames)
                    for _ in range(frame.dts - late - count):
                        yield pixels if late or last is None else last
                        count += 1
                yield pixels
                count, last = count + 1, pixels
    except av.FFmpegError as error:
        raise InputError(
            f"{path}: cannot be decoded ({error.strerror or error}); "
            "it is damaged or truncated: fetch or copy it again"
        ) from None


def frame_rate(path: Path) -> Fraction:
    """Frames per second of a video, as its container states it."""
    try:
        with av.open(str(path)) as container:
            rate = container.streams.video[0].average_rate
    except (av.FFmpegError, IndexError) as error:
        raise InputError(f"{path}: not a readable video ({error})") from None
    if not rate:
        raise InputError(f"{path}: states no frame rate")
    return rate


class Window(Sequence[Frame]):
    """The frames around the present one, indexed as in the clip; older and later ones are gone."""

    def __init__(self, reach: int) -> None:
        """``reach``: how many frames are kept on each side of the present one."""
        self._frames: deque[Frame] = deque(maxlen=2 * reach + 1)
        self._end = 0

    def append(self, frame: Frame) -> None:
        """The clip's next frame."""
        self._frames.append(frame)
        self._end += 1

    def __len__(self) -> int:
        return self._end

    def __getitem__(self, index: int) -> Frame:  # type: ignore[override]
        position = index - (self._end - len(self._frames))
        if not 0 <= position < len(self._frames):
            raise IndexError(f"frame {index} is not within reach")
        return self._frames[position]


def windows(
    path: Path, frames: int, size: tuple[int, int], reach: int, first: int = 0
) -> Iterator[Window]:
    """For t = 0 .. frames - 1 a window that holds frame t and its neighbours within ``reach``.

    Frames beyond the labels are not used (data sets have a few more at the end).

    Args:
        path: of the video.
        frames: number of labelled frames.
        size: expected height and width, pixels.
        reach: neighbours on each side.
        first: the video's frame that is frame 0 here; those before it are not used either.

    Raises:
        InputError: when the video is damaged, has fewer frames than labels, or another size.
    """
    window = Window(reach)
    index = -1 - first
    for index, frame in enumerate(decode(path), start=-first):
        if index < 0:
            continue
        if frame.shape[:2] != size:
            raise InputError(
                f"{path}: pictures are {frame.shape[1]}x{frame.shape[0]}, the camera's are "
                f"{size[1]}x{size[0]}; expected the original video, not a resized copy"
            )
        window.append(frame)
        if index >= reach:
            yield window
        if index + 1 == frames:
            break
    if len(window) < frames:
        raise InputError(
            f"{path}: {index + 1 + first} frames, expected at least {first + frames} "
            f"(one for each label{f', from frame {first} on' if first else ''}); "
            "the video is truncated: fetch or copy it again"
        )
    for _ in range(min(reach, frames)):
        yield window
