"""The checks that every submission passes before it is added to the board.

The referee computes again what can be computed: the clips table must be the one that the result
names, and every number of the result follows from it. Only with what the board's owner expects can
it say whether the result covers the benchmark (see `expected`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from corruptbench.leaderboard import clips
from corruptbench.leaderboard.columns import COLUMNS
from corruptbench.leaderboard.expected import Expected, clip_problems, document_problems
from corruptbench.leaderboard.problem import Problem, SubmissionError
from corruptbench.leaderboard.referee import rows
from corruptbench.leaderboard.referee.agreement import agreement_problems
from corruptbench.leaderboard.referee.every_number import every_number, leaves
from corruptbench.leaderboard.referee.joint_errors import joint_problems
from corruptbench.leaderboard.referee.labels import label_problems
from corruptbench.leaderboard.referee.relations import relation_problems
from corruptbench.leaderboard.referee.said import said_problems
from corruptbench.leaderboard.referee.submission import RERUN, clips_path, read_clips, read_result
from corruptbench.leaderboard.referee.table_file import read_table
from corruptbench.leaderboard.referee.words import word_problems
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.statistics.aggregate import Summary, summarize
from corruptbench.leaderboard.statistics.mce import mean_corruption_error
from corruptbench.leaderboard.statistics.wide import CLEAN
from corruptbench.leaderboard.text import counted, short

TOLERANCE = 1e-9  # relative; also absolute, in mm, for numbers near zero


class Submission(NamedTuple):
    """A result that passed all checks, with the bytes of the clips table that was checked."""

    result: Result
    clips: bytes


class Scored(NamedTuple):
    """A result with its clips table, and the name of its file for messages."""

    file: str
    result: Result
    table: pd.DataFrame


def check(json_path: Path, expected: Expected | None = None) -> Result:
    """Return the result in ``json_path`` if it and its clips table pass every check.

    Args:
        json_path: the result; its clips table is at `submission.clips_path`.
        expected: what the benchmark expects of every result; None accepts any benchmark, and any
            part of it.

    Raises:
        SubmissionError: a check fails; lists each problem with its file, field, what was found,
            what was expected, and a remedy.
    """
    return inspect(json_path, expected).result


def read(json_path: Path) -> Scored:
    """Read a result and its clips table; check the schema, and each row of the table.

    The numbers of the result are not compared with the table, and it need not be complete.

    Raises:
        SubmissionError: see `check`.
    """
    result = read_result(json_path)
    path = clips_path(json_path)
    table = _table(json_path, path, read_clips(path, json_path), result)
    return Scored(str(json_path), result, table)


def inspect(
    json_path: Path,
    expected: Expected | None = None,
    as_row: Callable[[Result], Result] | None = None,
) -> Submission:
    """Check a result, and return it with the bytes of its clips table.

    Each file is read only once, so that the board stores what was checked.

    Args:
        json_path: as for `check`.
        expected: as for `check`.
        as_row: returns the result as its row says it, which is what is checked and returned. None:
            as it is.

    Raises:
        SubmissionError: see `check`.
    """
    read_as = read_result(json_path)
    result = as_row(read_as) if as_row else read_as
    in_words = list(_problems_in_words(json_path.name, result))
    try:
        data = _checked_table(json_path, result, expected)
    except SubmissionError as error:
        raise SubmissionError(str(json_path), [*in_words, *error.problems]) from error
    _refuse(json_path, in_words)
    return Submission(result, data)


def _problems_in_words(file: str, result: Result) -> Iterator[Problem]:
    """Yield what is wrong with what a result says, beside its numbers."""
    for problems in (said_problems, agreement_problems, word_problems):
        yield from problems(file, result)


def _checked_table(json_path: Path, result: Result, expected: Expected | None) -> bytes:
    """Return the bytes of the clips table, from which every number of the result follows."""
    if expected:
        _refuse(json_path, document_problems(json_path.name, result, expected))
    path = clips_path(json_path)
    data = read_clips(path, json_path)
    table = _table(json_path, path, data, result)
    _refuse(json_path, _coverage_problems(json_path, path, result, table))
    _refuse(json_path, label_problems(json_path.name, result, table))
    if expected:
        _refuse(json_path, clip_problems(path.name, table, expected))
    try:
        recomputed = summarize(table, result.scoring.average)
    except ValueError as error:
        problem = Problem(path.name, "table", str(error), "a table that can be averaged", RERUN)
        raise SubmissionError(str(json_path), [problem]) from error
    _refuse(json_path, _number_problems(json_path, result, recomputed))
    _refuse(json_path, joint_problems(json_path.name, result))
    return data


def _table(json_path: Path, path: Path, data: bytes, result: Result) -> pd.DataFrame:
    """Read the per-clip table, and check its hash, columns, values and rows."""
    names = COLUMNS[result.schema_version]
    table = clips.to_frame(read_table(str(json_path), path.name, data, result, names))
    _refuse(json_path, rows.value_problems(path.name, table, result))
    _refuse(json_path, rows.row_problems(path.name, table))
    _refuse(json_path, relation_problems(path.name, table, result))
    return table


def _coverage_problems(
    json_path: Path, path: Path, result: Result, table: pd.DataFrame
) -> Iterator[Problem]:
    coverage, file = result.coverage, json_path.name
    keys = {(str(name), int(severity)) for name, severity in _pairs(table)}
    found_in_table = {
        "clips": len(table[[*clips.CLIP_KEY]].drop_duplicates()),
        "cells": len(keys),
        "n_scored": int(table["frames"].sum()),
    }
    for field, count in found_in_table.items():
        stated = getattr(coverage, field)
        if stated != count:
            expected = f"{count} (counted in {path.name})"
            yield Problem(file, f"coverage.{field}", str(stated), expected, RERUN)
    if coverage.n_scored != coverage.n_expected:
        found = f"{counted(coverage.n_scored, 'frame')} in {counted(coverage.cells, 'cell')}"
        expected = (
            f"{coverage.n_expected:,} (n_expected): every frame of every cell of the benchmark"
        )
        remedy = (
            "build all cells (run 'corruptbench build' without a choice of cells), then " + RERUN
        )
        yield Problem(file, "coverage.n_scored", found, expected, remedy)
    if CLEAN not in keys:
        expected = "a cell 'clean' of severity 0"
        remedy = "build the shards with the clean cell, then " + RERUN
        yield Problem(path.name, "cells", "no clean cell", expected, remedy)
    elif keys == {CLEAN}:
        remedy = "build the shards with the benchmark's corruptions, then " + RERUN
        yield Problem(path.name, "cells", "only the clean cell", "corrupted cells too", remedy)
    stated_keys = [(cell.corruption, cell.severity) for cell in result.cells]
    if sorted(stated_keys) != sorted(keys):
        odd = sorted(set(stated_keys) ^ keys) or sorted(stated_keys)
        found = f"{counted(len(stated_keys), 'cell')}; first that differs: {odd[0][0]}/{odd[0][1]}"
        expected = f"the {len(keys)} cells of {path.name}, once each"
        yield Problem(file, "cells", found, expected, RERUN)


def _pairs(table: pd.DataFrame) -> Iterable[tuple[object, int]]:
    return table[[*clips.CELL_KEY]].drop_duplicates().itertuples(index=False, name=None)


def _number_problems(json_path: Path, result: Result, expected: Summary) -> Iterator[Problem]:
    """Compare every number of the result with the one computed from the table.

    A result may lack an mCE, as the reference may be newer than the result.
    """
    stated = dict(every_number(result)) | dict(leaves("mce", result.mce))
    worked_out = dict(every_number(expected))
    if result.mce:
        whole = result.model_copy(update={"cells": expected.cells})
        worked_out |= dict(leaves("mce", mean_corruption_error(whole)))
    for field in sorted(stated.keys() | worked_out.keys()):
        found, right = stated.get(field), worked_out.get(field)
        if found is None or right is None or not _same(found, right):
            yield Problem(
                json_path.name,
                field,
                "nothing" if found is None else short(found),
                "nothing" if right is None else f"{right!r} (recomputed from the clips table)",
                RERUN,
            )


def _same(a: float | str, b: float | str) -> bool:
    if isinstance(a, str) or isinstance(b, str):
        return a == b
    return math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def _refuse(json_path: Path, problems: Iterable[Problem]) -> None:
    found = list(problems)
    if found:
        raise SubmissionError(str(json_path), found)
