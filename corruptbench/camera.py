"""Calibrated cameras: transforms between world, camera and picture.

Coordinate frames: the world is in millimeters, z up. The camera is in millimeters, x right, y down,
z forward. The picture is in pixels, x right, y down, continuous: it spans [0, width] x [0, height],
and the center of the top-left pixel is (0.5, 0.5).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Model = Literal["none", "human36m", "opencv"]
#: Each iteration makes the error at least four times smaller within the pictures of Human3.6M.
_ITERATIONS = 30


@dataclass(frozen=True)
class Camera:
    """One camera, fixed for a clip.

    Attributes:
        name: name of the camera.
        width: width of the picture, px.
        height: height of the picture, px.
        model: model of the lens distortion, see `project`; "none" is the plain pinhole.
        focal_length: (2,) float64 px.
        principal_point: (2,) float64 px.
        rotation: (3, 3) float64, from world axes to camera axes.
        position: (3,) float64 mm, the camera's center in the world.
        distortion: (5,) float64: k1, k2, p1, p2, k3, in OpenCV's order for both models.
        skew: Bouguet's alpha, a shear of x by y as a fraction of the focal length.
    """

    name: str
    width: int
    height: int
    model: Model
    focal_length: Array
    principal_point: Array
    rotation: Array
    position: Array
    distortion: Array = field(default_factory=lambda: np.zeros(5))
    skew: float = 0.0

    def world_to_camera(self, points: Array) -> Array:
        """Transform (..., 3) world mm to camera mm: ``R (X - position)``, as in Human3.6M."""
        return np.asarray((points - self.position) @ self.rotation.T)

    def camera_to_world(self, points: Array) -> Array:
        """Transform (..., 3) camera mm to world mm."""
        return np.asarray(points @ self.rotation + self.position)

    def project(self, points: Array) -> Array:
        """Project (..., 3) camera mm to (..., 2) px; NaN for points with z <= 0.

        With x = X / Z, y = Y / Z, r2 = x^2 + y^2 and g = 1 + k1 r2 + k2 r2^2 + k3 r2^3, the
        distorted x and y are:

        - "opencv" (Brown's model, as in OpenCV and Bouguet's toolbox): x g + 2 p1 x y +
          p2 (r2 + 2 x^2) and y g + p1 (r2 + 2 y^2) + 2 p2 x y.
        - "human36m" (the projection of the Human3.6M code, which made its 2D labels):
          x (g + p1 y + p2 x) + p2 r2 and y (g + p1 y + p2 x) + p1 r2. OpenCV adds the tangential
          term to the factor twice, this model once. The two differ by up to 0.2 px.
        """
        depth = np.where(points[..., 2:] > 0, points[..., 2:], np.nan)
        flat = self._distorted(points[..., :2] / depth)
        flat[..., 0] += self.skew * flat[..., 1]
        return np.asarray(flat * self.focal_length + self.principal_point)

    def unproject(self, pixels: Array) -> Array:
        """Invert `project`: (..., 2) px to X / Z and Y / Z in camera axes, (..., 2).

        The lens is inverted by fixed-point iteration. The result is exact to rounding for usual
        lenses and points in the picture, and meaningless or NaN for points far outside of it.
        """
        bent = (pixels - self.principal_point) / self.focal_length
        bent[..., 0] -= self.skew * bent[..., 1]
        flat = bent
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(_ITERATIONS):
                flat = flat + (bent - self._distorted(flat))
        return np.asarray(flat)

    def _distorted(self, flat: Array) -> Array:
        if self.model == "none":
            return flat
        k1, k2, p1, p2, k3 = self.distortion
        r2 = np.sum(flat**2, axis=-1, keepdims=True)
        radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
        tangential = flat @ np.array([[p2], [p1]])
        if self.model == "opencv":
            tangential = 2 * tangential
        return np.asarray(flat * (radial + tangential) + r2 * np.array([p2, p1]))


def normalize_screen(keypoints: Array, width: int, height: int) -> Array:
    """Scale (..., 2) px so that x spans [-1, 1], and y by the same factor.

    ``x / w * 2 - [1, h / w]``: the convention of VideoPose3D (Pavllo et al., CVPR 2019), which most
    later lifters use.
    """
    return np.asarray(keypoints / width * 2 - np.array([1.0, height / width]))
