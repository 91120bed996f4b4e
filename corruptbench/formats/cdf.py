"""Human3.6M's CDF files: variable ``Pose``, one row of coordinates for each frame.

Its shape is (1, frames, 96) in 3D (32 joints x, y, z in mm) and (1, frames, 64) in 2D (pixels);
numbers are float32 or float64. Run these functions in the sandbox.
"""

from __future__ import annotations

import struct
from pathlib import Path

import cdflib
import numpy as np
from numpy.typing import NDArray

from corruptbench.errors import InputError
from corruptbench.formats import web_page
from corruptbench.storage import found_at

REMEDY = "fetch or unpack it again"

_MAGIC = {b"\xcd\xf3\x00\x01": ">q", b"\xcd\xf2\x60\x02": ">i", b"\x00\x00\xff\xff": ">i"}


def frames(path: str, width: int) -> int:
    """Return the number of frames of a file, from its header.

    Raises:
        InputError: for a missing file, another kind of file, and one that does not hold ``width``
            numbers a frame.
    """
    return _shape(_open(Path(path)), path, width)[0]


def pose(path: str, width: int) -> NDArray[np.float64]:
    """Return (F, width) float64: the coordinates as they are in the file.

    Raises:
        InputError: as `frames`.
        Exception: of any kind, out of cdflib's parsing, for a damaged or truncated file.
    """
    cdf = _open(Path(path))
    shape = _shape(cdf, path, width)
    return np.asarray(cdf.varget("Pose")).reshape(shape).astype(np.float64)


def _open(path: Path) -> cdflib.CDF:
    if not path.is_file():
        raise InputError(
            f"{path}: {found_at(path, 'missing')}; expected the poses of this recording: {REMEDY}, "
            "or name a benchmark that leaves it out"
        )
    with path.open("rb") as stream:
        number = _MAGIC.get(stream.read(4))
    if number is None:
        found = web_page.FOUND if web_page.is_web_page(path) else "no CDF file"
        raise InputError(f"{path}: {found}; expected a CDF file with the variable Pose: {REMEDY}")
    stated, size = _stated_size(path, number), path.stat().st_size
    if stated > size:
        raise ValueError(f"{size} bytes, expected {stated}")
    return cdflib.CDF(path)


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


def _shape(cdf: cdflib.CDF, path: str, width: int) -> tuple[int, int]:
    try:
        about = cdf.varinq("Pose")
        shape = (int(about.Last_Rec) + 1, *(int(n) for n in about.Dim_Sizes))
        kind = str(about.Data_Type_Description)
    except Exception as error:  # cdflib lets through whatever its parsing meets
        raise InputError(
            f"{path}: no readable variable Pose ({error}); expected the official file: {REMEDY}"
        ) from None
    rows = shape[1:] if len(shape) == 3 and shape[0] == 1 else shape
    is_float = any(name in kind for name in ("FLOAT", "REAL", "DOUBLE"))
    if len(rows) != 2 or rows[1] != width or not is_float:
        found = "x".join(map(str, shape))
        raise InputError(
            f"{path}: Pose: {found} numbers of type {kind}, expected 1xFRAMESx{width} of floats "
            f"({width // 32} coordinates of 32 joints); is it another kind of pose file?"
        )
    return rows[0], rows[1]
