"""The rows of a board as one flat table: a line for each row, a column for each number."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from corruptbench.leaderboard.about import About
from corruptbench.leaderboard.columns import METRIC_COLUMNS, Metric
from corruptbench.leaderboard.ranking.order import corruption_names
from corruptbench.leaderboard.ranking.placed import Placed
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.status import kind_of

Value = str | int | float | None

#: The columns of integers, and those of text that every table has. All others hold float64.
INTEGERS = ("version", "rank", "parameters")
TEXTS = (
    "benchmark", "section", "note", "lifter", "status", "superseded_by", "detector", "filter",
    *About.model_fields,
)  # fmt: skip

#: A table has more columns than rows, so what Parquet says of each column is most of a file.
_SMALL: dict[str, Any] = {
    "compression": "zstd", "use_dictionary": False, "write_statistics": False,
    "store_schema": False,
}  # fmt: skip


def flat_rows(rows: Sequence[Placed]) -> list[dict[str, Value]]:
    """Return a record for each row of any benchmarks, unrounded; all have the same keys.

    The first keys say what the row is: benchmark, version, section (empty for the main table), rank
    (None without one), note (why), lifter, status (claimed, re-scored or verified), superseded_by,
    detector, parameters, filter, and what its authors say.
    Then come for each metric that some row has its ``clean``, ``corrupted``, the mean of each
    corruption and ``degradation``, as in ``mpjpe_clean``, and the ends of 95 % intervals, as in
    ``mpjpe_clean_low``. A number that a row lacks is None. The units are those of
    `columns.METRIC_COLUMNS`.
    """
    results = [placed.result for placed in rows]
    names = corruption_names(results)
    metrics = [metric for metric in METRIC_COLUMNS if any(getattr(r, metric) for r in results)]
    spread = [metric for metric in metrics if any(_intervals(r, metric) for r in results)]
    return [
        {
            **_identity(placed),
            **{key: value for m in metrics for key, value in _means(placed.result, m, names)},
            **{key: value for m in spread for key, value in _ends(placed.result, m)},
        }
        for placed in rows
    ]


def as_csv(rows: Sequence[Placed]) -> str:
    """Return `flat_rows` as CSV. No cell is one that a spreadsheet takes for a formula."""
    lines = flat_rows(rows)
    sink = io.StringIO()
    writer = csv.DictWriter(sink, list(lines[0]) if lines else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _no_formula(value) for key, value in line.items()} for line in lines)
    return sink.getvalue()


def as_parquet(rows: Sequence[Placed]) -> bytes:
    """Return `flat_rows` as Parquet: string, int64 and float64 columns, null where it has None."""
    lines = flat_rows(rows)
    schema = pa.schema([(key, _arrow_type(key)) for key in (lines[0] if lines else ())])
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(lines, schema=schema), sink, **_SMALL)
    return sink.getvalue()


def _identity(placed: Placed) -> dict[str, Value]:
    result = placed.result
    said = (result.lifter.about or About()).model_dump()
    return {
        "benchmark": result.benchmark.id,
        "version": result.benchmark.version,
        "section": placed.section,
        "rank": placed.row.rank,
        "note": placed.row.apart,
        "lifter": result.lifter.name,
        "status": kind_of(result),
        "superseded_by": placed.superseded_by,
        "detector": result.build.detectors,
        "parameters": result.lifter.parameters,
        "filter": result.lifter.filter,
        **{name: _text(said.get(name)) for name in About.model_fields},
    }


def _text(said: str | tuple[str, ...] | None) -> str | None:
    return ", ".join(said) if isinstance(said, tuple) else said


def _means(
    result: Result, metric: Metric, names: Sequence[str]
) -> Iterator[tuple[str, float | None]]:
    error = getattr(result, metric)
    yield f"{metric}_clean", error and error.clean
    yield f"{metric}_corrupted", error and error.corrupted
    for name in names:
        yield f"{metric}_{name}", error and error.corruptions.get(name)
    yield f"{metric}_degradation", error and error.degradation


def _intervals(result: Result, metric: Metric) -> object:
    return getattr(result, f"{metric}_intervals", None)


def _ends(result: Result, metric: Metric) -> Iterator[tuple[str, float | None]]:
    intervals = _intervals(result, metric)
    for part in ("clean", "corrupted", "degradation"):
        interval = getattr(intervals, part, None)
        for end in ("low", "high"):
            yield f"{metric}_{part}_{end}", getattr(interval, end, None)


def _no_formula(value: Value) -> Value:
    """Return a value in which no spreadsheet takes a part for a formula.

    Some take a wide sign for a plain one, or leave out spaces before it. Where the decimal point is
    a comma, spreadsheets split lines at semicolons.
    """
    if not isinstance(value, str):
        return value
    return ";".join(map(_as_text, value.split(";")))


def _as_text(part: str) -> str:
    begins = unicodedata.normalize("NFKC", part).lstrip()
    return f"'{part}" if begins.startswith(("=", "+", "-", "@")) else part


def _arrow_type(column: str) -> pa.DataType:
    if column in TEXTS:
        return pa.string()
    return pa.int64() if column in INTEGERS else pa.float64()
