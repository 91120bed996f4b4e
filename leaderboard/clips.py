"""The per-clip table as a Parquet file: one row per (clip, cell)."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from corruptbench.leaderboard.schema import CLIP_COLUMNS, METRICS

#: The columns that identify a clip, and those that identify a cell.
CLIP_KEY = ("subject", "sequence", "action", "camera")
CELL_KEY = ("corruption", "severity")

#: The columns as they are written; errors in millimeters (MPJVE: millimeters per frame).
ARROW_SCHEMA = pa.schema(
    [(name, pa.string()) for name in (*CLIP_KEY, "corruption")]
    + [("severity", pa.int8()), ("frames", pa.int32()), ("run_frames", pa.int32())]
    + [(name, pa.float64()) for name in METRICS]
)

_KINDS: dict[str, tuple[str, Callable[[pa.DataType], bool]]] = {
    **{name: ("text", lambda kind: _is_text(kind)) for name in (*CLIP_KEY, "corruption")},
    **{
        name: ("integer", lambda kind: bool(pa.types.is_integer(kind)))
        for name in ("severity", "frames", "run_frames")
    },
    **{name: ("float64", lambda kind: bool(pa.types.is_float64(kind))) for name in METRICS},
}


def to_parquet(table: pd.DataFrame) -> bytes:
    """Return the per-clip table as the content of a Parquet file.

    The rows keep their order. The same table gives the same bytes under the same pyarrow.

    Raises:
        KeyError: a column of ``CLIP_COLUMNS`` is missing.
        pyarrow.ArrowInvalid: a value does not fit its column's type.
    """
    plain = table[list(CLIP_COLUMNS)]
    arrow = pa.Table.from_pandas(plain, schema=ARROW_SCHEMA, preserve_index=False)
    sink = pa.BufferOutputStream()
    pq.write_table(arrow.replace_schema_metadata(None), sink, compression="zstd")
    data: bytes = sink.getvalue().to_pybytes()
    return data


def wrong_columns(schema: pa.Schema) -> list[tuple[str, str, str]]:
    """Return (column, found, expected) for each column that is missing, unknown or mistyped."""
    found = {field.name: field.type for field in schema}
    wrong = []
    for name, (kind, fits) in _KINDS.items():
        if name not in found:
            wrong.append((name, "no such column", kind))
        elif not fits(found[name]):
            wrong.append((name, str(found[name]), kind))
    wrong += [(name, str(found[name]), "no such column") for name in found if name not in _KINDS]
    return wrong + [
        (name, f"{schema.names.count(name)} such columns", "one")
        for name in sorted(found)
        if schema.names.count(name) > 1
    ]


def open_bytes(data: bytes) -> pq.ParquetFile:
    """Open a Parquet file that is in memory; only its footer is decoded.

    Text columns are read as dictionaries, so that a small file cannot expand into a huge table.

    Raises:
        pyarrow.ArrowInvalid: the bytes are not a Parquet file.
    """
    return pq.ParquetFile(pa.BufferReader(data), read_dictionary=[*CLIP_KEY, "corruption"])


def read(file: pq.ParquetFile) -> pd.DataFrame:
    """Return the rows as a data frame with ``CLIP_COLUMNS``; a null number becomes NaN.

    The file's metadata for pandas is ignored: it could turn nulls into values that pass every
    comparison.

    Raises:
        pyarrow.ArrowException: the file's pages are damaged.
    """
    table: pd.DataFrame = file.read(columns=list(CLIP_COLUMNS)).to_pandas(ignore_metadata=True)
    return table[list(CLIP_COLUMNS)]


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
