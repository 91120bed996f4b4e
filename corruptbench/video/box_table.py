"""Read a table of boxes: where the person is in each frame, as a user or another program says."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from corruptbench.corruptions.validation import near, reach
from corruptbench.errors import InputError
from corruptbench.storage import found_at
from corruptbench.text_files import read_text

COLUMNS = ("frame", "x0", "y0", "x1", "y1")
SUFFIXES = (".csv", ".parquet")
#: Boxes with a shorter side are none: a row of zeros, or fractions of the picture. Our own choice.
SMALLEST = 1.0  # px
#: More than this part of the boxes has its center in the picture. Our own choice.
INSIDE = 0.5


@dataclass(frozen=True)
class BoxTable:
    """The rows of a table of boxes, each checked by itself.

    Attributes:
        path: of the file.
        frames: (N,) int64, no number twice.
        boxes: (N, 4) float64 px, x0 < x1 and y0 < y1, or four NaN where nobody is in view.
        places: (N,) names of the rows in the file, "line 3".
    """

    path: Path
    frames: NDArray[np.int64]
    boxes: NDArray[np.float64]
    places: tuple[str, ...]


def read_box_table(path: Path) -> BoxTable:
    """Return the boxes in a .csv or .parquet file with the columns `COLUMNS`; others are ignored.

    Raises:
        InputError: not such a table, or numbers that cannot be boxes.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path}: suffix '{path.suffix}'; expected {' or '.join(SUFFIXES)}")
    if not path.is_file():
        found = found_at(path, "missing")
        raise InputError(f"{path}: {found}; expected a table with the columns {_HEAD}")
    values, places = _csv(path) if path.suffix.lower() == ".csv" else _parquet(path)
    _check(path, values, places)
    return BoxTable(path, values[:, 0].astype(np.int64), values[:, 1:], places)


def boxes_of(table: BoxTable, frames: int, width: int, height: int) -> NDArray[np.float64]:
    """Return the boxes of a video, (frames, 4) float64 px; NaN where the table has none.

    Args:
        table: its boxes.
        frames: number of frames of the video.
        width: of its upright picture, px.
        height: likewise.

    Raises:
        InputError: the table has other frames, or its boxes are not of such a picture.
    """
    last, side = frames - 1, max(width, height)
    _refuse(
        table.path, table.frames > last, table.places, "frame", table.frames,
        f"0 to {last}, as the video has {frames} frames: count from 0, or name the table of "
        "this video",
    )  # fmt: skip
    _refuse_any(
        table.path, ~near(table.boxes, side), table.places, table.boxes,
        f"at most {reach(side)} px from the corner of the picture: give pixels of this video",
    )  # fmt: skip
    centers = (table.boxes[:, :2] + table.boxes[:, 2:]) / 2
    there = np.isfinite(centers[:, 0])
    inside = ((centers >= 0) & (centers <= (width, height))).all(axis=1)
    if there.any() and inside.sum() <= INSIDE * there.sum():
        raise InputError(
            f"{table.path}: {there.sum() - inside.sum()} of {there.sum()} boxes have their center "
            f"outside of the picture of {width}x{height} px; expected pixels of the upright "
            "picture: scale them if they were made on a copy of another size"
        )
    boxes = np.full((frames, 4), np.nan)
    boxes[table.frames] = table.boxes
    return boxes


_HEAD = ",".join(COLUMNS)
_Rows = tuple[NDArray[np.float64], tuple[str, ...]]


def _csv(path: Path) -> _Rows:
    """Return the numbers (N, 5) of a text file and the names of its lines."""
    reader = csv.reader(read_text(path).splitlines(), strict=True)
    try:
        lines = [(reader.line_num, row) for row in reader if any(map(str.strip, row))]
    except csv.Error as error:
        raise InputError(f"{path}: line {reader.line_num}: {error}; expected {_HEAD}") from None
    number, names = lines[0] if lines else (1, [])
    columns = _columns(path, [name.strip() for name in names])
    for number, row in lines[1:]:
        if len(row) != len(names):
            raise InputError(
                f"{path}: line {number}: {len(row)} fields, expected {len(names)} as in the first "
                "line: separate fields with commas, and write decimals with a point"
            )
    values = [
        [_number(path, n, name, row[at]) for name, at in zip(COLUMNS, columns, strict=True)]
        for n, row in lines[1:]
    ]
    return np.array(values, dtype=np.float64).reshape(-1, 5), tuple(
        f"line {n}" for n, _ in lines[1:]
    )


