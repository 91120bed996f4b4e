"""Cut-outs of real objects, at any size, as sharp as footage of that size, and lit like a scene.

The pictures lie in ``objects/``, with a text that says whose models they are. Each has two halves
of the same size: above, the object, whose color is already multiplied by coverage, and below, the
shadow that it throws on the floor. All arithmetic on pixels is on integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions._kernel import kernel

#: Names of the files, and the height of each object, meters.
HEIGHTS: dict[str, float] = {
    "banquet_chair": 0.87,
    "barrel": 0.90,
    "bicycle": 0.84,
    "bmx": 0.77,
    "bookcase": 2.21,
    "crate": 0.59,
    "desk_chair": 1.00,
    "drawers": 0.89,
    "ficus": 0.82,
    "filing_cabinet": 0.60,
    "folding_screen": 1.89,
    "fridge": 1.84,
    "high_chair": 1.04,
    "hospital_bed": 0.90,
    "indoor_plant": 0.68,
    "kitchen_chair": 0.95,
    "laundry_basket": 0.67,
    "leather_armchair": 0.80,
    "narrow_shelf": 1.85,
    "office_chair": 0.91,
    "palm": 1.17,
    "peace_lily": 0.88,
    "piano": 1.38,
    "rattan_armchair": 0.79,
    "school_seat": 0.80,
    "scooter": 1.21,
    "shelves": 1.20,
    "step_ladder": 0.83,
    "stroller": 0.99,
    "suitcase": 0.72,
    "topiary": 1.03,
    "wardrobe": 2.00,
    "washing_machine": 0.73,
    "waste_cart": 0.80,
    "water_cooler": 1.32,
    "wheelchair": 0.91,
    "whiteboard": 1.29,
    "workbench": 1.74,
    "yucca": 1.80,
}

#: How much of its own level an object keeps whatever the scene is like, and of its own color, both
#: in 1/256. The level at which it has its own: the mean of the cut-outs.
OWN_LEVEL, OWN_COLOR, LEVEL = 84, 154, 108
#: Gains lie between these, in 1/256; the darkest level of a scene counts up to a limit.
GAINS, DARKEST = (80, 400), 32
#: Pixels of a scene that are looked at, for each axis, on either side of the middle.
LOOKS = 64


@dataclass(frozen=True)
class CutOut:
    """An object as it is stored.

    Attributes:
        layers: (h, w, 5) uint8: R, G and B times coverage, coverage, shadow.
        top, bottom: rows between which the object is.
        area: (h + 1, w + 1) int64, covered pixels above and to the left of each corner.
    """

    layers: NDArray[np.uint8]
    top: int
    bottom: int
    area: NDArray[np.int64]

    @property
    def tall(self) -> int:
        """Height of the object, px."""
        return self.bottom - self.top


@cache
def cut_out(name: str) -> CutOut:
    """Return a stored object; it must not be written to."""
    data = files("corruptbench.corruptions").joinpath("objects", f"{name}.webp").read_bytes()
    both = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    above, below = np.split(np.asarray(both, dtype=np.uint8), 2)
    color = np.minimum(above[..., 2::-1], above[..., 3:])  # a file may have any where nothing is
    layers = np.concatenate([color, above[..., 3:], below[..., 3:]], axis=-1)
    there = layers[..., 3] > 127
    rows = np.flatnonzero(there.any(axis=1))
    area = np.zeros((there.shape[0] + 1, there.shape[1] + 1), dtype=np.int64)
    area[1:, 1:] = there.cumsum(axis=0).cumsum(axis=1)
    return CutOut(layers, int(rows[0]), int(rows[-1]) + 1, area)


def sized(name: str, scale: float, blur: tuple[int, int]) -> NDArray[np.uint8]:
    """Return an object at a size, (h, w, 5) uint8; it has a margin of the blur on all sides.

    Args:
        name: of the object.
        scale: pixels for each stored pixel.
        blur: reach of the blur across and down, px.
    """
    layers = cut_out(name).layers
    height, width = (max(round(scale * size), 1) for size in layers.shape[:2])
    wide = np.zeros((layers.shape[0], width + 2 * blur[0], 5), dtype=np.uint8)
    _resize(layers, wide[:, blur[0] : blur[0] + width])
    out = np.zeros((height + 2 * blur[1], wide.shape[1], 5), dtype=np.uint8)
    _resize(wide.swapaxes(0, 1), out[blur[1] : blur[1] + height].swapaxes(0, 1))
    for axis, reach in enumerate(blur):
        if reach:
            _soften(out.swapaxes(0, axis), reach)
    return out


@kernel
def _resize(rows, out):  # type: ignore[no-untyped-def]
    """Resize every row with a triangle as wide as the coarser of the two grids."""
    count, size, channels = rows.shape
    wanted = out.shape[1]
    reach = 2 * max(size, wanted)  # in 1 / (2 wanted) of a pixel of ``rows``
    for x in range(wanted):
        middle = (2 * x + 1) * size
        first = max((middle - reach) // (2 * wanted), 0)
        last = min((middle + reach) // (2 * wanted) + 1, size)
        weights = np.array(
            [max(reach - abs(middle - (2 * i + 1) * wanted), 0) for i in range(first, last)]
        )
        whole = weights.sum()
        for y in range(count):
            for c in range(channels):
                total = whole // 2
                for i in range(first, last):
                    total += weights[i - first] * np.int64(rows[y, i, c])
                out[y, x, c] = total // whole


@kernel
def _soften(rows, reach):  # type: ignore[no-untyped-def]
    """Average over ``reach`` neighbors on each side along every row; beyond the canvas is 0."""
    count, size, channels = rows.shape
    line = np.empty((size, channels), dtype=np.int32)
    for y in range(count):
        line[:] = rows[y]
        for c in range(channels):
            total = line[: reach + 1, c].sum()
            for x in range(size):
                rows[y, x, c] = (total + reach) // (2 * reach + 1)
                if x + reach + 1 < size:
                    total += line[x + reach + 1, c]
                if x >= reach:
                    total -= line[x - reach, c]


def light_of(frame: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return how a picture lights an object: gains for R, G and B in 1/256, and its darkest level.

    Read from the mean of the middle half of all levels, channel by channel, and from the level of
    the darkest thousandth. A mirrored or reversed frame gives the same light.
    """
    counts = np.zeros((3, 256), dtype=np.int32)
    _count(frame, counts)
    ranks = np.cumsum(counts, axis=1, dtype=np.int64)
    total = int(ranks[0, -1])
    inner = np.clip(ranks, total // 4, total - total // 4)
    inner = np.diff(inner, axis=1, prepend=total // 4)
    sums = (inner * np.arange(256)).sum(axis=1)
    number = max(int(inner[0].sum()), 1)
    gray = max(int(sums.sum()) // 3, 1)
    level = OWN_LEVEL + (256 - OWN_LEVEL) * gray // (LEVEL * number)
    color = OWN_COLOR + (256 - OWN_COLOR) * sums // gray
    gains = np.clip(level * color // 256, *GAINS)
    dark = int((ranks.sum(axis=0) * 1000 < 3 * total).sum())
    return np.array([*gains, min(dark, DARKEST)], dtype=np.int32)


@kernel
def _count(frame, counts):  # type: ignore[no-untyped-def]
    height, width, _ = frame.shape
    down, across = max(height // (2 * LOOKS), 1), max(width // (2 * LOOKS), 1)
    for y in range(0, (height + 1) // 2, down):
        for x in range(0, (width + 1) // 2, across):
            for v in (y, height - 1 - y):
                for u in (x, width - 1 - x):
                    for c in range(3):
                        counts[c, frame[v, u, c]] += 1
