"""The table of labels of one subject in open folders: joints, and the person's boxes if given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from corruptbench.corruptions.validation import near, ordered, reach
from corruptbench.datasets.camera_json import CameraRecord
from corruptbench.errors import InputError
from corruptbench.skeleton import joint_set

_BOX = "box."


@dataclass(frozen=True)
class LabelTable:
    """The labels of one subject.

    Attributes:
        joints: (F, J, 3) float64 world mm of each sequence; the columns sequence, frame, joints.
        boxes: (F, 4) float64 px of each camera and sequence, where the table has a column
            ``box.<camera>``; NaN where nobody is in view.
    """

    joints: dict[str, NDArray[np.float64]]
    boxes: dict[str, dict[str, NDArray[np.float64]]]


def read_label_table(path: Path, joints: str, cameras: Mapping[str, CameraRecord]) -> LabelTable:
    """Return the labels in a Parquet file that exists.

    Args:
        path: of the file.
        joints: name of the joint set.
        cameras: the subject's cameras by name.

    Raises:
        InputError: not such a table, or numbers that cannot be joints or boxes.
    """
    table = _read(path)
    rows = _rows(table, path)
    points = _joints(table, joints, path)
    boxes = {
        camera: _boxes(table, camera, max(cameras[camera].width, cameras[camera].height), path)
        for camera in _boxed(table, cameras, path)
    }
    return LabelTable(
        {name: points[own] for name, own in rows.items()},
        {camera: {n: found[own] for n, own in rows.items()} for camera, found in boxes.items()},
    )


def _read(path: Path) -> pa.Table:
    try:
        with path.open("rb") as stream:  # pyarrow only opens names that are UTF-8
            file = pq.ParquetFile(stream)
            boxes = [name for name in file.schema_arrow.names if name.startswith(_BOX)]
            table = file.read(columns=["sequence", "frame", "joints", *boxes])
        table.select(["sequence", "frame", "joints"])
    except (pa.ArrowInvalid, KeyError) as error:
        raise InputError(
            f"{path}: not a label table ({error}); expected Parquet with the columns "
            "sequence, frame, joints"
        ) from None
    return table


def _boxed(table: pa.Table, cameras: Mapping[str, CameraRecord], path: Path) -> list[str]:
    """Return the cameras that have a column of boxes."""
    found = [n.removeprefix(_BOX) for n in table.column_names if n.startswith(_BOX)]
    for name in found:
        if name not in cameras:
            raise InputError(
                f"{path}: {_BOX}{name}: boxes of a camera that dataset.json does not have; "
                f"expected one of {', '.join(cameras)}: rename or remove the column"
            )
    return found


def _is_text(kind: pa.DataType) -> bool:
    """Tell whether a column holds text, perhaps as categories."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return any(t(kind) for t in (pa.types.is_string, pa.types.is_large_string))


def _check_whole(
    table: pa.Table, column: str, fits: Callable[[pa.DataType], bool], wanted: str, path: Path
) -> None:
    """Raise `InputError` unless a column is of a type that fits, and has a value in each row."""
    found = table[column]
    if not fits(found.type):
        raise InputError(f"{path}: {column}: column of {found.type}, expected {wanted}")
    if found.null_count:
        row = pc.index(found.is_null(), True).as_py()
        raise InputError(
            f"{path}: {column}: column of {found.type}, null in row {row} (counted from 0), "
            f"expected {wanted}"
        )


def _rows(table: pa.Table, path: Path) -> dict[str, NDArray[np.intp]]:
    """Return the rows of each sequence; raise `InputError` unless they are in order."""
    _check_whole(table, "sequence", _is_text, "text, the name of a sequence, in each row", path)
    _check_whole(table, "frame", pa.types.is_integer, "whole numbers, one in each row", path)
    sequence = np.asarray(table["sequence"].to_pylist())
    frame = _numbers(table["frame"].combine_chunks())
    found = {}
    for name in dict.fromkeys(sequence.tolist()):
        rows = np.flatnonzero(sequence == name)
        if not np.array_equal(frame[rows], np.arange(rows.size)):
            raise InputError(
                f"{path}: frame: the rows of sequence '{name}' are numbered {frame[rows[0]]} to "
                f"{frame[rows[-1]]}, expected 0 to {rows.size - 1} in order, one row for each "
                "video frame: sort them, and count from 0"
            )
        found[name] = rows
    return found


