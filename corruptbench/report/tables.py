"""Read a Parquet file, and check the types of its columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import and_
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from corruptbench.errors import InputError
from corruptbench.leaderboard.clips import CLIP_KEY

REMEDY = "remove the file, or evaluate again"
_TEXT = ("rank", *CLIP_KEY, "corruption")


def _is_text(kind: pa.DataType) -> bool:
    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(plain) or pa.types.is_large_string(plain))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


_FITS: dict[str, Callable[[pa.DataType], bool]] = {
    "text": _is_text,
    "numbers": _is_number,
    "lists": lambda kind: pa.types.is_fixed_size_list(kind) and _is_number(kind.value_type),
}


def read(
    path: Path,
    columns: Sequence[str],
    lists: Sequence[str] = (),
    wanted: pd.DataFrame | None = None,
) -> pa.Table:
    """Read a Parquet file.

    Args:
        path: the file.
        columns: those that it must have: names as text, all others numbers.
        lists: those of them that hold lists of numbers, all of one length.
        wanted: keys of clips and cells; their rows are read, and few others. None for all rows.

    Raises:
        InputError: it cannot be read, or a column is missing or of another type.
    """
    try:
        with path.open("rb") as stream:  # pyarrow takes only UTF-8 names
            table = pq.read_table(stream, filters=None if wanted is None else _among(wanted))
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: not a readable Parquet file ({error}); {REMEDY}") from None
    for name in columns:
        if name not in table.column_names:
            raise InputError(f"{path}: has no column {name}; {REMEDY}")
        kind = table.schema.field(name).type
        expected = "lists" if name in lists else "text" if name in _TEXT else "numbers"
        if not _FITS[expected](kind):
            raise InputError(f"{path}: column {name} is {kind}, expected {expected}; {REMEDY}")
    return table.combine_chunks()


def _among(wanted: pd.DataFrame) -> pc.Expression:
    """Return a test that the wanted rows pass, and few others: each value is a wanted one."""
    tests = [pc.field(name).isin(wanted[name].unique().tolist()) for name in wanted]
    return reduce(and_, tests)


def table_of(table: pa.Table) -> pd.DataFrame:
    """Return a table as a data frame, its names as plain text."""
    frame: pd.DataFrame = table.to_pandas(ignore_metadata=True)
    text = [name for name in _TEXT if name in frame]
    return frame.astype(dict.fromkeys(text, "str"))


def lists_of(table: pa.Table, column: str, axes: int) -> NDArray[np.float32]:
    """Return a column of lists of equal length as (N, length / axes, axes) float32."""
    values = table[column].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return np.asarray(values.reshape(table.num_rows, -1, axes), dtype=np.float32)
