"""Decode a video frame by frame, exactly, and keep a window of neighboring frames."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av

from corruptbench.corruptions import Frame
from corruptbench.errors import InputError
from corruptbench.video.color_conversion import ColorConversion
from corruptbench.video.container import is_raw, opened, stated_rate
from corruptbench.video.display_matrix import REFUSED, turn_of, turned


def decode(path: Path, upright: bool = False) -> Iterator[Frame]:
    """Yield the frames of a video in order, (H, W, 3) uint8 RGB; none is dropped or repeated.

    An MPEG-4 avi (XviD, DivX) counts frames that hold no picture: the previous picture stays. Such
    frames are yielded too, so that frame numbers are those of the file.

    Args:
        path: of the video.
        upright: turn the pictures as the file's display matrix says, as a player does. Without it
            such a file is refused, because labels refer to pictures as they are stored.

    Raises:
        InputError: the file is missing, is no video, ends in the middle of a frame, has a display
            matrix and ``upright`` is false, or its turn is no multiple of 90 degrees.
    """
    for pixels, _ in decode_timed(path, upright):
        yield pixels


def decode_timed(path: Path, upright: bool = False) -> Iterator[tuple[Frame, Fraction | None]]:
    """Yield frames (H, W, 3) uint8 RGB as `decode` does, each with the second when it is shown.

    The time is None where the file does not state it, and for avi, where frames come evenly.
    """
    with opened(path) as (container, stream):
        stream.thread_type = "NONE"  # workers are the parallelism
        avi = container.format.name == "avi"
        untimed = avi or is_raw(stream)
        counts_empty = avi and stream.codec_context.name == "mpeg4"
        to_rgb = ColorConversion()
        count, last, turn = 0, None, None
        for frame in container.decode(stream):
            if frame.is_corrupt:  # the decoder invented what it could not read
                raise InputError(
                    f"{path}: damaged at {float(frame.time or 0):.2f} s, or truncated there; "
                    "fetch or copy it again"
                )
            pixels = to_rgb(frame)
            if last is None:
                turn = turn_of(frame, path)
                if turn is not None and not upright:
                    raise InputError(f"{path}: {REFUSED}")
            if turn is not None:
                pixels = turned(pixels, turn)
            if counts_empty and frame.dts is not None:
                # With B-frames a picture comes with the next one's packet. An empty frame then
                # follows this picture; without B-frames it follows the previous one.
                late = bool(stream.codec_context.has_b_frames)
                for _ in range(frame.dts - late - count):
                    yield pixels if late or last is None else last, None
                    count += 1
            yield pixels, None if untimed else _shown(frame)
            count, last = count + 1, pixels


def _shown(frame: av.VideoFrame) -> Fraction | None:
    if frame.pts is None or frame.time_base is None:
        return None
    return frame.pts * Fraction(frame.time_base)


def frame_rate(path: Path) -> Fraction:
    """Return the frames per second that the container of a video states."""
    with opened(path) as (_, stream):
        rate = stated_rate(stream)
    if not rate:
        raise InputError(f"{path}: states no frame rate; expected one: convert it to .mp4")
    return rate


class Window(Sequence[Frame]):
    """The frames around the present one, indexed as in the clip; no others are kept."""

    def __init__(self, reach: int) -> None:
        """Keep ``reach`` frames on each side of the present one."""
        self._frames: deque[Frame] = deque(maxlen=2 * reach + 1)
        self._end = 0

    def append(self, frame: Frame) -> None:
        """Add the clip's next frame, (H, W, 3) uint8 RGB."""
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
    path: Path,
    frames: int,
    size: tuple[int, int],
    reach: int,
    first: int = 0,
    upright: bool = False,
) -> Iterator[Window]:
    """Yield for t = 0 .. frames - 1 a window of frame t and its neighbors within ``reach``.

    Frames beyond the labels are not used (videos of data sets have a few more at the end).

    Args:
        path: of the video.
        frames: number of labeled frames.
        size: expected height and width, pixels.
        reach: neighbors on each side.
        first: the video's frame that is frame 0 here; those before it are not used.
        upright: as for `decode`.

    Raises:
        InputError: the video is damaged, has fewer frames than labels, or another size.
    """
    window = Window(reach)
    index = -1 - first
    for index, frame in enumerate(decode(path, upright), start=-first):
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
