"""The board: a folder of accepted results, ``<board>/<benchmark id>-v<version>/<lifter name>/``.

A row is a folder with ``result.json`` and ``clips.parquet``. Rows are only added: an accepted score
never changes.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from typing import Literal

import numpy as np

from corruptbench.leaderboard import referee
from corruptbench.leaderboard.about import About
from corruptbench.leaderboard.atomic import atomic
from corruptbench.leaderboard.columns import METRIC_COLUMNS
from corruptbench.leaderboard.expected import Expected
from corruptbench.leaderboard.problem import Problem, SubmissionError
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.submission import read_result
from corruptbench.leaderboard.text import listed, short
from corruptbench.leaderboard.wide import CLEAN

RESULT_FILE = "result.json"
CLIPS_FILE = "clips.parquet"

#: Results of two versions of the schema are the same up to this, mm or percent. Our own choice: far
#: above the rounding between batches of other shapes (3e-6 mm), far below what a table shows.
CLOSE = 0.001

_LOG = logging.getLogger(__name__)
_OTHER_NAME = "submit under another name, for example with a version suffix (NAME-2)"


def submit(
    json_path: Path, board: Path, expected: Expected | None, about: About | None = None
) -> Path:
    """Add a result to the board if the referee accepts it; return the row's folder.

    A result that the board already has changes nothing and is logged. The row appears whole or not
    at all.

    Args:
        json_path: the result; its clips table is beside it (``NAME.clips.parquet``).
        board: the board's folder; made if it is missing.
        expected: what the benchmark of this board expects of every result; None accepts any
            benchmark, and any part of it.
        about: what the authors say about the lifter; its fields replace those of the result.

    Raises:
        SubmissionError: the referee refuses the result, or the board has a row of that name with
            another model or other scores.
        OSError: the row cannot be written.
    """
    submission = referee.inspect(json_path, expected)
    result = with_about(submission.result, about)
    row = row_path(result, board)
    if standing(result, board) == "same":
        _LOG.info("%s is on the board already; nothing was changed", row)
        return row
    _add(submission._replace(result=result), row)
    return row


def with_about(result: Result, about: About | None) -> Result:
    """Return a result with what is said about its lifter, field by field in place of its own."""
    if about is None:
        return result
    own = result.lifter.about.model_dump() if result.lifter.about else {}
    whole = About.model_validate({**own, **about.model_dump()})
    return result.model_copy(update={"lifter": result.lifter.model_copy(update={"about": whole})})


def row_path(result: Result, board: Path) -> Path:
    """Return the folder that is, or would be, the result's row."""
    folder = f"{result.benchmark.id}-v{result.benchmark.version}"
    return board / folder / result.lifter.name


def standing(result: Result, board: Path) -> Literal["new", "same"]:
    """Return whether the result would be a new row of the board or is there already.

    The same result may have other software and another command. Scores, model, benchmark and
    shards must be equal. A result of another version of the schema is the same if all that both
    have is equal up to `CLOSE`; the row on the board keeps its version.

    Raises:
        SubmissionError: the name is taken by another model or other scores, or a name on the board
            differs only in upper and lower case.
    """
    row = row_path(result, board)
    if not row.exists():
        _refuse_case_twin(row)
        return "new"
    problems = [
        Problem(str(row), field, short(new), f"{short(old)} (on the board)", _OTHER_NAME)
        for field, old, new in _changes(read_result(row / RESULT_FILE), result)
    ]
    if problems:
        raise SubmissionError(f"a change to the row {row}", problems)
    return "same"


def find(name: str, board: Path) -> Path:
    """Return the result of the row with this name: a lifter's, or FOLDER/LIFTER.

    Raises:
        SubmissionError: there is no such row, or several benchmarks have one.
    """
    if not board.is_dir():
        problem = Problem(
            str(board),
            short(name),
            "no such file, and the board's folder does not exist here",
            "a result file, or a row of a board",
            "name a file that exists, or give the folder of the board (option board)",
        )
        raise SubmissionError(f"the result {short(name)}", [problem], "is not found")
    rows = [row for folder in _folders(board) for row in _folders(folder)]
    named = [row for row in rows if name in (row.name, f"{row.parent.name}/{row.name}")]
    if len(named) == 1:
        return named[0] / RESULT_FILE
    texts = [f"{row.parent.name}/{row.name}" for row in named or rows]
    found = "several rows" if named else "no such file, and no such row"
    expected = f"a result file, or a row: {listed(texts) or 'the board has none'}"
    problem = Problem(str(board), short(name), found, expected, "name one of them")
    verdict = "is not clear" if named else "is not found"
    raise SubmissionError(f"the result {short(name)}", [problem], verdict)


