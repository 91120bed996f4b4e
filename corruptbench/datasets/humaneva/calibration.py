"""Cameras of HumanEva-I: ``Calibration_Data/<camera>.cal``.

22 numbers in ASCII: focal lengths fx, fy, principal point cx, cy, skew, distortion k1, k2, p1, p2,
k3 (the order of Bouguet's toolbox, which is OpenCV's), rotation row by row, translation in mm, with
``X_camera = R X_world + T`` (the official support code's ReadSpicaCalib.m). The numbers are taken
as they stand: whether the principal point counts the first pixel's center as 0 or, as MATLAB does,
as 1 is not established; it would shift the projected labels by about a pixel, and no 3D error.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from corruptbench.camera import Camera
from corruptbench.datasets.near_misses import require_file
from corruptbench.errors import InputError
from corruptbench.text_files import read_text

#: Size of the color cameras' pictures.
WIDTH, HEIGHT = 640, 480

_AGAIN = "download and unpack Calibration_Data again"


def read_numbers(path: Path, count: int, what: str, remedy: str) -> list[float]:
    """Return the numbers of a text file.

    Args:
        path: of the file.
        count: how many numbers there should be.
        what: what the file holds, for messages.
        remedy: what to do when it does not.

    Raises:
        InputError: when it is missing, or does not hold so many finite numbers.
    """
    require_file(path, f"expected {what}; {remedy}")
    words = read_text(path).split()
    try:
        numbers = [float(word) for word in words]
    except ValueError as error:
        raise InputError(
            f"{path}: not a list of numbers ({error}); expected {what}; {remedy}"
        ) from None
    if len(numbers) != count or not np.isfinite(numbers).all():
        raise InputError(
            f"{path}: {len(numbers)} numbers, expected {count} finite ones ({what}); {remedy}"
        )
    return numbers


def read_camera(path: Path, name: str) -> Camera:
    """Return the camera that a .cal file describes.

    Raises:
        InputError: when it does not hold 22 numbers, or its rotation is not a rotation.
    """
    numbers = np.array(read_numbers(path, 22, "a camera's calibration", _AGAIN))
    focal, center, skew, distortion, rotation, translation = np.split(numbers, (2, 4, 5, 10, 19))
    rotation = rotation.reshape(3, 3)
    # Written with six decimals, so orthonormal to about 1e-6.
    if np.abs(rotation @ rotation.T - np.eye(3)).max() > 1e-4 or np.linalg.det(rotation) < 0:
        raise InputError(
            f"{path}: numbers 11 to 19 are no rotation (orthonormal, determinant 1); is it the "
            f"calibration of HumanEva-I? {_AGAIN}"
        )
    return Camera(
        name=name,
        width=WIDTH,
        height=HEIGHT,
        model="opencv",
        focal_length=focal,
        principal_point=center,
        rotation=rotation,
        position=-np.linalg.solve(rotation, translation),  # R^T T, but for the rotation's rounding
        distortion=distortion,
        skew=float(skew[0]),
    )