def _joints(table: pa.Table, joints: str, path: Path) -> NDArray[np.float64]:
    """Return the column of joints (rows, J, 3); raise `InputError` when it is no such thing."""
    count = len(joint_set(joints))
    wanted = f"{count * 3} (x, y, z of the {count} joints of {joints})"
    found = _lists(table, "joints", count * 3, wanted, path).reshape(-1, count, 3)
    if np.isinf(found).any():
        raise InputError(
            f"{path}: joints: infinite numbers, expected world mm; put NaN where a joint is not "
            "valid"
        )
    return found


def _boxes(table: pa.Table, camera: str, side: int, path: Path) -> NDArray[np.float64]:
    """Return a camera's column of boxes (rows, 4); raise `InputError` when it is no such thing.

    ``side`` is the longer side of the camera's picture, px.
    """
    column = f"{_BOX}{camera}"
    found = _lists(table, column, 4, "4 (x0, y0, x1, y1)", path)
    bad = np.flatnonzero(~(ordered(found) & near(found, side).all(axis=1)))
    if bad.size:
        row = int(bad[0])
        raise InputError(
            f"{path}: {column}: the box of {_place(table, row)} is {found[row].tolist()}, expected "
            f"x0 <= x1 and y0 <= y1 in pixels, {-reach(side)} to {reach(side)}: correct it, or put "
            "four NaN where nobody is in view"
        )
    return found


def _lists(table: pa.Table, column: str, size: int, wanted: str, path: Path) -> NDArray[np.float64]:
    """Return a column of lists of ``size`` floats, (rows, size)."""
    kind = table[column].type
    lists = (pa.types.is_fixed_size_list, pa.types.is_list, pa.types.is_large_list)
    if not (any(t(kind) for t in lists) and pa.types.is_floating(kind.value_type)):
        raise InputError(
            f"{path}: {column}: column of {kind}, expected a list of {size} floats a row"
        )
    column_of_lists = table[column].combine_chunks()
    _check_lengths(table, column, column_of_lists, size, wanted, path)
    values = _numbers(column_of_lists.flatten())
    return np.asarray(values.reshape(-1, size).astype(np.float64))


def _numbers(column: pa.Array) -> NDArray[Any]:
    """Return a column of numbers as an array, with NaN for null.

    ``to_numpy`` imports pandas, which takes 0.25 s of a build's start. So it is used for null only.
    """
    if column.null_count:
        return np.asarray(column.to_numpy(zero_copy_only=False))
    return np.from_dlpack(column)


def _check_lengths(
    table: pa.Table, column: str, lists: pa.Array, size: int, wanted: str, path: Path
) -> None:
    """Raise `InputError` unless each row is a list of ``size``."""
    found = pc.list_value_length(lists)
    if not lists.null_count and (_numbers(found) == size).all():
        return
    absent = lists.is_null().to_numpy(zero_copy_only=False)
    lengths = np.where(absent, 0, pc.fill_null(found, 0).to_numpy())
    bad = np.flatnonzero(absent | (lengths != size))
    row = int(bad[0])
    number = f"{lengths[row]} numbers"
    if bad.size == lengths.size and not absent.any() and len(set(lengths)) == 1:
        raise InputError(f"{path}: {column}: {number} a row, expected {wanted}")
    raise InputError(
        f"{path}: {column}: {_place(table, row)} (row {row}, counted from 0) holds "
        f"{'null' if absent[row] else number}, expected {wanted}: put NaN for what is not known"
    )


def _place(table: pa.Table, row: int) -> str:
    return f"sequence '{table['sequence'][row]}', frame {table['frame'][row]}"
