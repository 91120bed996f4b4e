"""JPEG: the loss of baseline JPEG, with blocks in proportion to the person.

Models a picture that was coded at low quality when the person was `CODED` pixels tall, and then
scaled to the size that it has now. JPEG's own blocks are 8 pixels at any resolution, so its effect
on a person fades with resolution. Here a block's side is the same fraction of the person at every
resolution. For a person of `CODED` pixels it is JPEG: full-range YCbCr (ITU-T T.871), chroma halved
in both directions (4:2:0, means of 2 x 2 pixels, repeated on decoding), the discrete cosine
transform of 8 x 8 blocks and the example quantization tables of ITU-T T.81, Annex K, scaled by
quality as the Independent JPEG Group's software does. Larger blocks keep the 8 x 8 lowest
frequencies, smaller ones have fewer, and an amplitude is quantized alike in all. Entropy coding
loses nothing and is left out. The lattice stands still in the picture. Its place is drawn once for
the clip, as if the picture had been cut from the coded one. All arithmetic is on integers. All
numbers are our own choice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions._kernel import kernel
from corruptbench.corruptions.base import ClipFacts, Corruption, Frame, Region
from corruptbench.corruptions.random import Key


@dataclass(frozen=True)
class Params:
    """Quality on the scale of 1 to 100 of the Independent JPEG Group."""

    quality: int


SEVERITIES = (Params(25), Params(18), Params(13), Params(9), Params(6))

#: Height of the person in the coded picture, in pixels. Eight of them are the side of a block. A
#: detector with an input 256 pixels high sees a person at about this height.
CODED = 200

#: ITU-T T.81, Annex K, tables K.1 (luminance) and K.2 (chrominance): vertical frequency by
#: horizontal frequency.
LUMINANCE = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
CHROMINANCE = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    (99, 99, 99, 99, 99, 99, 99, 99),
    (99, 99, 99, 99, 99, 99, 99, 99),
    (99, 99, 99, 99, 99, 99, 99, 99),
    (99, 99, 99, 99, 99, 99, 99, 99),
)

#: Fractional bits of the transforms, and of what passes from one direction to the other. With
#: these every sum fits in 32 bits (`test_no_sum_overflows`).
BITS = 13
KEPT = 3
DROP = BITS - KEPT


@dataclass(frozen=True)
class Plan:
    """The codec of the clip.

    Attributes:
        side: of a block, pixels.
        place: (x, y) pixels by which the lattice of 2 x 2 blocks starts left of and above the
            picture.
        forward: (8, side) int32, transform of a line of a block, ``BITS`` fractional bits. Rows of
            frequencies that a block does not have are 0.
        inverse: (8, side) int32, transform back.
        steps: (2, 8, 8) int32, quantization of luminance and chrominance.
    """

    side: int
    place: tuple[int, int]
    forward: NDArray[np.int32]
    inverse: NDArray[np.int32]
    steps: NDArray[np.int32]


def quantization(quality: int) -> NDArray[np.int32]:
    """Return both tables at a quality of 1 to 100, (2, 8, 8) int32, from 1 to 255."""
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    tables = np.array([LUMINANCE, CHROMINANCE], dtype=np.int32)
    return ((tables * percent + 50) // 100).clip(1, 255).astype(np.int32)


def cosines(side: int) -> NDArray[np.float64]:
    """Return the cosines of the lowest 8 frequencies over a block, (8, side), scaled as in T.81."""
    out = np.zeros((8, side))
    for k in range(min(8, side)):
        for x in range(side):
            out[k, x] = math.cos((2 * x + 1) * k * math.pi / (2 * side)) / 2
    out[0] *= math.sqrt(0.5)
    return out


def plan(facts: ClipFacts, params: Params, key: Key) -> Plan:
    """Draw the place of the lattice."""
    side = max(round(8 * facts.person_height / CODED), 2)
    back = cosines(side) * (1 << BITS)
    return Plan(
        side=side,
        place=(int(2 * side * key.uniform(0)), int(2 * side * key.uniform(1))),
        forward=np.rint(back * 8 / side).astype(np.int32),
        inverse=np.rint(back).astype(np.int32),
        steps=quantization(params.quality),
    )


def apply(frames: Sequence[Frame], t: int, plan: Plan, region: Region) -> Frame:
    """Return the region of the coded and decoded frame ``t``, (h, w, 3) uint8."""
    frame = frames[t]
    rows = _whole_blocks(region.y0, region.y1, plan.place[1], 2 * plan.side)
    columns = _whole_blocks(region.x0, region.x1, plan.place[0], 2 * plan.side)
    out = np.empty((region.y1 - region.y0, region.x1 - region.x0, 3), dtype=np.uint8)
    _code(
        frame,
        rows.clip(0, frame.shape[0] - 1),  # the picture's edge is repeated
        columns.clip(0, frame.shape[1] - 1),
        region.y0 - int(rows[0]),
        region.x0 - int(columns[0]),
        plan.forward,
        plan.inverse,
        plan.steps,
        out,
    )
    return out


def _whole_blocks(low: int, high: int, place: int, size: int) -> NDArray[np.int64]:
    """Return the pixels of a line that share a block of ``size`` with one of low..high-1."""
    first = (low + place) // size * size - place
    last = -(-(high + place) // size) * size - place
    return np.arange(first, last)


@kernel
def _code(frame, rows, columns, top, left, forward, inverse, steps, out):  # type: ignore[no-untyped-def]
    height, width, _ = out.shape
    side = forward.shape[1]
    wide = columns.size
    luma = np.empty((2 * side, wide), dtype=np.int32)
    chroma = np.empty((2, side, wide // 2), dtype=np.int32)
    sums = np.empty((2, wide // 2), dtype=np.int32)
    for strip in range(0, rows.size, 2 * side):
        for i in range(2 * side):
            source = frame[rows[strip + i]]
            if i % 2 == 0:
                sums[:] = 0
            for j in range(wide):
                x = columns[j]
                r = np.int32(source[x, 0])
                g = np.int32(source[x, 1])
                b = np.int32(source[x, 2])
                luma[i, j] = ((19595 * r + 38470 * g + 7471 * b + 32768) >> 16) - 128
                sums[0, j >> 1] += (-11059 * r - 21709 * g + 32768 * b + 32768) >> 16
                sums[1, j >> 1] += (32768 * r - 27439 * g - 5329 * b + 32768) >> 16
            if i % 2:
                for j in range(wide // 2):
                    chroma[0, i >> 1, j] = (sums[0, j] + 2) >> 2
                    chroma[1, i >> 1, j] = (sums[1, j] + 2) >> 2
        _blocks(luma[:side], forward, inverse, steps[0])
        _blocks(luma[side:], forward, inverse, steps[0])
        _blocks(chroma[0], forward, inverse, steps[1])
        _blocks(chroma[1], forward, inverse, steps[1])
        for i in range(max(strip, top), min(strip + 2 * side, top + height)):
            y = luma[i - strip]
            cb = chroma[0, (i - strip) >> 1]
            cr = chroma[1, (i - strip) >> 1]
            target = out[i - top]
            for j in range(width):
                x = left + j
                gray = ((y[x] + 128) << 16) + 32768
                blue = cb[x >> 1]
                red = cr[x >> 1]
                target[j, 0] = min(max((gray + 91881 * red) >> 16, 0), 255)
                target[j, 1] = min(max((gray - 22554 * blue - 46802 * red) >> 16, 0), 255)
                target[j, 2] = min(max((gray + 116130 * blue) >> 16, 0), 255)


@kernel
def _blocks(plane, forward, inverse, steps):  # type: ignore[no-untyped-def]
    """Code and decode one row of blocks in place: (side, n * side) int32, centered on 0."""
    side, wide = plane.shape
    block = np.empty((8, 8), dtype=np.int32)
    down = np.ascontiguousarray(forward.T)
    row = np.empty(side, dtype=np.int32)
    lines = np.empty((8, wide), dtype=np.int32)
    _mix(plane, down, DROP, lines)
    for start in range(0, wide, side):
        _quantize(lines, start, forward, steps, block)
        for u in range(8):
            row[:] = 1 << (DROP - 1)
            for v in range(8):
                level = block[u, v]
                if level != 0:
                    for x in range(side):
                        row[x] += level * inverse[v, x]
            for x in range(side):
                lines[u, start + x] = row[x] >> DROP
    _mix(lines, inverse, BITS + KEPT, plane)
    for y in range(side):
        for x in range(wide):
            plane[y, x] = min(max(plane[y, x], -128), 127)


@kernel
def _mix(source, weights, shift, out):  # type: ignore[no-untyped-def]
    """Set each line of ``out`` to a weighted sum of all lines of ``source``, >> shift, rounded."""
    for i in range(out.shape[0]):
        target = out[i]
        target[:] = 1 << (shift - 1)
        for k in range(source.shape[0]):
            weight = weights[k, i]
            line = source[k]
            for x in range(target.size):
                target[x] += weight * line[x]
        for x in range(target.size):
            target[x] >>= shift


@kernel
def _quantize(lines, start, forward, steps, block):  # type: ignore[no-untyped-def]
    """Transform along the rows, and round to the nearest multiple of each frequency's step."""
    unit = np.int32(1 << (BITS + KEPT))
    side = forward.shape[1]
    for u in range(8):
        line = lines[u, start : start + side]
        for v in range(8):
            total = np.int32(0)
            for x in range(side):
                total += forward[v, x] * line[x]
            step = steps[u, v] * unit
            size = abs(total) + (step >> 1)
            level = np.int32(0)
            if size >= step:
                level = np.int32(size // step) * steps[u, v]
            block[u, v] = level if total > 0 else -level


CORRUPTION = Corruption(
    name="jpeg",
    family="compression",
    version=2,
    scope="clip",
    severities=SEVERITIES,
    plan=plan,
    apply=apply,
)
