"""The per-clip table as a Parquet file: one row per (clip, cell)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from corruptbench.leaderboard.columns import (
    CELL_KEY,
    CLIP_KEY,
    COLUMNS,
    COUNTS,
    TEXTS,
    arrow_schema,
    version_of,
)

__all__ = ["CELL_KEY", "CLIP_KEY", "open_bytes", "to_frame", "to_parquet", "wrong_columns"]


def to_parquet(table: pd.DataFrame) -> bytes:
    """Return the per-clip table as the content of a Parquet file.

    The rows keep their order. The same table gives the same bytes under the same pyarrow. The
    table has the columns of a version of the schema (`columns.version_of`); others are left out.

    Raises:
        KeyError: a column is missing.
        pyarrow.ArrowInvalid: a value does not fit its column's type.
    """
    version = version_of(table.columns)
    plain = table[list(COLUMNS[version])]
    arrow = pa.Table.from_pandas(plain, schema=arrow_schema(version), preserve_index=False)
    sink = pa.BufferOutputStream()
    pq.write_table(arrow.replace_schema_metadata(None), sink, compression="zstd")
    data: bytes = sink.getvalue().to_pybytes()
    return data


def wrong_columns(schema: pa.Schema, version: int) -> list[tuple[str, str, str]]:
    """Return (column, found, expected) for each column that is missing, unknown or mistyped.

    Args:
        schema: columns of a file.
        version: of the schema of its result.
    """
    known = COLUMNS[version]
    found = {field.name: field.type for field in schema}
    wrong = []
    for name in known:
        kind, fits = _kind(name)
        if name not in found:
            wrong.append((name, "no such column", kind))
        elif not fits(found[name]):
            wrong.append((name, str(found[name]), kind))
    wrong += [(name, str(found[name]), "no such column") for name in found if name not in known]
    several = Counter(schema.names)
    return wrong + [
        (name, f"{count} such columns", "one")
        for name, count in sorted(several.items())
        if count > 1
    ]


def open_bytes(data: bytes) -> pq.ParquetFile:
    """Open a Parquet file that is in memory; only its footer is decoded.

    Text columns are read as dictionaries, so that a small file cannot expand into a huge table.

    Raises:
        pyarrow.ArrowInvalid: the bytes are not a Parquet file.
    """
    there = pq.read_schema(pa.BufferReader(data)).names
    texts = [name for name in TEXTS if name in there]
    return pq.ParquetFile(pa.BufferReader(data), read_dictionary=texts)


def to_frame(table: pa.Table) -> pd.DataFrame:
    """Return the rows as a data frame; a null number becomes NaN.

    The file's metadata for pandas is ignored: it could turn nulls into values that pass every
    comparison.
    """
    frame: pd.DataFrame = table.to_pandas(ignore_metadata=True)
    return frame


def _kind(column: str) -> tuple[str, Callable[[pa.DataType], bool]]:
    """Return the name of a column's type, and the test for it."""
    if column in TEXTS:
        return "text", _is_text
    if column == "severity" or column in COUNTS:
        return "integer", pa.types.is_integer
    return "float64", pa.types.is_float64


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
