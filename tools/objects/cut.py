"""Cut a drawn object out of its view: sRGB, coverage, and the shadow on the floor."""

from __future__ import annotations

import cv2
import numpy as np

from .renderer import View

#: A cut-out is as high as this and as wide as that at most, px, without its shadow.
HEIGHT, WIDTH = 240, 320
#: The mean level of a cut-out, and how much of an object's own lightness counts beside it.
LEVEL, OWN = 108.0, 0.75
#: A shadow takes at most this part of the light; it ends where it would take less than that; and
#: it has so many levels.
DARKEST, FAINT, LEVELS = 0.80, 0.13, 40


def cut(view: View) -> np.ndarray:
    """Return the cut-out (2 h, w, 4) uint8: above the object, below it its shadow.

    Color is sRGB and already multiplied by coverage. The shadow is black.
    """
    solid = view.cover > 0.5
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    tall, wide = rows[-1] + 1 - rows[0], columns[-1] + 1 - columns[0]
    scale = min(HEIGHT / tall, WIDTH / wide)
    size = (round(view.cover.shape[1] * scale), round(view.cover.shape[0] * scale))
    light, cover, floor = (
        cv2.resize(one, size, interpolation=cv2.INTER_AREA)
        for one in (view.color, view.cover, view.floor)
    )
    shadow = cv2.GaussianBlur(np.clip(1 - floor, 0, 1), (0, 0), 1.5)
    shadow = np.clip((shadow - FAINT) / (1 - FAINT), 0, 1) * DARKEST
    shadow = np.round(shadow * LEVELS) / LEVELS
    color = _srgb(light / np.maximum(cover, 1e-6)[..., None], cover)
    above = np.concatenate([color * cover[..., None], 255 * cover[..., None]], axis=-1)
    below = np.concatenate([np.zeros_like(color), 255 * shadow[..., None]], axis=-1)
    there = (cover > 0.02) | (shadow > 0)
    rows, columns = np.flatnonzero(there.any(axis=1)), np.flatnonzero(there.any(axis=0))
    part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return np.round(np.concatenate([above[part], below[part]])).clip(0, 255).astype(np.uint8)


def _srgb(light: np.ndarray, cover: np.ndarray) -> np.ndarray:
    """Return levels 0 to 255, exposed so that the object's mean lies near `LEVEL`."""
    gray = light.mean(axis=-1)
    mean = float((gray * cover).sum() / cover.sum())
    wanted = (LEVEL / 255) ** 2.2
    exposed = light * (wanted / mean) ** (1 - OWN)
    return 255 * (exposed / (1 + 0.15 * exposed)).clip(0, 1) ** (1 / 2.2)
