"""The values of a camera in the forms of other tools: each is taken, or answered with the way.

Each function takes what a file gives for a field and returns what pydantic is to validate. It
raises a ValueError, one line, for a form that it knows and that must be converted.
"""

from __future__ import annotations

from typing import get_args

import numpy as np

from corruptbench.camera import Model
from corruptbench.datasets.other_names import FROM_MATRIX, RODRIGUES, SECTION

UNDISTORT_FISHEYE = (
    "undistort the videos first, with cv2.fisheye.undistortImage(picture, K, D, Knew=K), and give "
    f"model 'none'; see {SECTION}"
)
_UNDISTORT = (
    "undistort the videos first, with cv2.undistort(picture, K, distortion), and give model "
    f"'none'; see {SECTION}"
)
#: Names that others give to lens models, folded, and ours.
_MODELS = {
    "pinhole": "none", "perspective": "none", "simplepinhole": "none", "rectilinear": "none",
    "linear": "none", "brown": "opencv", "brownconrady": "opencv", "plumbbob": "opencv",
    "radtan": "opencv", "radialtangential": "opencv", "opencv5": "opencv", "standard": "opencv",
}  # fmt: skip
_FISHEYE = ("fisheye", "kannala", "equidistant", "kb4", "kb8")
#: Numbers of OpenCV's longer models.
_LONGER = (8, 12, 14)

_VECTOR = f"a Rodrigues vector, whose matrix is {RODRIGUES}"
_MATRIX = f"a matrix M of rotation and translation: {FROM_MATRIX}"
#: Shapes of rotations, what they are, and the way.
_ROTATIONS: dict[tuple[int, ...], str] = {
    (3,): _VECTOR,
    (1, 3): _VECTOR,
    (3, 1): _VECTOR,
    (4,): "a quaternion, whose matrix is Rotation.from_quat([x, y, z, w]).as_matrix().tolist() of "
    "scipy.spatial.transform",
    (9,): "nine numbers in a row, whose matrix is np.reshape(rotation, (3, 3)).tolist()",
    (3, 4): _MATRIX,
    (4, 4): _MATRIX,
}


def model(value: object) -> object:
    """Return a name of a lens model; see the module."""
    if not isinstance(value, str) or value in get_args(Model):
        return value
    folded = "".join(c for c in value.lower() if c.isalnum())
    known = _MODELS.get(folded, folded)
    if known in get_args(Model):
        raise ValueError(f"expected '{known}', which is the same lens; rename it")
    if any(word in folded for word in _FISHEYE):
        raise ValueError(f"expected 'none', 'opencv' or 'human36m'; {UNDISTORT_FISHEYE}")
    raise ValueError(
        f"expected 'none', 'opencv' or 'human36m'; for another lens, {_UNDISTORT}; or undistort "
        "with the tool that calibrated it"
    )


def distortion(value: object) -> object:
    """Return five coefficients: k3 is 0 if there are four, and zeros after k3 say nothing."""
    if not isinstance(value, list):
        return value
    if any(isinstance(number, list) for number in value):
        raise ValueError("lists in a list; expected numbers: np.ravel(distortion).tolist()")
    rest = value[5:]
    if len(value) in _LONGER and any(rest):
        raise ValueError(
            f"{len(value)} numbers, a longer model than k1, k2, p1, p2, k3; {_UNDISTORT}"
        )
    if len(value) not in (4, 5, *_LONGER):
        raise ValueError(
            f"{len(value)} numbers; expected k1, k2, p1, p2, k3, or the first four with k3 = 0"
        )
    return [*value, 0.0][:5]


def rotation(value: object) -> object:
    """Return rows of a matrix; see the module."""
    if way := _ROTATIONS.get(_shape(value)):
        raise ValueError(f"expected 3 rows of 3 numbers, from world to camera axes; this is {way}")
    return value


def position(value: object) -> object:
    """Return a place; see the module."""
    if _shape(value) in ((3, 1), (1, 3)):
        raise ValueError("lists in a list; expected [x, y, z]: np.ravel(position).tolist()")
    return value


def focal_length(value: object) -> object:
    """Return fx and fy; see the module."""
    if isinstance(value, int | float):
        raise ValueError("one number; expected [fx, fy] in pixels, [f, f] where pixels are square")
    return _no_matrix(value, "[K[0][0], K[1][1]]")


def principal_point(value: object) -> object:
    """Return cx and cy; see the module."""
    return _no_matrix(value, "[K[0][2] + 0.5, K[1][2] + 0.5] for K of OpenCV")


def _no_matrix(value: object, way: str) -> object:
    if _shape(value) == (3, 3):
        raise ValueError(f"a matrix K; expected two numbers: {way}")
    return value


def _shape(value: object) -> tuple[int, ...]:
    """Return the shape of lists of numbers; empty for all else."""
    try:
        return np.shape(np.asarray(value, dtype=np.float64))
    except (ValueError, TypeError, OverflowError):
        return ()
