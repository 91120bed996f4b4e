"""Calibrated cameras: world <-> camera <-> picture.

Frames: world in millimetres, z up; camera in millimetres, x right, y down, z forward; picture in
pixels, x right, y down, continuous: the picture spans [0, width] x [0, height], and the centre of
the top-left pixel is (0.5, 0.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Model = Literal["none"]


@dataclass(frozen=True)
class Camera:
    """One camera, fixed for a clip.

    Attributes:
        name: of the camera.
        width: of the picture, pixels.
        height: of the picture, pixels.
        model: distortion model; "none" is the plain pinhole.
        focal_length: (2,) pixels.
        principal_point: (2,) pixels.
        rotation: (3, 3), from world axes to camera axes.
        position: (3,) mm, the camera's centre in the world.
    """

    name: str
    width: int
    height: int
    model: Model
    focal_length: Array
    principal_point: Array
    rotation: Array
    position: Array

    def world_to_camera(self, points: Array) -> Array:
        """(..., 3) world mm -> (..., 3) camera mm: ``R (X - position)``, as Human3.6M has it."""
        return np.asarray((points - self.position) @ self.rotation.T)

    def camera_to_world(self, points: Array) -> Array:
        """(..., 3) camera mm -> (..., 3) world mm."""
        return np.asarray(points @ self.rotation + self.position)

    def project(self, points: Array) -> Array:
        """(..., 3) camera mm, z > 0 -> (..., 2) px; NaN for points that are not in front."""
        depth = np.where(points[..., 2:] > 0, points[..., 2:], np.nan)
        return np.asarray(points[..., :2] / depth * self.focal_length + self.principal_point)


def normalize_screen(keypoints: Array, width: int, height: int) -> Array:
    """(..., 2) px -> (..., 2): x to [-1, 1], y by the same factor.

    The convention of VideoPose3D (Pavllo et al., CVPR 2019) and of most lifters after it:
    ``x / w * 2 - [1, h / w]``.
    """
    return np.asarray(keypoints / width * 2 - np.array([1.0, height / width]))
