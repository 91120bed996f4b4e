"""The checks that every submission passes before it enters the board.

Nothing in a result is taken on trust that can be worked out: the clips table must be the one that
the result names, and every number of the result is recomputed from it. Whether it covers the
benchmark can be told only with what the board's owner expects (see `expected`).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, TypeAdapter, ValidationError

from corruptbench.leaderboard import clips
from corruptbench.leaderboard.aggregate import CLEAN, Summary, summarise
from corruptbench.leaderboard.expected import Expected, clip_problems, document_problems
from corruptbench.leaderboard.problem import Problem, SubmissionError, short
from corruptbench.leaderboard.schema import METRICS, SCHEMA_VERSION, Result

JSON_LIMIT = 2_000_000  # bytes
CLIPS_LIMIT = 20_000_000  # bytes
LARGEST_ERROR = 10_000.0  # mm, or mm per frame
TOLERANCE = 1e-9  # relative; also absolute, in mm, for numbers near zero

_JSON: TypeAdapter[Any] = TypeAdapter(Any)
_RERUN = "run 'corruptbench evaluate' again and submit the two files as it wrote them"
_UPGRADE = "upgrade corruptbench, or evaluate the model again with this version"


class Submission(NamedTuple):
    """A result that passed, with the bytes of its clips table as they were checked."""

    result: Result
    clips: bytes


def check(json_path: Path, expected: Expected | None = None) -> Result:
    """Return the result in ``json_path`` if it and its clips table pass every check.

    Args:
        json_path: the result; its clips table lies where `clips_path` says.
        expected: what the benchmark asks of every result; None leaves open which benchmark it
            is and how much of it was scored.

    Raises:
        SubmissionError: lists each problem with its file, field, what was found, what was
            expected, and a remedy.
    """
    return inspect(json_path, expected).result


def inspect(json_path: Path, expected: Expected | None = None) -> Submission:
    """Check as `check` does, and also return the bytes of the clips table.

    Each file is read once, so that what was checked is what is stored.

    Raises:
        SubmissionError: see `check`.
    """
    result = read_result(json_path)
    if expected:
        _refuse(json_path, document_problems(json_path.name, result, expected))
    path = clips_path(json_path)
    data = _read(path, CLIPS_LIMIT, json_path)
    table = _table(json_path, path, data, result)
    _refuse(json_path, _coverage_problems(json_path, path, result, table))
    if expected:
        _refuse(json_path, clip_problems(path.name, table, expected))
    try:
        recomputed = summarise(table, result.scoring.average)
    except ValueError as error:
        problem = Problem(path.name, "table", str(error), "a table that can be averaged", _RERUN)
        raise SubmissionError(str(json_path), [problem]) from error
    _refuse(json_path, _number_problems(json_path, result, recomputed))
    return Submission(result, data)


def clips_path(json_path: Path) -> Path:
    """Return where the clips table of a result lies.

    ``name.json`` has ``name.clips.parquet`` beside it; a board's ``result.json`` has
    ``clips.parquet``.
    """
    path = json_path.with_name(f"{json_path.stem}.clips.parquet")
    on_board = json_path.with_name("clips.parquet")
    if json_path.name == "result.json" and not path.exists() and on_board.exists():
        return on_board
    return path


def read_result(json_path: Path) -> Result:
    """Return the result in ``json_path`` after checking its size and schema only.

    Raises:
        SubmissionError: the file is missing, too big, not JSON, of another schema version, or
            breaks the schema.
    """
    data = _read(json_path, JSON_LIMIT, json_path)
    file = json_path.name
    try:
        document = _JSON.validate_json(data)
    except ValidationError as error:
        found = short(error.errors(include_url=False)[0]["msg"])
        problem = Problem(file, "document", found, "a JSON document", _RERUN)
        raise SubmissionError(str(json_path), [problem]) from error
    version = document.get("schema_version", "none") if isinstance(document, dict) else "none"
    if type(version) is not int or version != SCHEMA_VERSION:
        expected = f"{SCHEMA_VERSION} (the version that this software reads)"
        problem = Problem(file, "schema_version", short(version), expected, _UPGRADE)
        raise SubmissionError(str(json_path), [problem])
    try:
        return Result.model_validate_json(data, strict=True)
    except ValidationError as error:
        raise SubmissionError(str(json_path), _schema_problems(file, error)) from error


def _schema_problems(file: str, error: ValidationError) -> list[Problem]:
    return [
        Problem(
            file,
            ".".join(str(part) for part in detail["loc"]) or "document",
            "nothing" if detail["type"] == "missing" else short(detail["input"]),
            detail["msg"][:1].lower() + detail["msg"][1:],
            _RERUN,
        )
        for detail in error.errors(include_url=False)
    ]


def _read(path: Path, limit: int, json_path: Path) -> bytes:
    """Return the bytes of ``path``, reading at most ``limit`` of them."""
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        remedy = "the JSON file and its .clips.parquet lie side by side: submit both"
        problem = Problem(path.name, "file", error.strerror or "no file", "a file", remedy)
        raise SubmissionError(str(json_path), [problem]) from error
    if len(data) > limit:
        found = f"more than {limit / 1e6:g} MB"
        remedy = "submit the files as 'corruptbench evaluate' writes them, without additions"
        problem = Problem(path.name, "size", found, f"at most {limit / 1e6:g} MB", remedy)
        raise SubmissionError(str(json_path), [problem])
    return data


def _table(json_path: Path, path: Path, data: bytes, result: Result) -> pd.DataFrame:
    """Return the per-clip table once its hash, columns, values and rows are in order."""
    digest = hashlib.sha256(data).hexdigest()
    if digest != result.clips_sha256:
        problem = Problem(
            path.name, "sha256", digest, f"clips_sha256 {result.clips_sha256}", _RERUN
        )
        raise SubmissionError(str(json_path), [problem])
    try:
        file = clips.open_bytes(data)
        _refuse(json_path, _shape_problems(path, file, result))
        table = clips.read(file)
    except (pa.ArrowException, OSError) as error:
        problem = Problem(path.name, "file", short(str(error)), "a Parquet file", _RERUN)
        raise SubmissionError(str(json_path), [problem]) from error
    _refuse(json_path, _value_problems(path, table))
    _refuse(json_path, _row_problems(path, table))
    return table


def _shape_problems(path: Path, file: pq.ParquetFile, result: Result) -> Iterator[Problem]:
    """Columns and the number of rows, from the footer alone."""
    for column, found, expected in clips.wrong_columns(file.schema_arrow):
        yield Problem(path.name, f"column {column}", found, expected, _RERUN)
    rows = result.coverage.clips * result.coverage.cells
    if file.metadata.num_rows != rows:
        yield Problem(
            path.name,
            "rows",
            str(file.metadata.num_rows),
            f"{rows} (coverage: {result.coverage.clips} clips x {result.coverage.cells} cells)",
            "score every clip in every cell; " + _RERUN,
        )


def _value_problems(path: Path, table: pd.DataFrame) -> Iterator[Problem]:
    for column in (*clips.CLIP_KEY, "corruption"):
        empty = table[column].isna() | (table[column] == "")
        yield from _bad_rows(path, table, column, empty, "some text")
    yield from _bad_rows(path, table, "severity", ~table["severity"].between(0, 5), "0 to 5")
    yield from _bad_rows(path, table, "frames", ~(table["frames"] >= 1), "1 or more")
    runs = table["run_frames"]
    possible = runs.between(0, table["frames"]) & (runs != 1)
    yield from _bad_rows(path, table, "run_frames", ~possible, "0, or 2 to frames")
    for metric in METRICS:
        fits, expected = table[metric].between(0.0, LARGEST_ERROR), f"0 to {LARGEST_ERROR:g} mm"
        if metric == "mpjve":
            fits = fits.where(runs > 0, table[metric].isna())
            expected += " per frame, null exactly when run_frames is 0"
        yield from _bad_rows(path, table, metric, ~fits, expected)
    named_clean = table["corruption"] == CLEAN[0]
    mixed = named_clean != (table["severity"] == CLEAN[1])
    expected = "severity 0 for 'clean' and 1 to 5 for every corruption"
    yield from _bad_rows(path, table, "severity", mixed, expected)


def _bad_rows(
    path: Path, table: pd.DataFrame, column: str, bad: pd.Series[bool], expected: str
) -> Iterator[Problem]:
    """One problem for all bad rows of a column, naming the first."""
    count = int(bad.sum())
    if count:
        row = int(np.flatnonzero(bad.to_numpy())[0])
        value = table[column].iloc[row]
        shown = value.item() if isinstance(value, np.generic) else value
        found = f"{short(shown)} in row {row}"
        more = f" and {count - 1} more" if count > 1 else ""
        yield Problem(path.name, f"column {column}", found + more, expected, _RERUN)


def _row_problems(path: Path, table: pd.DataFrame) -> Iterator[Problem]:
    """Each clip must have each cell once, and the same frames and run_frames in all of them."""
    clip, cell = [*clips.CLIP_KEY], [*clips.CELL_KEY]
    twice = table.duplicated([*clip, *cell])
    if twice.any():
        row = table[twice].iloc[0]
        where = f"clip {_joined(row[clip])}, cell {_joined(row[cell])}"
        yield Problem(path.name, "rows", f"twice {where}", "each (clip, cell) once", _RERUN)
        return
    by_clip = table.groupby(clip, observed=True)
    sizes = table.groupby(cell, observed=True).size()
    if (sizes != by_clip.ngroups).any():
        fewest = sizes.sort_values(kind="stable")
        name, size = next(iter(fewest.items()))
        found = f"cell {_joined(name)} for {size} of {by_clip.ngroups} clips"
        remedy = "score every clip in every cell; " + _RERUN
        yield Problem(path.name, "rows", found, "every cell for every clip", remedy)
        return
    remedy = "score the same frames in every cell; " + _RERUN
    for column in ("frames", "run_frames"):
        kinds = by_clip[column].nunique()
        several = kinds[kinds != 1]
        if len(several):
            found = f"counts that differ between the cells of clip {_joined(several.index[0])}"
            yield Problem(path.name, f"column {column}", found, "one count per clip", remedy)


def _joined(key: object) -> str:
    return short("/".join(str(part) for part in cast(Iterable[object], key)))


def _coverage_problems(
    json_path: Path, path: Path, result: Result, table: pd.DataFrame
) -> Iterator[Problem]:
    coverage, file = result.coverage, json_path.name
    keys = {(str(name), int(severity)) for name, severity in _pairs(table)}
    counted = {
        "clips": len(table[[*clips.CLIP_KEY]].drop_duplicates()),
        "cells": len(keys),
        "n_scored": int(table["frames"].sum()),
    }
    for field, count in counted.items():
        stated = getattr(coverage, field)
        if stated != count:
            expected = f"{count} (counted in {path.name})"
            yield Problem(file, f"coverage.{field}", str(stated), expected, _RERUN)
    if coverage.n_scored != coverage.n_expected:
        found = f"{coverage.n_scored} frames in {coverage.cells} cells"
        expected = f"{coverage.n_expected} (n_expected): every frame of every cell of the benchmark"
        remedy = (
            "build all cells ('corruptbench build' with no cell chosen resumes), then " + _RERUN
        )
        yield Problem(file, "coverage.n_scored", found, expected, remedy)
    if CLEAN not in keys:
        expected = "a cell 'clean' of severity 0"
        remedy = "build the shards with the clean cell, then " + _RERUN
        yield Problem(path.name, "cells", "no clean cell", expected, remedy)
    elif keys == {CLEAN}:
        remedy = "build the shards with the benchmark's corruptions, then " + _RERUN
        yield Problem(path.name, "cells", "the clean cell alone", "corrupted cells too", remedy)
    stated_keys = [(cell.corruption, cell.severity) for cell in result.cells]
    if sorted(stated_keys) != sorted(keys):
        odd = sorted(set(stated_keys) ^ keys) or sorted(stated_keys)
        found = f"{len(stated_keys)} cells; first that differs: {odd[0][0]}/{odd[0][1]}"
        expected = f"the {len(keys)} cells of {path.name}, once each"
        yield Problem(file, "cells", found, expected, _RERUN)


def _pairs(table: pd.DataFrame) -> Iterable[tuple[object, int]]:
    return table[[*clips.CELL_KEY]].drop_duplicates().itertuples(index=False, name=None)


def _number_problems(json_path: Path, result: Result, expected: Summary) -> Iterator[Problem]:
    """Every number of the result against the one recomputed from the table."""
    stated = dict(_numbers(result))
    worked_out = dict(_numbers(expected))
    for field in sorted(stated.keys() | worked_out.keys()):
        found, right = stated.get(field), worked_out.get(field)
        if found is None or right is None or not _same(found, right):
            yield Problem(
                json_path.name,
                field,
                "nothing" if found is None else repr(found),
                "nothing" if right is None else f"{right!r} (recomputed from the clips table)",
                _RERUN,
            )


def _numbers(summary: Summary | Result) -> Iterator[tuple[str, float]]:
    for cell in summary.cells:
        place = f"cells[{cell.corruption}/{cell.severity}]"
        yield from ((f"{place}.{name}", value) for name, value in cell if type(value) is float)
    for field in (*METRICS, "mpjpe_intervals"):
        yield from _leaves(field, getattr(summary, field))


def _leaves(field: str, value: object) -> Iterator[tuple[str, float]]:
    """Walk records and mappings down to their numbers, with dotted names."""
    if isinstance(value, float):
        yield field, value
    else:
        named = value.items() if isinstance(value, dict) else cast(BaseModel, value)
        for name, part in named:
            yield from _leaves(f"{field}.{name}", part)


def _same(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def _refuse(json_path: Path, problems: Iterable[Problem]) -> None:
    found = list(problems)
    if found:
        raise SubmissionError(str(json_path), found)
