"""Poses from CDF files: variable ``Pose``, one row of coordinates for each frame.

Its shape is (1, frames, 96) in 3D (32 joints x, y, z in mm) and (1, frames, 64) in 2D (pixels);
numbers are float32 or float64.
"""

from __future__ import annotations

import struct
from pathlib import Path

import cdflib
import numpy as np
from numpy.typing import NDArray

from corruptbench.camera import Camera
from corruptbench.datasets.checks.plausibility import height_problem, size_problem
from corruptbench.errors import InputError

#: The 17 of the 32 joints that the field uses, in the order of the joint set "h36m17".
JOINTS = (0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27)

_MAGIC = {b"\xcd\xf3\x00\x01": ">q", b"\xcd\xf2\x60\x02": ">i", b"\x00\x00\xff\xff": ">i"}
_AGAIN = "fetch or unpack it again"


def frames(path: Path, width: int = 96) -> int:
    """Return the number of frames of a file, from its header; raise `InputError` as `read` does."""
    return _shape(_open(path), path, width)[0]


def read(path: Path, width: int = 96) -> NDArray[np.float64]:
    """Return (F, width) float64: the coordinates as they are in the file.

    Raises:
        InputError: when the file is missing, is no CDF (a web page, say), is truncated, or holds
            something else than ``width`` numbers a frame.
    """
    cdf = _open(path)
    shape = _shape(cdf, path, width)
    try:
        values = np.asarray(cdf.varget("Pose"))
        return values.reshape(shape).astype(np.float64)
    except Exception as error:  # cdflib lets through whatever its parsing meets
        raise InputError(f"{path}: damaged or truncated ({error}); {_AGAIN}") from None


def joints(path: Path) -> NDArray[np.float64]:
    """Return (F, 17, 3) float64 mm: the joint set "h36m17" of a 3D file, in the file's own frame.

    Raises:
        InputError: as `read`, and for coordinates that cannot be millimetres.
    """
    chosen = read(path).reshape(-1, 32, 3)[:, JOINTS]
    if problem := size_problem(chosen):
        raise InputError(f"{path}: Pose: {problem}; use the original file: {_AGAIN}")
    return chosen


def world(path: Path, camera: Camera | None = None) -> NDArray[np.float64]:
    """Return (F, 17, 3) float64 world mm: the joint set "h36m17" of a file of ``D3_Positions``.

    Args:
        path: of the file.
        camera: the one in whose space the file is, if it is of ``D3_Positions_mono``.

    Raises:
        InputError: as `joints`, and for a person who is not on the floor of the world.
    """
    seen = joints(path)
    found = seen if camera is None else camera.camera_to_world(seen)
    if problem := height_problem(found):
        guess = "camera space? D3_Positions_mono?" if camera is None else "not of this camera?"
        raise InputError(f"{path}: Pose: {problem} ({guess}); use the original file: {_AGAIN}")
    return found


def _open(path: Path) -> cdflib.CDF:
    if not path.is_file():
        raise InputError(
            f"{path}: missing; expected the poses of this recording: {_AGAIN}, or name a benchmark "
            "that leaves it out"
        )
    with path.open("rb") as stream:
        head = stream.read(512)
    number = _MAGIC.get(head[:4])
    if number is None:
        is_page = head.lstrip()[:1] == b"<"
        found = "a web page (was the login lost during the download?)" if is_page else "no CDF file"
        raise InputError(f"{path}: {found}; expected a CDF file with the variable Pose: {_AGAIN}")
    try:
        stated = _stated_size(path, number)
        cdf = cdflib.CDF(path)
    except Exception as error:  # as above
        raise InputError(f"{path}: damaged or truncated ({error}); {_AGAIN}") from None
    if stated > path.stat().st_size:
        raise InputError(
            f"{path}: truncated: {path.stat().st_size} bytes, expected {stated}; {_AGAIN}"
        )
    return cdf


def _stated_size(path: Path, number: str) -> int:
    """Return the size that the header states (CDF Internal Format Description); 0 where packed."""
    bytes_of = struct.calcsize(number)
    with path.open("rb") as stream:
        if stream.read(8)[4:] != b"\x00\x00\xff\xff":
            return 0
        stream.seek(8 + bytes_of + 4)  # the descriptor record: its size, its type, GDRoffset
        (general,) = struct.unpack(number, stream.read(bytes_of))
        stream.seek(general + bytes_of + 4 + 3 * bytes_of)  # size, type, three heads, eof
        return int(struct.unpack(number, stream.read(bytes_of))[0])


def _shape(cdf: cdflib.CDF, path: Path, width: int) -> tuple[int, int]:
    try:
        about = cdf.varinq("Pose")
        shape = (int(about.Last_Rec) + 1, *(int(n) for n in about.Dim_Sizes))
        kind = str(about.Data_Type_Description)
    except Exception as error:  # as above
        raise InputError(
            f"{path}: no readable variable Pose ({error}); expected the official file: {_AGAIN}"
        ) from None
    rows = shape[1:] if len(shape) == 3 and shape[0] == 1 else shape
    if (
        len(rows) != 2
        or rows[1] != width
        or not any(t in kind for t in ("FLOAT", "REAL", "DOUBLE"))
    ):
        found = "x".join(map(str, shape))
        raise InputError(
            f"{path}: Pose: {found} numbers of type {kind}, expected 1xFRAMESx{width} of floats "
            f"({width // 32} coordinates of 32 joints); is it another kind of pose file?"
        )
    return rows[0], rows[1]
