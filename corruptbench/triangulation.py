"""Compute points in space from their pixels in several calibrated cameras."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from corruptbench.camera import Array, Camera


def triangulate(cameras: Sequence[Camera], pixels: Array) -> Array:
    """Compute the points that are closest to the rays on which the cameras see them.

    The sum of squared distances to rays with directions d and origins c is least where
    ``sum(I - d d') X = sum((I - d d') c)``. If the rays meet, this is the point where they meet.

    Args:
        cameras: V cameras, two or more, not all at one place.
        pixels: (V, ..., 2) float64 px.

    Returns:
        (..., 3) float64, world mm; NaN where a pixel is not finite.
    """
    centers = np.stack([camera.position for camera in cameras])
    rays = np.stack([_rays(c, seen) for c, seen in zip(cameras, pixels, strict=True)])
    matrix = len(cameras) * np.eye(3) - np.einsum("v...i,v...j->...ij", rays, rays)
    along = np.einsum("v...i,vi->v...", rays, centers)
    origins = centers.sum(axis=0) - np.einsum("v...,v...i->...i", along, rays)
    return np.asarray(np.linalg.solve(matrix, origins[..., None])[..., 0])


def reprojection_error(cameras: Sequence[Camera], points: Array, pixels: Array) -> Array:
    """Compute the distances between projected points and pixels.

    Args:
        cameras: V cameras.
        points: (..., 3) float64, world mm.
        pixels: (V, ..., 2) float64 px.

    Returns:
        (V, ...) float64 px; NaN for points that are not in front of a camera.
    """
    seen = [camera.project(camera.world_to_camera(points)) for camera in cameras]
    return np.asarray(np.linalg.norm(np.stack(seen) - pixels, axis=-1))


def _rays(camera: Camera, pixels: Array) -> Array:
    """Return the directions of pixels (..., 2) as unit vectors in world axes, (..., 3)."""
    flat = camera.unproject(pixels)
    rays = np.concatenate([flat, np.ones_like(flat[..., :1])], axis=-1) @ camera.rotation
    rays[~np.isfinite(rays).all(axis=-1)] = np.nan
    return np.asarray(rays / np.linalg.norm(rays, axis=-1, keepdims=True))
