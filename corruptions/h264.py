"""H.264: a stream of low bit rate, by a real encoder (x264) and a real decoder (FFmpeg's).

Models a video that was streamed with a person of a fixed number of pixels, and then scaled to the
size that it has now. So the effect on a person does not depend on the resolution. Size and quality
fall together, as in adaptive streaming. Unlike `jpeg`, errors move: motion vectors carry blocks
along, what hardly changes is not sent again, and a keyframe repairs the picture. The clip is cut
into groups of pictures. Each group is coded by itself at a constant rate factor, and a frame needs
no frames but its group's. Frame t out is frame t in, in whatever order the encoder sent them. The
end of the first group and the place of the 16 x 16 macroblocks are drawn once for the clip, as if
it had been cut from a longer and larger video.

Scaling is a triangle filter at true pixel centers. Colors are narrow-range Y'CbCr of ITU-R BT.601.
Chroma is a mean of 2 x 2 pixels, repeated on decoding. Both are in integer arithmetic. The decoder
is exact by its standard. The encoder is not part of that standard: these bytes are those of one
build of x264, which comes with PyAV (every stream holds its version, see ``x264 - core``;
``av.library_versions`` has that of its wrapper). They may change with PyAV, so a benchmark reports
this corruption but does not score it. All numbers are our own choice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions._kernel import kernel
from corruptbench.corruptions.base import ClipFacts, Corruption, Frame, Region
from corruptbench.corruptions.random import Key


@dataclass(frozen=True)
class Params:
    """The stream.

    Attributes:
        person: height of the person in the coded picture, pixels.
        crf: constant rate factor of x264, 0 to 51: steps of quantization double with every 6.
    """

    person: int
    crf: int


SEVERITIES = (
    Params(person=200, crf=28),
    Params(person=180, crf=32),
    Params(person=160, crf=36),
    Params(person=140, crf=39),
    Params(person=120, crf=41),
)

#: Longest side of a coded picture, pixels, however small the person is in it.
LONGEST = 1280
#: Side of a macroblock, and shortest side of a coded picture, pixels.
MACROBLOCK = 16
#: Frames from one keyframe to the next.
GROUP = 24

#: Options that decide the bytes, on top of the preset. Everything that could make them depend on
#: the processor or on threads is off, also look-ahead and its macroblock tree in floating point.
PRESET = "medium"
OPTIONS = {
    "keyint": "infinite",  # the first frame alone
    "scenecut": 0,
    "bframes": 3,
    "b-adapt": 0,
    "b-pyramid": "normal",
    "ref": 3,
    "weightp": 0,
    "rc-lookahead": 0,
    "sync-lookahead": 0,
    "mbtree": 0,
    "qcomp": 0.6,
    "aq-mode": 1,
    "threads": 1,
    "cpu-independent": 1,
}
#: The rate that the encoder is told for every clip, so that the rate factor always means the same.
RATE = Fraction(25)

#: Sum of the weights of a resampled pixel: a sum over both directions stays within 31 bits.
BITS = 11

Group = tuple[list[Frame], list[Frame]]
Taps = tuple[NDArray[np.int64], NDArray[np.int32]]


@dataclass(frozen=True)
class Plan:
    """The stream of the clip.

    Attributes:
        frames: of the clip.
        crf: constant rate factor.
        scale: coded pixels per pixel.
        size: (width, height) of the coded picture, even numbers of pixels.
        place: (x, y) coded pixels by which the coded picture extends left of and above the picture.
        phase: frames of the first group that lie before the clip.
        memo: the last group: its clean frames, by identity, and the coded pictures.
    """

    frames: int
    crf: int
    scale: float
    size: tuple[int, int]
    place: tuple[int, int]
    phase: int
    memo: list[Group] = field(default_factory=list, compare=False, repr=False)


def plan(facts: ClipFacts, params: Params, key: Key) -> Plan:
    """Draw the place of the macroblocks and the phase of the groups."""
    longest = max(facts.width, facts.height)
    scale = min(params.person / max(facts.person_height, 1.0), LONGEST / longest)
    place = (int(MACROBLOCK * key.uniform(0)), int(MACROBLOCK * key.uniform(1)))

    def coded(side: int, before: int) -> int:
        return max(2 * math.ceil((side * scale + before) / 2), MACROBLOCK)

    return Plan(
        frames=facts.frames,
        crf=params.crf,
        scale=scale,
        size=(coded(facts.width, place[0]), coded(facts.height, place[1])),
        place=place,
        phase=int(GROUP * key.uniform(2)),
    )


def reach(plan: Plan) -> int:
    """Return the length of a group less one: all its other frames may lie on one side."""
    return min(GROUP, plan.frames) - 1


def apply(frames: Sequence[Frame], t: int, plan: Plan, region: Region) -> Frame:
    """Return the region of the streamed frame ``t``, (h, w, 3) uint8."""
    start = t - (t + plan.phase) % GROUP
    first, last = max(start, 0), min(start + GROUP, plan.frames)
    picture = _streamed([frames[i] for i in range(first, last)], plan)[t - first]
    columns = _taps(region.x0, region.x1, plan.scale, plan.place[0], plan.size[0])
    rows = _taps(region.y0, region.y1, plan.scale, plan.place[1], plan.size[1])
    return _resampled(picture, rows, columns)


def _streamed(clean: list[Frame], plan: Plan) -> list[Frame]:
    """Return a group as the receiver has it, at the coded size.

    A group is coded once while its frames are asked for in turn. The memo keeps the clean frames,
    which nobody writes to, so the same objects have the same pixels.
    """
    for held, pictures in plan.memo:
        if len(held) == len(clean) and all(a is b for a, b in zip(held, clean, strict=True)):
            return pictures
    height, width, _ = clean[0].shape
    step, (x, y) = 1 / plan.scale, plan.place
    columns = _taps(-x, plan.size[0] - x, step, 0, width)
    rows = _taps(-y, plan.size[1] - y, step, 0, height)
    small = [_resampled(frame, rows, columns) for frame in clean]
    pictures = decode(encode(small, plan.crf))
    plan.memo[:] = [(clean, pictures)]
    return pictures


def encode(pictures: Sequence[Frame], crf: int) -> list[av.Packet[av.VideoStream]]:
    """Encode a closed group of pictures; the packets are in the order of sending.

    Args:
        pictures: each (h, w, 3) uint8, h and w even.
        crf: constant rate factor.
    """
    height, width, _ = pictures[0].shape
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.framerate, encoder.time_base = RATE, 1 / RATE
    encoder.thread_count = 1
    options = {**OPTIONS, "crf": crf}
    encoder.options = {
        "preset": PRESET,
        "x264-params": ":".join(f"{name}={value}" for name, value in options.items()),
    }
    packets = []
    planes = np.empty((height * 3 // 2, width), dtype=np.uint8)
    for index, picture in enumerate(pictures):
        _to_planes(picture, planes)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts = index
        packets += encoder.encode(frame)
    return packets + encoder.encode(None)


def decode(packets: Sequence[av.Packet[av.VideoStream]]) -> list[Frame]:
    """Decode a group; the pictures are in the order of showing, each (h, w, 3) uint8."""
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    frames = [frame for packet in (*packets, None) for frame in decoder.decode(packet)]
    shown = {frame.pts: frame for frame in frames}
    pictures = []
    for index in range(len(packets)):  # no picture may be missing
        planes = shown[index].to_ndarray()
        picture = np.empty((planes.shape[0] * 2 // 3, planes.shape[1], 3), dtype=np.uint8)
        _from_planes(planes, picture)
        pictures.append(picture)
    return pictures


def _taps(low: int, high: int, step: float, origin: int, size: int) -> Taps:
    """Return the taps of resampled pixels low..high-1 of a line, each ``step`` pixels wide.

    The line has ``size`` pixels, and resampled pixel 0 begins at ``origin``. Weights fall linearly
    with the distance from the center of a resampled pixel. They are 0 at the width of one pixel: of
    a resampled pixel when reducing, of a pixel of the line when enlarging.

    Returns:
        (n, k) int64, the pixels of the line that each is a mean of, with the line's ends repeated;
        (n, k) int32, their weights, which add up to ``1 << BITS``.
    """
    center = (np.arange(low, high)[:, None] + 0.5) * step + origin
    radius = max(step, 1.0)
    where = np.floor(center - radius + 0.5).astype(np.int64) + np.arange(math.ceil(2 * radius))
    # Differences of rounded running sums, so that they add up
    total = np.cumsum((1 - np.abs(where + 0.5 - center) / radius).clip(0), axis=1)
    ends = np.rint(total * ((1 << BITS) / total[:, -1:])).astype(np.int32)
    return where.clip(0, size - 1), np.diff(ends, axis=1, prepend=0).astype(np.int32)


def _resampled(picture: Frame, rows: Taps, columns: Taps) -> Frame:
    out = np.empty((len(rows[0]), len(columns[0]), 3), dtype=np.uint8)
    _resample(np.ascontiguousarray(picture), *rows, *columns, out)
    return out


@kernel
def _resample(source, rows, row_weights, columns, column_weights, out):  # type: ignore[no-untyped-def]
    flat = source.reshape(source.shape[0], -1)
    left = 3 * columns[0, 0]
    size = 3 * columns[-1, -1] + 3 - left
    line = np.empty(size, dtype=np.int32)
    half = np.int32(1 << (2 * BITS - 1))
    for i in range(rows.shape[0]):
        line[:] = 0
        for k in range(rows.shape[1]):
            weight = row_weights[i, k]
            above = flat[rows[i, k], left : left + size]
            for x in range(size):
                line[x] += weight * np.int32(above[x])
        for j in range(columns.shape[0]):
            red, green, blue = half, half, half
            for k in range(columns.shape[1]):
                weight = column_weights[j, k]
                x = 3 * columns[j, k] - left
                red += weight * line[x]
                green += weight * line[x + 1]
                blue += weight * line[x + 2]
            out[i, j, 0] = red >> (2 * BITS)
            out[i, j, 1] = green >> (2 * BITS)
            out[i, j, 2] = blue >> (2 * BITS)


@kernel
def _to_planes(picture, planes):  # type: ignore[no-untyped-def]
    """Write Y', Cb and Cr one after the other, each row by row, as (h * 3 / 2, w)."""
    height, width, _ = picture.shape
    flat = planes.reshape(-1)
    blue, red = height * width, height * width * 5 // 4
    for i in range(0, height, 2):
        for j in range(0, width, 2):
            r = g = b = np.int32(0)
            for y in range(i, i + 2):
                for x in range(j, j + 2):
                    r1 = np.int32(picture[y, x, 0])
                    g1 = np.int32(picture[y, x, 1])
                    b1 = np.int32(picture[y, x, 2])
                    flat[y * width + x] = 16 + ((16829 * r1 + 33039 * g1 + 6416 * b1 + 32768) >> 16)
                    r, g, b = r + r1, g + g1, b + b1
            at = (i * width + 2 * j) // 4
            flat[blue + at] = 128 + ((-9714 * r - 19070 * g + 28784 * b + 131072) >> 18)
            flat[red + at] = 128 + ((28784 * r - 24103 * g - 4681 * b + 131072) >> 18)


@kernel
def _from_planes(planes, picture):  # type: ignore[no-untyped-def]
    """Undo `_to_planes`."""
    height, width, _ = picture.shape
    flat = planes.reshape(-1)
    blue, red = height * width, height * width * 5 // 4
    for y in range(height):
        for x in range(width):
            at = y // 2 * (width // 2) + x // 2
            gray = 76309 * (np.int32(flat[y * width + x]) - 16) + 32768
            cb, cr = np.int32(flat[blue + at]) - 128, np.int32(flat[red + at]) - 128
            picture[y, x, 0] = min(max((gray + 104597 * cr) >> 16, 0), 255)
            picture[y, x, 1] = min(max((gray - 25675 * cb - 53279 * cr) >> 16, 0), 255)
            picture[y, x, 2] = min(max((gray + 132201 * cb) >> 16, 0), 255)


CORRUPTION = Corruption(
    name="h264",
    family="compression",
    version=1,
    scope="window",
    severities=SEVERITIES,
    plan=plan,
    apply=apply,
    reach=reach,
)
