"""Render corrupted crops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from corruptbench.corruptions import ClipInfo, Corruption, Frame, Key, Region, get
from corruptbench.detectors.crops import extract, square_crop
from corruptbench.manifest import CLEAN, Cell


@dataclass(frozen=True)
class Crop:
    """The detector's square crop of a frame, in whole pixels; a part may lie outside the picture.

    Attributes:
        x0: leftmost column.
        y0: topmost row.
        side: pixels.
        inside: the part within the picture.
    """

    x0: int
    y0: int
    side: int
    inside: Region

    def pad(self, pixels: Frame) -> Frame:
        """Return (side, side, 3) uint8: the pixels of ``inside`` with black around them."""
        if pixels.shape[:2] == (self.side, self.side):
            return pixels
        return extract(pixels, self.x0 - self.inside.x0, self.y0 - self.inside.y0, self.side)


@dataclass(frozen=True)
class CellRenderer:
    """One cell of one clip, ready to be rendered; `renderer` makes it."""

    cell: Cell
    corruption: Corruption | None
    draws: Any

    @property
    def reach(self) -> int:
        """Number of neighboring frames that are needed on each side."""
        return self.corruption.reach(self.draws) if self.corruption else 0

    def __call__(self, frames: Sequence[Frame], t: int, region: Region) -> Frame:
        """Return a region of frame ``t`` in this cell, (h, w, 3) uint8 RGB."""
        if self.corruption is None:
            return frames[t][region.slices]
        return self.corruption.apply(frames, t, self.draws, region)


def renderer(cell: Cell, info: ClipInfo, key: Callable[[Cell], Key]) -> CellRenderer:
    """Make the renderer of a cell of a clip; everything random is drawn from its ``key``."""
    if cell == CLEAN:
        return CellRenderer(cell, None, None)
    corruption = get(cell.corruption)
    return CellRenderer(cell, corruption, corruption.prepare(info, cell.severity, key(cell)))


def loose_renderer(cell: Cell, info: ClipInfo, name: str) -> CellRenderer:
    """Make a renderer for a video of no benchmark; see `loose_key` for ``name``."""
    return renderer(cell, info, partial(loose_key, name=name))


def loose_key(cell: Cell, name: str) -> Key:
    """Return the random key of a cell of a video of no benchmark.

    Pass the SHA-256 of the video's content. It is the same on every machine and under any name.
    """
    version = get(cell.corruption).version
    return Key.of("no benchmark", cell.corruption, version, cell.severity, name)


def crops(info: ClipInfo, padding: float) -> list[Crop | None]:
    """Return for each frame the detector's crop; None where nobody is in the picture."""
    found: list[Crop | None] = []
    for box in info.boxes:
        if not np.isfinite(box).all():
            found.append(None)
            continue
        x0, y0, side = square_crop(box, padding)
        right, bottom = min(x0 + side, info.width), min(y0 + side, info.height)
        inside = Region(max(x0, 0), max(y0, 0), right, bottom)
        visible = inside.x0 < inside.x1 and inside.y0 < inside.y1
        found.append(Crop(x0, y0, side, inside) if visible else None)
    return found
