"""Poses in a Parquet file: its footer, whose poses its rows are, and the numbers of some rows.

A damaged file can crash pyarrow, and a small one can expand to gigabytes. Run these functions in
the sandbox, which bounds memory and time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, TypedDict

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from corruptbench.errors import InputError

#: Name of the metadata entry that says what a file holds.
KEY = b"corruptbench"
TEXTS = ("subject", "sequence", "action", "camera", "corruption")


class Footer(TypedDict):
    """What the end of a file says."""

    #: The metadata entry, if there is one.
    text: bytes | None
    #: Name, type and numbers in a row of each column; a list has more than one.
    columns: list[tuple[str, str, int]]
    #: Rows of each row group, and the bytes of each of its columns before compression.
    groups: list[tuple[int, dict[str, int]]]


#: Values of the key columns, row group, first row, row after the last.
Stretch = tuple[tuple[Any, ...], int, int, int]


def footer(path: str) -> Footer:
    """Return the footer of a file; reads no column."""
    with open(path, "rb") as stream:  # pyarrow takes only UTF-8 names
        metadata = pq.read_metadata(stream)
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    columns = [[group.column(i) for i in range(group.num_columns)] for group in groups]
    return {
        "text": (metadata.metadata or {}).get(KEY),
        "columns": [_described(field) for field in metadata.schema.to_arrow_schema()],
        "groups": [
            (
                group.num_rows,
                {c.path_in_schema.split(".")[0]: c.total_uncompressed_size for c in found},
            )
            for group, found in zip(groups, columns, strict=True)
        ],
    }


def stretches(path: str, names: Sequence[str]) -> list[Stretch]:
    """Return the stretches of rows that have the same values in all of these columns.

    Raises:
        InputError: a value is null.
    """
    found: list[Stretch] = []
    with _opened(path) as file:
        for number in range(file.num_row_groups):
            found += _stretches(file.read_row_group(number, [*names], use_threads=False), number)
    return found


def rows(path: str, group: int, names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Return columns of a row group as arrays (rows,), and (rows, size) of lists.

    Raises:
        InputError: a value is null.
    """
    with _opened(path) as file:
        table = file.read_row_group(group, [*names], use_threads=False)
    return {name: _values(table[name], name) for name in names}


@contextmanager
def _opened(path: str) -> Iterator[pq.ParquetFile]:
    """Open a file; texts are read as dictionaries, so that a long one is read once."""
    with open(path, "rb") as stream:
        yield pq.ParquetFile(stream, read_dictionary=[*TEXTS], pre_buffer=False)


def _described(field: pa.Field) -> tuple[str, str, int]:
    kind, length = field.type, 1
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    elif pa.types.is_fixed_size_list(kind):
        return field.name, f"fixed_size_list of {kind.value_type}", kind.list_size
    return field.name, str(kind), length


def _stretches(table: pa.Table, number: int) -> Iterator[Stretch]:
    if not table.num_rows:
        return
    codes = np.stack([_codes(column, name) for name, column in _columns(table)])
    breaks = np.flatnonzero((np.diff(codes, axis=1) != 0).any(axis=0)) + 1
    for start, stop in pairwise([0, *breaks.tolist(), table.num_rows]):
        yield tuple(column[start].as_py() for _, column in _columns(table)), number, start, stop


def _columns(table: pa.Table) -> Iterator[tuple[str, pa.ChunkedArray]]:
    return zip(table.column_names, table.columns, strict=True)


def _codes(column: pa.ChunkedArray, name: str) -> NDArray[np.int64]:
    """Return numbers that are equal where the values of a column are."""
    _check_nulls(column, name)
    whole = column.unify_dictionaries().combine_chunks()
    if pa.types.is_dictionary(whole.type):
        whole = whole.indices
    return np.asarray(whole.to_numpy(zero_copy_only=False), dtype=np.int64)


def _values(column: pa.ChunkedArray, name: str) -> NDArray[Any]:
    _check_nulls(column, name)
    whole = column.combine_chunks()
    if not pa.types.is_fixed_size_list(whole.type):
        return np.asarray(whole.to_numpy(zero_copy_only=False))
    values = whole.flatten()
    _check_nulls(values, name)
    return np.asarray(values.to_numpy(zero_copy_only=False)).reshape(len(whole), -1)


def _check_nulls(column: pa.ChunkedArray | pa.Array, name: str) -> None:
    if column.null_count:
        raise InputError(f"column {name}: {column.null_count} values are null")
