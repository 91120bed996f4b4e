"""The cameras, from the 300 numbers ``w0`` of ``metadata.xml`` or from the built-in copy of them.

Layout: 4 cameras x 11 subjects x (a, b, g, Tx, Ty, Tz), then 4 cameras x (fx, fy, cx, cy, k1, k2,
k3, p1, p2); subjects are counted by their number, S1 to S11. World to camera is
``Rx(a) Ry(b) Rz(g) (X - T)``, right-handed rotations, T in mm.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corruptbench.camera import Camera
from corruptbench.datasets.human36m.tables import CAMERAS, official, size
from corruptbench.errors import InputError
from corruptbench.formats import sandboxed

_SUBJECTS, _EXTRINSIC, _INTRINSIC = 11, 6, 9
_COUNT = len(CAMERAS) * (_SUBJECTS * _EXTRINSIC + _INTRINSIC)


def metadata_path(root: Path) -> Path:
    """Return where a user may put the official file."""
    return root / "metadata.xml"


def camera_numbers(root: Path) -> tuple[float, ...]:
    """Return ``w0`` from ``ROOT/metadata.xml`` if it is there, else the built-in copy.

    Raises:
        InputError: when the file is damaged, or holds other than 300 finite numbers.
    """
    path = metadata_path(root)
    if not path.is_file():
        return official().w0
    remedy = "use the metadata.xml of the Human3.6M code, or none: the same numbers are built in"
    text: str = sandboxed.read("metadata_xml:text", path, "w0", remedy=remedy)
    try:
        values = tuple(float(word) for word in text.strip().strip("[]").split())
    except ValueError as error:
        raise InputError(f"{path}: cannot be read ({error}), expected w0; {remedy}") from None
    finite = int(np.isfinite(values).sum())
    if not len(values) == finite == _COUNT:
        raise InputError(f"{path}: w0: {finite} finite numbers, expected {_COUNT}; {remedy}")
    return values


def camera_of(numbers: Sequence[float], subject: str, name: str) -> Camera:
    """Return the camera of that name as it stood for that subject."""
    index = CAMERAS.index(name)
    start = _EXTRINSIC * (_SUBJECTS * index + int(subject[1:]) - 1)
    a, b, g, *position = numbers[start : start + _EXTRINSIC]
    start = len(CAMERAS) * _SUBJECTS * _EXTRINSIC + _INTRINSIC * index
    fx, fy, cx, cy, k1, k2, k3, p1, p2 = numbers[start : start + _INTRINSIC]
    width, height = size(subject, name)
    return Camera(
        name=name,
        width=width,
        height=height,
        model="human36m",
        focal_length=np.array([fx, fy]),
        principal_point=np.array([cx, cy]),
        rotation=_turn(0, a) @ _turn(1, b) @ _turn(2, g),
        position=np.array(position),
        distortion=np.array([k1, k2, p1, p2, k3]),
    )


def _turn(axis: int, angle: float) -> NDArray[np.float64]:
    """Return the right-handed rotation (3, 3) about x, y or z by an angle, radians."""
    i, j = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[i, i] = matrix[j, j] = np.cos(angle)
    matrix[j, i] = np.sin(angle)
    matrix[i, j] = -matrix[j, i]
    return matrix
