"""mmpose's annotations of Human3.6M, which its preprocess_h36m.py writes, one ``.npz`` a split.

The columns ``imgname``, ``center``, ``scale``, ``part`` (N, 17, 3; x, y px) and ``S`` have a row
for each image. ``keypoint_2d_det_file`` is an ``.npy`` (N, 17, 3) of the same rows: x, y px, score.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corruptbench.errors import InputError
from corruptbench.formats.columns import check_points, cut
from corruptbench.formats.numpy_files import read_npz, write_npz

EXPECTED = "the annotations that mmpose's preprocess_h36m.py writes, as h36m_test.npz"
#: As "S1_Directions_1.54138969_000001.jpg".
_NAME = re.compile(r"(S\d+)_([^/]+)\.(\d{8})_(\d+)\.\w+", re.ASCII)


@dataclass(frozen=True)
class Annotations:
    """The content of a file.

    Attributes:
        columns: by name.
        images: subject, file name of the recording ("Directions 1"), camera and frame, from 0, of
            each row; None for a name that says something else.
        points: (N, 17, 2 or 3) px, the projected joints.
    """

    columns: dict[str, Any]
    images: tuple[tuple[str, str, str, int] | None, ...]
    points: NDArray[np.floating[Any]]


def read(path: Path) -> Annotations:
    """Return the annotations of a file.

    Raises:
        InputError: when the file cannot be read, or lacks names or points.
    """
    columns = read_npz(path, EXPECTED)
    absent = [name for name in ("imgname", "part") if name not in columns]
    if absent:
        raise InputError(f"{path}: no {', '.join(absent)} in it; expected {EXPECTED}")
    images = tuple(_image(str(name)) for name in np.ravel(columns["imgname"]))
    points = check_points(columns["part"], len(images), f"{path}: part", EXPECTED)
    return Annotations(columns, images, points)


def write_cut(path: Path, annotations: Annotations, kept: NDArray[np.intp]) -> None:
    """Write the annotations with M of their rows only; ``kept`` are the indices (M,)."""
    write_npz(path, cut(annotations.columns, kept, len(annotations.images)))


def _image(name: str) -> tuple[str, str, str, int] | None:
    """Return what an image's name says; there, frames count from 1 and blanks are underscores."""
    match = _NAME.fullmatch(name.rsplit("/", 1)[-1])
    if match is None:
        return None
    subject, recording, camera, number = match.groups()
    return subject, recording.replace("_", " "), camera, int(number) - 1