def _columns(path: Path, names: list[str]) -> list[int]:
    """Return where `COLUMNS` are among the names of the first line."""
    wrong = [name for name in COLUMNS if names.count(name) != 1]
    if wrong:
        found = f"{names.count(wrong[0])} columns '{wrong[0]}' in '{','.join(names)[:80]}'"
        raise InputError(
            f"{path}: {found}; expected the columns {_HEAD}: name them in the first line, "
            "separated by commas"
        )
    return [names.index(name) for name in COLUMNS]


def _number(path: Path, line: int, name: str, text: str) -> float:
    try:
        return float(text.replace("_", "?") if text.strip() else "nan")
    except ValueError:
        raise InputError(
            f"{path}: line {line}, {name}: '{text[:40]}', expected a number; leave the row out "
            "where nobody is in view"
        ) from None


def _parquet(path: Path) -> _Rows:
    """Return the numbers (N, 5) of a Parquet file and the names of its rows, from 1."""
    try:
        with path.open("rb") as stream:  # pyarrow only opens names that are UTF-8
            file = pq.ParquetFile(stream)
            _columns(path, file.schema_arrow.names)
            table = file.read(columns=list(COLUMNS))
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"{path}: not a Parquet file ({error}); expected one with the columns {_HEAD}"
        ) from None
    columns = [_floats(path, name, table[name]) for name in COLUMNS]
    places = tuple(f"row {i}" for i in range(1, len(table) + 1))
    return np.stack(columns, axis=1), places


def _floats(path: Path, name: str, column: pa.ChunkedArray) -> NDArray[np.float64]:
    kind = column.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind)):
        raise InputError(f"{path}: {name}: of type {kind}, expected numbers: convert the column")
    numbers = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return np.asarray(numbers, dtype=np.float64)


def _check(path: Path, values: NDArray[np.float64], places: tuple[str, ...]) -> None:
    """Refuse rows that cannot be boxes: values (N, 5) as `COLUMNS`."""
    frames, boxes = values[:, 0], values[:, 1:]
    whole = (frames >= 0) & (frames < 2**53) & (np.floor(frames) == frames)
    _refuse(path, ~whole, places, "frame", frames, "a whole number from 0 on")
    _, first = np.unique(frames, return_index=True)
    again = ~np.isin(np.arange(len(frames)), first)
    _refuse(path, again, places, "frame", frames, "each frame once: remove one of its rows")
    _refuse_any(path, np.isinf(boxes), places, boxes, "a finite number of px")
    some = np.isnan(boxes) & ~np.isnan(boxes).all(axis=1, keepdims=True)
    _refuse_any(path, some, places, boxes, "four numbers, or none where nobody is in view")
    small = boxes[:, 2:] - boxes[:, :2] < SMALLEST
    _refuse_any(
        path, np.hstack([np.zeros_like(small), small]), places, boxes,
        "at least one px more than x0 and y0: give two corners in px, not a width and a height "
        "and not fractions of the picture, and leave the row out where nobody is in view",
    )  # fmt: skip


def _refuse_any(
    path: Path,
    bad: NDArray[np.bool_],
    places: tuple[str, ...],
    boxes: NDArray[np.float64],
    expected: str,
) -> None:
    """Refuse the first bad number of boxes; ``bad`` is (N, 4)."""
    for i, name in enumerate(COLUMNS[1:]):
        _refuse(path, bad[:, i], places, name, boxes[:, i], expected)


def _refuse(
    path: Path,
    bad: NDArray[np.bool_],
    places: tuple[str, ...],
    name: str,
    found: NDArray[np.float64] | NDArray[np.int64],
    expected: str,
) -> None:
    """Raise `InputError` at the first bad row of a column, if there is one; ``bad`` is (N,)."""
    if bad.any():
        i = int(np.argmax(bad))
        raise InputError(f"{path}: {places[i]}, {name}: {found[i]:.10g}, expected {expected}")
