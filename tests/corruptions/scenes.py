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


#: Joints of `skeleton`: the pelvis, the neck and the head, then knee, foot, elbow and hand, each
#: left and right.
BONES = ((0, 1), (1, 2), (0, 3), (3, 5), (0, 4), (4, 6), (1, 7), (7, 9), (1, 8), (8, 10))


def skeleton(
    size: int, frames: int, fps: float = 50.0, speed: float = 0.0, joints: bool = True
) -> ClipInfo:
    """A person of 0.6 of the picture's height who swings arms and legs, and the box around them.

    The person walks to and fro, ``speed`` heights a second, or stays in one place. Without
    ``joints`` only the box is told.
    """
    t = np.arange(frames) / fps
    tall, pace = 0.6 * size, np.sin(2 * np.pi * t)
    room = 0.5 * size  # to walk in
    way = np.abs((speed * tall * t + room / 2) % (2 * room) - room)
    pelvis = np.stack([0.25 * size + way, np.full(frames, 0.5 * size)], axis=1)
    up = {0: 0.0, 1: 0.3, 2: 0.45, 3: -0.25, 4: -0.25, 5: -0.5, 6: -0.5, 7: 0.15, 8: 0.15, 9: 0.0}
    aside = {3: -0.06, 4: 0.06, 5: -0.08, 6: 0.08, 7: -0.12, 8: 0.12, 9: -0.16, 10: 0.16}
    swing = {3: 0.03, 4: -0.03, 5: 0.06, 6: -0.06, 7: -0.02, 8: 0.02, 9: -0.05, 10: 0.05}
    places = np.empty((frames, 11, 2))
    for j in range(11):
        offset = aside.get(j, 0.0) + swing.get(j, 0.0) * pace
        places[:, j, 0] = pelvis[:, 0] + tall * offset
        places[:, j, 1] = pelvis[:, 1] - tall * up.get(j, 0.0)
    margin = 0.025 * tall
    boxes = np.concatenate([places.min(axis=1) - margin, places.max(axis=1) + margin], axis=1)
    told = {"joints": places, "bones": BONES} if joints else {}
    return ClipInfo(frames, size, size, fps, boxes, **told)
