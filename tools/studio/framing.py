"""Placing a clip in the room so that all four cameras see the whole person, and the person's boxes.

Points are the rig's landmarks, so that neither videos nor boxes depend on where the labels lie.
"""

from __future__ import annotations

import numpy as np

from .cameras import CAMERAS, HEIGHT, WIDTH, Camera
from .rig import Pose, Rig, landmarks
from .seeds import seeded

MARGIN_PX = 9.0
"""Every landmark stays at least this far inside every picture."""
_TRIES = 64


def margin_px(points_mm: np.ndarray) -> np.ndarray:
    """(T,) smallest distance of any point to any picture's border; negative outside."""
    worst = np.full(len(points_mm), np.inf)
    for camera in CAMERAS:
        pixels = camera.project(points_mm)
        inside = np.concatenate([pixels, np.array([WIDTH, HEIGHT]) - pixels], axis=-1)
        worst = np.fmin(worst, np.nan_to_num(inside, nan=-1e9).min(axis=(1, 2)))
    return worst


def centred(pose: Pose, points_mm: np.ndarray) -> tuple[Pose, np.ndarray]:
    """Pose and points moved so that the middle of the ground they cover is the room's middle."""
    ground = points_mm[..., :2].reshape(-1, 2)
    middle = (ground.min(axis=0) + ground.max(axis=0)) / 2
    shift = np.array([-middle[0], -middle[1], 0.0])
    return pose.moved(shift), points_mm + shift


def boxes_px(points_mm: np.ndarray, camera: Camera) -> np.ndarray:
    """(T, 4) x0, y0, x1, y1 of points (T, P, 3) in a picture, to 1/64 px as crops are cut.

    Points are rounded to float32 first. The boxes of the stored training detections were made so.
    """
    pixels = camera.project(points_mm.astype(np.float32).astype(np.float64))
    bounds = np.concatenate([pixels.min(axis=1), pixels.max(axis=1)], axis=1)
    return np.round(bounds * 64) / 64


def place_in_room(rig: Rig, pose: Pose, name: str) -> tuple[Pose, slice]:
    """Centre the clip and give it a heading drawn by `name`; also tells which frames were kept.

    Headings are drawn until one keeps every landmark inside every picture; if none does, the widest
    draw is kept and the clip is shortened at its ends until it fits.
    """
    draws = seeded(f"heading/{name}").uniform(-np.pi, np.pi, _TRIES)
    best: tuple[float, Pose] | None = None
    for yaw in draws:
        turned = pose.turned(float(yaw))
        turned, points = centred(turned, landmarks(rig, turned))
        margin = float(margin_px(points).min())
        if margin >= MARGIN_PX:
            return turned, slice(0, pose.frames)
        if best is None or margin > best[0]:
            best = (margin, turned)
    assert best is not None
    return _shortened(rig, best[1])


def _shortened(rig: Rig, pose: Pose) -> tuple[Pose, slice]:
    """Drop frames from the end that is worse, re-centring, until all landmarks are inside."""
    start, stop = 0, pose.frames
    while stop - start > 1:
        part = pose.cut(start, stop)
        part, points = centred(part, landmarks(rig, part))
        margins = margin_px(points)
        if margins.min() >= MARGIN_PX:
            return part, slice(start, stop)
        half = len(margins) // 2
        if margins[half:].min() < margins[:half].min():
            stop -= 1
        else:
            start += 1
    raise ValueError("the clip does not fit into the pictures")
