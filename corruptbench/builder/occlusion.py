"""Compute what a corruption hides of a person: the exact occlusion labels of a shard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corruptbench.builder.render import CellRenderer
from corruptbench.corruptions import ClipInfo, Region

#: A joint lies under cover if at least this much of its pixel is hidden, of 255. Our own choice.
HIDDEN = 128
#: Shares are rounded to this step, as the sums of two machines may differ in the last digit.
SHARE_STEP = 1 / 4096

#: Of one cell: shares (F,) and masks (F,), see `occlusions`.
Hidden = tuple[NDArray[np.float32], NDArray[np.uint32]]


@dataclass(frozen=True)
class Sight:
    """The person in one frame: what a cover may hide. It is the same in all cells.

    Attributes:
        around: the part of the picture that has the person's box and joints.
        box: rows and columns of the box within ``around``.
        places: rows (N,) and columns (N,) of the pixels of joints within ``around``.
        joints: (N,) their indices, those of joints that lie in the picture.
    """

    around: Region
    box: tuple[slice, slice]
    places: tuple[NDArray[np.int64], NDArray[np.int64]]
    joints: NDArray[np.int64]

    def hidden(self, cover: NDArray[np.uint8]) -> tuple[float, int]:
        """Return the hidden share of the box, and the mask of the joints under cover.

        Args:
            cover: of each pixel of ``around``, as of a corruption's ``cover``.
        """
        mask = sum(1 << joint for joint in self.joints[cover[self.places] >= HIDDEN].tolist())
        part = cover[self.box]
        share = part.mean() / 255 if part.size else 0.0
        return round(share / SHARE_STEP) * SHARE_STEP, mask


def occlusions(renders: Sequence[CellRenderer], info: ClipInfo) -> list[Hidden]:
    """Return what each cell hides of the person, from the draws that paint its pixels.

    Args:
        renders: of the cells.
        info: of the clip, with its joints.

    Returns:
        For each cell two arrays. (F,) float32, the hidden share of the part of the person's box
        that lies in the picture, 0 to 1. (F,) uint32, a bit mask of the joints under cover, joint 0
        in the lowest bit. A joint that is not known, or is outside of the picture, is not in the
        mask.
    """
    hiding = any(render.corruption and render.corruption.cover for render in renders)
    sights = [_sight(info, t) if hiding else None for t in range(info.frames)]
    return [_hidden(render, sights) for render in renders]


def _hidden(render: CellRenderer, sights: Sequence[Sight | None]) -> Hidden:
    hidden = np.zeros(len(sights), dtype=np.float32)
    joints = np.zeros(len(sights), dtype=np.uint32)
    cover = render.corruption.cover if render.corruption else None
    for t, sight in enumerate(sights):
        if cover is not None and sight is not None:
            hidden[t], joints[t] = sight.hidden(cover(t, render.draws, sight.around))
    return hidden, joints


def _sight(info: ClipInfo, t: int) -> Sight | None:
    """Return the person in a frame; None where nothing of it is in the picture."""
    box, size = info.boxes[t], np.array([info.width, info.height])
    if not np.isfinite(box).all():
        return None
    pixels, inside = _joint_pixels(info, t)
    low = np.clip(np.floor(box[:2]), 0, size).astype(np.int64)
    high = np.clip(np.ceil(box[2:]), low, size).astype(np.int64)
    start = np.vstack([low, pixels]).min(axis=0)
    stop = np.vstack([high, pixels + 1]).max(axis=0)
    if (start >= stop).any():
        return None
    (x0, y0), (x1, y1) = (low - start).tolist(), (high - start).tolist()
    x, y = (pixels - start).T
    around = Region(*start.tolist(), *stop.tolist())
    return Sight(around, (slice(y0, y1), slice(x0, x1)), (y, x), inside)


def _joint_pixels(info: ClipInfo, t: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pixels (N, 2) x, y of the joints that lie in the picture, and their indices."""
    joints = np.empty((0, 2)) if info.joints is None else info.joints[t]
    pixels = np.floor(np.nan_to_num(joints, nan=-1.0))
    inside = ((pixels >= 0) & (pixels < [info.width, info.height])).all(axis=1)
    return pixels[inside].astype(np.int64), np.flatnonzero(inside)
