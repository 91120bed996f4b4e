"""Scenes for the property suite: textured rooms with a person-sized box, at any resolution."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from corruptbench.corruptions import ClipInfo


def scene(size: int, frames: int) -> NDArray[np.uint8]:
    """(F, size, size, 3) uint8: the same picture at every size; a bright bar crosses it."""
    draw = np.random.default_rng(7)
    coarse = draw.uniform(40, 215, (24, 24, 3)).astype(np.float32)
    still = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    clip = np.repeat(np.clip(still, 0, 255).astype(np.uint8)[None], frames, axis=0)
    for t in range(frames):
        left = int(size * (0.3 + 0.4 * t / max(frames, 1)))
        clip[t, :, left : left + max(size // 20, 1)] = (230, 220, 60)
    return clip


def person_of(height: float, size: int, frames: int) -> ClipInfo:
    """A person of ``height`` pixels in a square picture of any size; cells of noise follow them."""
    boxes = np.tile([0.0, 0.0, height / 3, height], (frames, 1))
    return ClipInfo(frames=frames, height=size, width=size, fps=50.0, boxes=boxes)


def info(size: int, frames: int, fps: float = 50.0) -> ClipInfo:
    """A person of 0.6 of the picture's height who moves to the right."""
    shift = 0.1 * np.arange(frames) / max(frames, 1)
    boxes = size * np.stack(
        [0.3 + shift, np.full(frames, 0.2), 0.5 + shift, np.full(frames, 0.8)], axis=1
    )
    return ClipInfo(frames=frames, height=size, width=size, fps=fps, boxes=boxes)
