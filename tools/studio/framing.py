"""Placing a clip in the room so that all four cameras see the whole person."""

from __future__ import annotations

import numpy as np

from .cameras import CAMERAS, HEIGHT, WIDTH
from .rig import Pose, Rig, h36m_joints
from .seeds import seeded

MARGIN_PX = 9.0
"""Every joint stays at least this far inside every picture."""
_TRIES = 64


def margin_px(joints_mm: np.ndarray) -> np.ndarray:
    """(T,) smallest distance of any joint to any picture's border; negative outside."""
    worst = np.full(len(joints_mm), np.inf)
    for camera in CAMERAS:
        pixels = camera.project(joints_mm)
        inside = np.concatenate([pixels, np.array([WIDTH, HEIGHT]) - pixels], axis=-1)
        worst = np.fmin(worst, np.nan_to_num(inside, nan=-1e9).min(axis=(1, 2)))
    return worst


def centred(pose: Pose, joints_mm: np.ndarray) -> tuple[Pose, np.ndarray]:
    """Pose and joints moved so that the middle of the ground they cover is the room's middle."""
    ground = joints_mm[..., :2].reshape(-1, 2)
    middle = (ground.min(axis=0) + ground.max(axis=0)) / 2
    shift = np.array([-middle[0], -middle[1], 0.0])
    return pose.moved(shift), joints_mm + shift


def place_in_room(rig: Rig, pose: Pose, name: str) -> tuple[Pose, slice]:
    """Centre the clip and give it a heading drawn by `name`; also tells which frames were kept.

    Headings are drawn until one keeps every joint inside every picture; if none does, the widest
    draw is kept and the clip is shortened at its ends until it fits.
    """
    draws = seeded(f"heading/{name}").uniform(-np.pi, np.pi, _TRIES)
    best: tuple[float, Pose] | None = None
    for yaw in draws:
        turned = pose.turned(float(yaw))
        turned, joints = centred(turned, h36m_joints(rig, turned))
        margin = float(margin_px(joints).min())
        if margin >= MARGIN_PX:
            return turned, slice(0, pose.frames)
        if best is None or margin > best[0]:
            best = (margin, turned)
    assert best is not None
    return _shortened(rig, best[1])


def _shortened(rig: Rig, pose: Pose) -> tuple[Pose, slice]:
    """Drop frames from the end that is worse, re-centring, until all joints are inside."""
    start, stop = 0, pose.frames
    while stop - start > 1:
        part = pose.cut(start, stop)
        part, joints = centred(part, h36m_joints(rig, part))
        margins = margin_px(joints)
        if margins.min() >= MARGIN_PX:
            return part, slice(start, stop)
        half = len(margins) // 2
        if margins[half:].min() < margins[:half].min():
            stop -= 1
        else:
            start += 1
    raise ValueError("the clip does not fit into the pictures")
