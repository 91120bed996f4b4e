"""Poses from CDF files (`corruptbench.formats.cdf`)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corruptbench.camera import Camera
from corruptbench.datasets.checks.plausibility import height_problem, size_problem
from corruptbench.errors import InputError
from corruptbench.formats import sandboxed

#: The 17 of the 32 joints that the field uses, in the order of the joint set "h36m17".
JOINTS = (0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27)

_AGAIN = "fetch or unpack it again"


def frames(path: Path, width: int = 96) -> int:
    """Return the number of frames of a file, from its header; raise `InputError` as `read` does."""
    return int(sandboxed.read("cdf:frames", path, width, remedy=_AGAIN))


def read(path: Path, width: int = 96) -> NDArray[np.float64]:
    """Return (F, width) float64: the coordinates as they are in the file.

    Raises:
        InputError: when the file is missing, is no CDF (a web page, say), is truncated, holds
            something else than ``width`` numbers a frame, or cannot be read within the limits.
    """
    values: NDArray[np.float64] = sandboxed.read("cdf:pose", path, width, remedy=_AGAIN)
    return values


def world(path: Path, camera: Camera | None = None) -> NDArray[np.float64]:
    """Return (F, 17, 3) float64 world mm: the joint set "h36m17" of a file of ``D3_Positions``.

    Args:
        path: of the file.
        camera: the one in whose space the file is, if it is of ``D3_Positions_mono``.

    Raises:
        InputError: as `read`, for coordinates that cannot be millimeters, and for a person who is
            not on the floor of the world.
    """
    seen = read(path).reshape(-1, 32, 3)[:, JOINTS]
    if problem := size_problem(seen):
        raise InputError(f"{path}: Pose: {problem}; use the original file: {_AGAIN}")
    found = seen if camera is None else camera.camera_to_world(seen)
    if problem := height_problem(found):
        guess = "camera space? D3_Positions_mono?" if camera is None else "not of this camera?"
        raise InputError(f"{path}: Pose: {problem} ({guess}); use the original file: {_AGAIN}")
    return found
