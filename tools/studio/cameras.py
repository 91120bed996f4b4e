"""The rig of four calibrated cameras, and projection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

WIDTH = HEIGHT = 512
"""Picture size in pixels."""


@dataclass(frozen=True)
class Camera:
    """A pinhole camera: X_cam = rotation @ (X_world - position_mm); x right, y down, z forward.

    Pixel coordinates are continuous: the picture spans [0, WIDTH] x [0, HEIGHT] and the centre of
    the top-left pixel is (0.5, 0.5).
    """

    name: str
    focal: tuple[float, float]
    centre: tuple[float, float]
    rotation: np.ndarray
    position_mm: np.ndarray

    def project(self, points_mm: np.ndarray) -> np.ndarray:
        """Pixel coordinates (..., 2) of world points (..., 3); NaN behind the camera."""
        local = (points_mm - self.position_mm) @ self.rotation.T
        depth = np.where(local[..., 2] > 1.0, local[..., 2], np.nan)
        u = self.focal[0] * local[..., 0] / depth + self.centre[0]
        v = self.focal[1] * local[..., 1] / depth + self.centre[1]
        return np.stack([u, v], axis=-1)


def look_at(
    name: str,
    position_mm: tuple[float, float, float],
    target_mm: tuple[float, float, float],
    focal: tuple[float, float],
    centre: tuple[float, float],
    roll: float,
) -> Camera:
    """Return a camera at `position_mm` that looks at `target_mm`, rolled by `roll` radians."""
    position = np.array(position_mm, dtype=float)
    forward = np.array(target_mm) - position
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    c, s = np.cos(roll), np.sin(roll)
    rotation = np.stack([c * right + s * down, -s * right + c * down, forward])
    return Camera(name, focal, centre, rotation, position)


CAMERAS: tuple[Camera, ...] = (
    look_at("cam1", (3890, -4020, 1560), (40, -30, 930), (612.4, 611.8), (256.9, 254.8), 0.004),
    look_at("cam2", (3760, 4130, 1690), (-30, 50, 900), (604.7, 604.1), (254.6, 256.7), -0.006),
    look_at("cam3", (-3980, -3870, 1430), (20, 30, 940), (608.9, 608.3), (255.7, 257.9), 0.007),
    look_at("cam4", (-3820, 4080, 1740), (-40, -20, 900), (616.2, 615.5), (257.8, 255.3), -0.003),
)
"""Corners of the room, about 5.6 m from its middle, each built a little differently."""