def load(board: Path) -> list[Result]:
    """Read every result of the board, sorted by benchmark id and lifter name.

    Only the JSON files are read. Folders whose names begin with a dot, and files beside the
    folders, are ignored.

    Raises:
        SubmissionError: the board is not a folder, or a row lacks a file, breaks the schema, or is
            in a folder of another name; lists all such rows.
    """
    if not board.is_dir():
        remedy = "name the board's folder, or make it with a first 'corruptbench submit'"
        raise SubmissionError(
            str(board), [Problem(str(board), "board", "none", "a folder", remedy)]
        )
    results: list[Result] = []
    problems: list[Problem] = []
    for row in (row for benchmark in _folders(board) for row in _folders(benchmark)):
        try:
            results.append(_load_row(row, board))
        except SubmissionError as error:
            problems += [
                problem._replace(file=f"{row}/{problem.file}") for problem in error.problems
            ]
    if problems:
        raise SubmissionError(str(board), problems)
    return sorted(results, key=lambda result: (result.benchmark.id, result.lifter.name))


def _load_row(row: Path, board: Path) -> Result:
    restore = "restore the row from version control, or remove its folder"
    result = read_result(row / RESULT_FILE)
    problems = []
    if not (row / CLIPS_FILE).is_file():
        problems.append(Problem(CLIPS_FILE, "file", "no file", "the clips table", restore))
    if row_path(result, board) != row:
        expected = f"folder {row_path(result, board).relative_to(board)}"
        found = f"folder {row.parent.name}/{row.name}"
        problems.append(Problem(RESULT_FILE, "lifter.name", found, expected, restore))
    problems += [
        Problem(RESULT_FILE, field, "other corruptions or no value", expected, restore)
        for field, expected in _unfit(result)
    ]
    if problems:
        raise SubmissionError(str(row), problems)
    return result


def _unfit(result: Result) -> Iterator[tuple[str, str]]:
    """Yield (field, expected) of what cannot be shown: cells and means that do not fit."""
    names = {cell.corruption for cell in result.cells}
    if CLEAN not in {(cell.corruption, cell.severity) for cell in result.cells}:
        yield "cells", "a clean cell"
    for metric in METRIC_COLUMNS:
        error = getattr(result, metric)
        if error and error.corruptions.keys() != names - {CLEAN[0]}:
            yield f"{metric}.corruptions", "the corruptions of the cells"
        if error and any(getattr(cell, metric) is None for cell in result.cells):
            yield "cells", f"a value of {metric} in each"


def _folders(parent: Path) -> Iterator[Path]:
    for path in sorted(parent.iterdir()):
        if path.is_dir() and not path.name.startswith("."):
            yield path


def _changes(old: Result, new: Result) -> Iterator[tuple[str, object, object]]:
    """Yield (field, old, new) for each part of a row that never changes and is not the same.

    Results of two versions of the schema are compared in what both have, and up to `CLOSE`: they
    were evaluated by different releases.
    """
    for field in ("lifter.sha256", "benchmark", "build.weights_sha256", "build.pixels_sha256"):
        before, now = attrgetter(field)(old), attrgetter(field)(new)
        if before != now:
            yield field, before, now
    if new.lifter.about and new.lifter.about != old.lifter.about:
        yield "lifter.about", old.lifter.about, new.lifter.about
    same_version = old.schema_version == new.schema_version
    scores, new_scores = _scores(old), _scores(new)
    shared = scores.keys() | new_scores if same_version else scores.keys() & new_scores
    for field in sorted(shared):
        before, now = scores.get(field, np.nan), new_scores.get(field, np.nan)
        if before != now if same_version else not abs(before - now) <= CLOSE:
            yield field, before, now
    if same_version and _digest(old) != _digest(new):
        yield "cells", _digest(old), _digest(new)


def _scores(result: Result) -> dict[str, float]:
    """Return the clean and the corrupted mean of each metric that a result has."""
    errors = {metric: getattr(result, metric) for metric in METRIC_COLUMNS}
    return {
        f"{metric}.{part}": getattr(error, part)
        for metric, error in errors.items()
        if error
        for part in ("clean", "corrupted")
    }


def _digest(result: Result) -> str:
    cells = hashlib.sha256(repr(sorted(result.cells, key=repr)).encode()).hexdigest()
    return f"numbers of digest {cells[:16]}"


def _refuse_case_twin(row: Path) -> None:
    """Refuse names that differ only in case: they are one folder on some file systems."""
    for parent, name in ((row.parent.parent, row.parent.name), (row.parent, row.name)):
        present = [path.name for path in parent.iterdir()] if parent.is_dir() else []
        twins = [other for other in present if other != name and other.lower() == name.lower()]
        if twins:
            problem = Problem(str(parent), "name", name, f"not {twins[0]} again", _OTHER_NAME)
            raise SubmissionError(f"a new row {row}", [problem])


def _add(submission: referee.Submission, row: Path) -> None:
    with atomic(row) as folder:
        folder.mkdir()
        text = submission.result.model_dump_json(indent=2) + "\n"
        (folder / RESULT_FILE).write_bytes(text.encode())
        (folder / CLIPS_FILE).write_bytes(submission.clips)
