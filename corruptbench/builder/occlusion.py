"""Compute what a corruption hides of a person: the exact occlusion labels of a shard."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from corruptbench.builder.render import CellRenderer
from corruptbench.corruptions import ClipInfo, Region

#: A joint lies under cover if at least this much of its pixel is hidden, of 255. Our own choice.
HIDDEN = 128
#: Shares are rounded to this step, as the sums of two machines may differ in the last digit.
SHARE_STEP = 1 / 4096


def occlusions(
    render: CellRenderer, info: ClipInfo
) -> tuple[NDArray[np.float32], NDArray[np.uint32]]:
    """Return what a cell hides of the person in each frame, from the draws that paint its pixels.

    Args:
        render: of the cell.
        info: of the clip, with its joints.

    Returns:
        (F,) float32, the hidden share of the part of the person's box that lies in the picture, 0
        to 1. (F,) uint32, a bit mask of the joints under cover, joint 0 in the lowest bit. A joint
        that is not known, or is outside of the picture, is not in the mask.
    """
    hidden = np.zeros(info.frames, dtype=np.float32)
    joints = np.zeros(info.frames, dtype=np.uint32)
    cover = render.corruption.cover if render.corruption else None
    if cover is not None:
        for t in range(info.frames):
            frame = partial(cover, t, render.draws)
            hidden[t], joints[t] = _occlusion(frame, info, t)
    return hidden, joints


def _occlusion(
    cover: Callable[[Region], NDArray[np.uint8]], info: ClipInfo, t: int
) -> tuple[float, int]:
    """Return the hidden share and the mask of one frame; ``cover`` is that of a region of it."""
    box, size = info.boxes[t], np.array([info.width, info.height])
    if not np.isfinite(box).all():
        return 0.0, 0
    pixels, inside = _joint_pixels(info, t)
    low = np.clip(np.floor(box[:2]), 0, size).astype(np.int64)
    high = np.clip(np.ceil(box[2:]), low, size).astype(np.int64)
    start = np.vstack([low, pixels]).min(axis=0)
    stop = np.vstack([high, pixels + 1]).max(axis=0)
    if (start >= stop).any():
        return 0.0, 0
    hidden = cover(Region(*start.tolist(), *stop.tolist()))
    x, y = (pixels - start).T
    mask = sum(1 << joint for joint in inside[hidden[y, x] >= HIDDEN].tolist())
    (x0, y0), (x1, y1) = low - start, high - start
    part = hidden[y0:y1, x0:x1]
    share = part.mean() / 255 if part.size else 0.0
    return round(share / SHARE_STEP) * SHARE_STEP, mask


def _joint_pixels(info: ClipInfo, t: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pixels (N, 2) x, y of the joints that lie in the picture, and their indices."""
    joints = np.empty((0, 2)) if info.joints is None else info.joints[t]
    pixels = np.floor(np.nan_to_num(joints, nan=-1.0))
    inside = ((pixels >= 0) & (pixels < [info.width, info.height])).all(axis=1)
    return pixels[inside].astype(np.int64), np.flatnonzero(inside)
