"""Check what a caller passes in: each error says what was found and what was expected."""

from __future__ import annotations

import math
import operator
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Frames per second that are taken, our own choice: time lapses to high-speed cameras.
SLOWEST, FASTEST = 0.01, 1e5
#: A box or a joint may be this many pixels from the picture's corner, or this many of its longer
#: sides, our own choice. Lengths are relative to the box: one in other units would ask for endless
#: work.
FAR_PIXELS, FAR_SIDES = 8192, 4


class CorruptionError(ValueError):
    """An unknown corruption or severity, or an input of the wrong shape, type or value."""


def whole(value: Any, name: str) -> int:
    """Return a whole number as an int."""
    try:
        return operator.index(value)
    except TypeError:
        raise CorruptionError(f"{name} is {value!r}, expected a whole number") from None


def kind(value: Any, expected: type, name: str, example: str) -> None:
    """Check that a value is of a class of this package."""
    if not isinstance(value, expected):
        raise CorruptionError(f"{name} is {value!r:.80}, expected {example}")


def count(value: Any, name: str) -> int:
    """Return a whole number of at least 1."""
    found = whole(value, name)
    if found < 1:
        raise CorruptionError(f"{name} is {found}, expected at least 1")
    return found


def index(value: Any, frames: int) -> int:
    """Return the index of one of ``frames`` frames."""
    found = whole(value, "t")
    if found not in range(frames):
        raise CorruptionError(
            f"t is {found}, expected 0 to {frames - 1}: there are {frames} frames"
        )
    return found


def severity(value: Any, name: str) -> int:
    """Return a severity of the corruption of that name, 1 to 5."""
    found = whole(value, f"severity of {name}")
    if found not in range(1, 6):
        raise CorruptionError(f"severity {found} of {name}: expected 1, 2, 3, 4 or 5")
    return found


def rate(value: Any) -> float:
    """Return frames per second."""
    if not (isinstance(value, Real) and math.isfinite(value) and float(value) > 0):
        raise CorruptionError(f"fps is {value!r}, expected a finite number above 0")
    if not SLOWEST <= float(value) <= FASTEST:
        raise CorruptionError(
            f"fps is {value!r}, expected {SLOWEST:g} to {FASTEST:g} frames per second"
        )
    return float(value)


def reach(side: int) -> int:
    """Return how far from the corner of a picture a box or a joint may be, px.

    ``side`` is the longer side of the picture, px.
    """
    return max(FAR_PIXELS, FAR_SIDES * side)


def near(values: NDArray[np.float64], side: int) -> NDArray[np.bool_]:
    """Tell which numbers are not beyond the `reach` of a picture; NaN is not."""
    return ~(np.abs(values) > reach(side))


def ordered(rows: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which rows (F, 4) are finite x0 <= x1 and y0 <= y1, or four NaN; (F,)."""
    person = np.isfinite(rows).all(axis=1) & (rows[:, :2] <= rows[:, 2:]).all(axis=1)
    return np.asarray(person | np.isnan(rows).all(axis=1))


def boxes(value: Any, frames: int, side: int) -> NDArray[np.float64]:
    """Return (F, 4) float64: each row is x0, y0, x1, y1 in order, or four NaN.

    ``side`` is the longer side of the picture, px. `reach` says how far a box may reach.
    """
    try:
        found = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise CorruptionError(
            f"boxes: {type(value).__name__}, expected an array of numbers, ({frames}, 4)"
        ) from None
    if found.shape != (frames, 4):
        raise CorruptionError(
            f"boxes have shape {found.shape}, expected ({frames}, 4): "
            "one box for each frame, NaN where there is no person"
        )
    bad = np.flatnonzero(~ordered(found))
    if bad.size:
        raise CorruptionError(
            f"box of frame {bad[0]} is {found[bad[0]].tolist()}, expected x0, y0, x1, y1 with "
            "x0 <= x1 and y0 <= y1, or four NaN where there is no person"
        )
    far = np.flatnonzero(~near(found, side).all(axis=1))
    if far.size:
        raise CorruptionError(
            f"box of frame {far[0]} is {found[far[0]].tolist()}, expected pixels of a picture "
            f"whose longer side has {side}: give NaN where there is no person"
        )
    return found


def body(
    joints: Any, bones: Any, frames: int, side: int
) -> tuple[NDArray[np.float64] | None, tuple[tuple[int, int], ...]]:
    """Return joints (F, J, 2) float64, or None, and bones as pairs of indices of joints.

    ``side`` is the longer side of the picture, px. `reach` says how far away a joint may be.
    """
    try:
        found = None if joints is None else np.asarray(joints, dtype=np.float64)
        pairs = tuple((operator.index(a), operator.index(b)) for a, b in bones)
    except (TypeError, ValueError):
        raise CorruptionError(
            "joints and bones: expected an array of numbers and pairs of whole numbers"
        ) from None
    if found is None and pairs:
        raise CorruptionError("bones were given without joints: give joints (F, J, 2) px, too")
    shape = (frames, 0, 2) if found is None else found.shape
    if len(shape) != 3 or (shape[0], shape[2]) != (frames, 2):
        raise CorruptionError(f"joints have shape {shape}, expected ({frames}, joints, 2)")
    if found is not None:
        _not_far(found, side)
    strange = [pair for pair in pairs if not all(0 <= joint < shape[1] for joint in pair)]
    if strange:
        raise CorruptionError(f"bone {strange[0]}: expected indices of {shape[1]} joints")
    return found, pairs


def _not_far(joints: NDArray[np.float64], side: int) -> None:
    """Check that joints (F, J, 2) are pixels; each may be NaN."""
    far = np.argwhere(~near(joints, side).all(axis=2))
    if far.size:
        frame, joint = far[0]
        raise CorruptionError(
            f"joint {joint} of frame {frame} is {joints[frame, joint].tolist()}, expected pixels "
            f"of a picture whose longer side has {side}: give NaN where a joint is not known"
        )


def pixels(value: Any, expected: tuple[int, ...], name: str) -> None:
    """Check that a value is a uint8 array of that shape, whose last number is 3."""
    wanted = f"expected a NumPy array, uint8 {expected}"
    if not isinstance(value, np.ndarray):
        raise CorruptionError(f"{name}: {type(value).__name__}, {wanted}: np.array(...) makes one")
    if value.dtype == np.uint8 and value.shape == expected:
        return
    remedies = {
        expected[:-1]: ": np.repeat(gray[..., None], 3, axis=-1) makes three channels of one",
        (*expected[:-1], 1): ": np.repeat(gray, 3, axis=-1) makes three channels of one",
    }
    remedy = remedies.get(value.shape, "")
    raise CorruptionError(f"{name}: {value.dtype} {value.shape}, {wanted}{remedy}")


def sides(region: tuple[Any, Any, Any, Any], height: int, width: int) -> None:
    """Check that x0, y0, x1, y1 are whole pixels of a picture, and enclose at least one."""
    x0, y0, x1, y1 = (whole(side, "a side of the region") for side in region)
    if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
        raise CorruptionError(
            f"region is x0, y0, x1, y1 = {(x0, y0, x1, y1)}, expected "
            f"0 <= x0 < x1 <= {width} and 0 <= y0 < y1 <= {height}"
        )
