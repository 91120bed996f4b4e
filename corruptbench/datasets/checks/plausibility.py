"""Check unit and frame of labels by the length of the thigh and the height of the hips."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from corruptbench.progress import short_number

Unit = Literal["mm", "m"]
Poses = NDArray[np.floating[Any]]

#: With a thigh within these lengths labels are believed to be in mm. Our own choice, with room for
#: any adult.
THIGH_MM = (250.0, 650.0)
#: Right hip and right knee of the joint sets whose first joint is the middle of the hips.
THIGHS = {"h36m17": (1, 2), "humaneva15": (11, 12)}
#: The units, mm.
_SIZES = {"mm": 1.0, "m": 1000.0}
#: Units that people have, mm.
_GUESSES = {"meters": 1000.0, "millimeters": 0.001, "centimeters": 10.0, "inches": 25.4}
#: Heights of the hips above the floor that a person has, lying or standing on a chair, m. A camera
#: is farther from them. Our own choice.
HIPS_M = (-0.2, 2.0)


def thighs(joints: Poses, joint_set: str = "h36m17") -> Poses:
    """Return the distance (F,) of right hip and right knee of poses (F, J, 3), in their unit.

    The first three of the 32 joints of Human3.6M are those of "h36m17".
    """
    hip, knee = THIGHS[joint_set]
    return np.asarray(np.linalg.norm(joints[:, hip] - joints[:, knee], axis=-1))


def median(values: Poses) -> float:
    """Return the median of those that are finite; NaN where none is."""
    numbers = values[np.isfinite(values)]
    return float(np.median(numbers)) if numbers.size else np.nan


def likely(thigh: float) -> str:
    """Return a guess, such as " (meters?)", at the unit of a thigh that should be in mm."""
    low, high = THIGH_MM
    for name, size in _GUESSES.items():
        if low <= thigh * size <= high:
            return f" ({name}?)"
    return " (pixels?)" if thigh > 0 else ""


def size_problem(joints: Poses, unit: Unit = "mm") -> str:
    """Return what shows that poses (F, J, 3) are not in their unit; empty if nothing does.

    Args:
        joints: in the world or in camera space; see `thighs`.
        unit: theirs.
    """
    thigh, size = median(thighs(joints)), _SIZES[unit]
    low, high = THIGH_MM
    if low <= thigh * size <= high:
        return ""
    return (
        f"the thigh is {short_number(thigh)} long{likely(thigh * size)}, expected "
        f"{low / size:g} to {high / size:g} {unit}"
    )


def height_problem(joints: Poses, unit: Unit = "mm") -> str:
    """Return what shows that poses (F, J, 3) are not in the world; empty if nothing does.

    Args:
        joints: joint 0 is the middle of the hips, z up from the floor.
        unit: theirs.
    """
    hips = median(joints[:, 0, 2]) * _SIZES[unit] / _SIZES["m"]
    low, high = HIPS_M
    if low <= hips <= high:
        return ""
    return (
        f"the hips are at z = {short_number(hips)} m in the median, expected {low:g} to "
        f"{high:g} m above the floor"
    )
