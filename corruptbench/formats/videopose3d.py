"""VideoPose3D's files, which many repositories took over.

``data_3d_<set>.npz``: ``positions_3d``, subject -> recording -> (F, J, 3) float32 world meters.
``data_2d_<set>_<name>.npz``: ``positions_2d``, subject -> recording -> one (F, K, 2 or 3) float32
for each camera, x, y px and the score if there is one; ``metadata`` describes the joints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from sys import intern
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corruptbench.errors import InputError
from corruptbench.formats.numpy_files import read_npz, write_npz

#: Subject -> recording -> content.
Table = dict[str, dict[str, Any]]


def read_positions(path: Path, expected: str) -> Table:
    """Return ``positions_3d`` of a file; see `check_poses` for its arrays.

    Args:
        path: of the file.
        expected: what the file should be and how to get it, in words.

    Raises:
        InputError: when the file cannot be read, or holds no such table.
    """
    content = read_npz(path, expected)
    table = _table(content.get("positions_3d"))
    if table is None:
        pixels = " (keypoints in pixels)" if "positions_2d" in content else ""
        found = f"holds {', '.join(content) or 'nothing'}{pixels}, no positions_3d"
        if "positions_3d" in content:
            found = "positions_3d: no table of subjects and recordings"
        raise InputError(f"{path}: {found}; expected {expected}")
    return table


def read_detections(path: Path, expected: str) -> Table:
    """Return ``positions_2d`` of a file, empty where it holds no such table.

    Raises:
        InputError: when the file cannot be read.
    """
    return _table(read_npz(path, expected).get("positions_2d")) or {}


def check_poses(array: Any, joints: int, where: str, expected: str) -> None:
    """Check that an array of ``positions_3d`` holds poses.

    Args:
        array: the content of a recording.
        joints: J, how many it should have.
        where: file, subject and recording, for messages.
        expected: what the file should be and how to get it, in words.

    Raises:
        InputError: unless it is floats (F, J, 3) with at least one frame.
    """
    is_array = isinstance(array, np.ndarray)
    shape: tuple[int, ...] = array.shape if is_array else ()
    if is_array and array.dtype.kind == "f" and shape[1:] == (joints, 3) and shape[0]:
        return
    found = f"{array.dtype} {shape}" if is_array else "no array"
    raise InputError(
        f"{where}: {found}{_hint(shape, joints)}, expected floats (frames, {joints}, 3); "
        f"expected {expected}"
    )


def _hint(shape: tuple[int, ...], joints: int) -> str:
    """Return what a wrong shape suggests, or an empty text."""
    if shape[2:] == (2,):
        return " (pixels?)"
    if shape[2:] == (3,) and shape[1] < joints:
        return f" ({shape[1]} joints do not tell which of the {joints} they are)"
    return ""


def write_positions(path: Path, table: Mapping[str, Mapping[str, Any]]) -> None:
    """Write a 3D file."""
    write_npz(path, {"positions_3d": _interned(table)})


def write_detections(
    path: Path,
    table: Mapping[str, Mapping[str, Sequence[NDArray[np.float32]]]],
    joint_set: str,
    joints: int,
    symmetry: tuple[Sequence[int], Sequence[int]],
) -> None:
    """Write a 2D file.

    Args:
        path: of the file.
        table: subject -> recording -> one (F, K, 2 or 3) float32 for each camera: x, y px, and
            the score if there is one.
        joint_set: the repository's name of the joints.
        joints: K, their number.
        symmetry: indices of the left joints, and of the right ones in the same order.
    """
    metadata = {
        "layout_name": joint_set,
        "num_joints": joints,
        "keypoints_symmetry": [list(side) for side in symmetry],
    }
    write_npz(path, {"positions_2d": _interned(table), "metadata": metadata})


def _table(content: Any) -> Table | None:
    """Return the content if it maps names to mappings of names, else None."""
    tables = [content, *content.values()] if isinstance(content, dict) else [None]
    named = (isinstance(t, dict) and all(isinstance(name, str) for name in t) for t in tables)
    return content if all(named) else None


def _interned(table: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return the table with one object for each name, so that equal content is an equal pickle."""
    return {
        intern(subject): {intern(name): content for name, content in recordings.items()}
        for subject, recordings in table.items()
    }
