"""Convert decoded pictures to RGB: to the bytes of swscale, mostly by our own arithmetic.

With the options `EXACT` swscale converts one pixel after another, and no faster way of it gives the
same bytes. For the usual pictures (8 bits, one sample of color for four pixels) its arithmetic is
simple: color is interpolated linearly between its samples, and a matrix in fixed point is applied
to it, without rounding in between. Compiled, that takes a fifth of the time. It is used where it
gives the bytes of swscale for a test picture, which has the properties of the video's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

import av
import numba
import numpy as np
from av.video.plane import VideoPlane
from av.video.reformatter import Interpolation
from numpy.typing import NDArray

from corruptbench.corruptions import Frame
from corruptbench.corruptions._kernel import kernel

# Options of the color conversion that give the same bytes with and without SIMD. The last two also
# choose the path that keeps the mean: the other one is darker by two levels of 255.
EXACT = (
    Interpolation.BILINEAR
    | Interpolation.ACCURATE_RND
    | Interpolation.BITEXACT
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
)

#: What a code of luma adds to all colors, of Cr to red, of Cb to blue, of Cb and of Cr to green, in
#: 8192ths, where luma is 16 to 235. BT.709 and BT.601, from ``ff_yuv2rgb_coeffs`` of FFmpeg.
MATRICES = ((9539, 14686, 17305, -1747, -4366), (9539, 13075, 16525, -3209, -6660))
#: Quarters of the nearest sample of color in pixels of even and of odd columns. The rest is of the
#: next sample on that side. A sample lies on the even column, or between both.
SITES = ((4, 2), (3, 3))

Way = tuple[NDArray[np.int32], tuple[int, int]]
#: All ways of converting, most frequent ones first.
WAYS: list[Way] = [(np.array(m, dtype=np.int32), s) for m, s in product(MATRICES, SITES)]

#: Codes of the test picture, repeated. A prime number of them, so that no two rows are alike.
NOISE = np.random.default_rng(0).integers(0, 256, 10007).astype(np.uint8)

BLACK, WHITE = np.int32(0), np.int32((1 << 30) - 1)


@dataclass(frozen=True)
class ColorConversion:
    """Converts the pictures of one video; it remembers how those of each kind are converted."""

    ways: dict[tuple[object, ...], Way | None] = field(default_factory=dict)

    def __call__(self, frame: av.VideoFrame) -> Frame:
        """Return a picture, (H, W, 3) uint8 RGB. The frame's own pixels may be overwritten."""
        color = (frame.colorspace, frame.color_range, frame.interlaced_frame)
        kind = (frame.format.name, frame.width, frame.height, *color)
        if kind not in self.ways:
            pixels = by_swscale(frame)
            self.ways[kind] = _way_of(frame)
            return pixels
        way = self.ways[kind]
        return by_swscale(frame) if way is None else _converted(frame, way)


def by_swscale(frame: av.VideoFrame) -> Frame:
    """Return a picture, (H, W, 3) uint8 RGB, which swscale converts."""
    picture = frame.reformat(format="rgb24", interpolation=EXACT, threads=1)
    return np.asarray(picture.to_ndarray(), dtype=np.uint8)


def _way_of(frame: av.VideoFrame) -> Way | None:
    """Return the way that gives the bytes of swscale, or None; overwrite the frame by noise.

    Where the samples of color lie is a property of the frame that PyAV does not show.
    """
    if frame.format.name != "yuv420p" or frame.width % 2 or frame.height % 2:
        return None
    frame.make_writable()  # the decoder may need the pixels
    for plane in frame.planes:
        plane.update(np.resize(NOISE, plane.buffer_size).tobytes())
    expected = by_swscale(frame)
    return next((w for w in WAYS if np.array_equal(_converted(frame, w), expected)), None)


def _converted(frame: av.VideoFrame, way: Way) -> Frame:
    out = np.empty((frame.height, frame.width, 3), dtype=np.uint8)
    _convert(*map(_codes, frame.planes), *way, out)
    return out


def _codes(plane: VideoPlane) -> NDArray[np.uint8]:
    """Return the codes of a plane and of its margin, (H, at least W)."""
    codes = np.frombuffer(plane, dtype=np.uint8)  # type: ignore[call-overload]
    return np.asarray(codes.reshape(-1, plane.line_size))


# Luma and color have 9 bits after the point, and what they add to a code has 22. Sums are taken
# modulo 2**32, as swscale does: a color that no camera gives may wrap round from white to black.
@kernel
def _convert(luma, cb, cr, matrix, site, out):  # type: ignore[no-untyped-def]
    height, width, _ = out.shape
    of_luma, red, blue, green_cb, green_cr = matrix
    b, r = np.empty(width, dtype=np.int32), np.empty(width, dtype=np.int32)
    colors = np.empty((3, width), dtype=np.uint8)
    for y in range(height):
        near, far = y // 2, min(max(y // 2 + 2 * (y % 2) - 1, 0), height // 2 - 1)
        _interpolate(cb[near], cb[far], site, b)
        _interpolate(cr[near], cr[far], site, r)
        source, target = luma[y], out[y].reshape(3 * width)
        for x in range(width):
            light = np.int32((np.int32(source[x]) * 512 - 8192) * of_luma + (1 << 21))
            colors[0, x] = _code(np.int32(light + r[x] * red))
            colors[1, x] = _code(np.int32(light + b[x] * green_cb + r[x] * green_cr))
            colors[2, x] = _code(np.int32(light + b[x] * blue))
        for x in range(width):  # a loop of its own, so that both become vector instructions
            target[3 * x], target[3 * x + 1], target[3 * x + 2] = colors[:, x]


@numba.njit(inline="always")
def _code(value):  # type: ignore[no-untyped-def]
    return min(max(value, BLACK), WHITE) >> np.int32(22)


@kernel
def _interpolate(near, far, site, out):  # type: ignore[no-untyped-def]
    """Fill ``out`` (W,) with the color of a row, 0 for gray, of the nearest two rows of samples."""
    columns = out.size // 2
    mixed = np.empty(columns + 2, dtype=np.int32)
    for x in range(columns):
        mixed[x + 1] = 3 * np.int32(near[x]) + np.int32(far[x])
    mixed[0], mixed[columns + 1] = mixed[1], mixed[columns]
    even, odd = np.int32(32 * site[0]), np.int32(32 * site[1])
    for x in range(columns):
        before, here, after = mixed[x], mixed[x + 1], mixed[x + 2]
        out[2 * x] = even * here + (128 - even) * before - 65536
        out[2 * x + 1] = odd * here + (128 - odd) * after - 65536
