"""Standing on the floor: which foot stands when, and the height that the body has to take."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

CONTACT_SPEED_MM_S = 900.0
CONTACT_HEIGHT_MM = 70.0
"""A sole point touches if it is slower than this and lower than this over the motion's floor."""
DEEPEST_MM = 1.0
"""No sole point goes deeper into the floor than this."""


def contact_frames(soles_mm: np.ndarray, rate_hz: float) -> np.ndarray:
    """(T,) bool: frames in which some sole point rests on the floor.

    `soles_mm` is (T, P, 3), z up, at any constant height above the floor.
    """
    height = soles_mm[..., 2].min(axis=1)
    lowest = soles_mm[..., 2].argmin(axis=1)
    velocity = np.linalg.norm(np.gradient(soles_mm, axis=0), axis=-1) * rate_hz
    speed = np.take_along_axis(velocity, lowest[:, None], axis=1)[:, 0]
    slow = speed < CONTACT_SPEED_MM_S
    floor = np.percentile(height[slow] if slow.any() else height, 15)
    return slow & (height < floor + CONTACT_HEIGHT_MM)


def settle(soles_mm: np.ndarray, rate_hz: float) -> tuple[np.ndarray, np.ndarray]:
    """Height to add per frame so that standing feet touch z = 0, and the contact frames.

    `soles_mm` is (T, P, 3). Contact frames are put onto the floor exactly; between them (jumps,
    flight phases of running) the correction is interpolated, so that flights stay flights.
    Returns (T,) mm and (T,) bool.
    """
    height = soles_mm[..., 2].min(axis=1)
    contact = contact_frames(soles_mm, rate_hz)
    if not contact.any():
        return np.full(len(height), -height.min()), contact
    frames = np.arange(len(height))
    lift = np.interp(frames, frames[contact], -height[contact])
    lift = gaussian_filter1d(lift, 0.02 * rate_hz, mode="nearest")
    return np.maximum(lift, -height - DEEPEST_MM), contact
