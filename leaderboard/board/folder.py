"""A board as it lies on disk: ``<board>/<benchmark id>-v<version>/<lifter name>/``.

A row is a folder with ``result.json`` and ``clips.parquet``. Rows on the boxes of a person detector
lie in ``<benchmark id>-v<version>-boxes-<its name>``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from corruptbench.leaderboard.about import shown
from corruptbench.leaderboard.board.mistaken import board_below, refuse_level_off
from corruptbench.leaderboard.columns import METRIC_COLUMNS
from corruptbench.leaderboard.problem import Problem, SubmissionError
from corruptbench.leaderboard.referee.submission import read_result
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.statistics.wide import CLEAN
from corruptbench.leaderboard.text import listed, short

RESULT_FILE = "result.json"
CLIPS_FILE = "clips.parquet"
#: How to repair a row whose files do not belong together.
RESTORE = "restore the row from version control, or remove its folder"


def row_path(result: Result, board: Path) -> Path:
    """Return the folder that is, or would be, the result's row."""
    return board / folder_name(result) / result.lifter.name


def folder_name(result: Result) -> str:
    """Return the name of the folder whose rows are on the same benchmark, with the same boxes."""
    boxes = result.build.boxes
    name = f"{result.benchmark.id}-v{result.benchmark.version}"
    return f"{name}-boxes-{boxes.detector.replace(':', '-')}" if boxes else name


def find(name: str, board: Path) -> Path:
    """Return the result of the row with this name: a lifter's, or FOLDER/LIFTER.

    Raises:
        SubmissionError: there is no such row, or several benchmarks have one.
    """
    if not board.is_dir():
        remedy = "name a file that exists, or give the folder of the board"
        found = "a folder" if Path(name).is_dir() else "no such file"
        found += ", and the board's folder does not exist here"
        expected = "a result file, or a row of a board"
        problem = Problem(str(board), short(name), found, expected, remedy)
        raise SubmissionError(f"the result {short(name)}", [problem], "is not found")
    every = rows(board)
    named = [row for row in every if name in (row.name, f"{row.parent.name}/{row.name}")]
    if len(named) == 1:
        return named[0] / RESULT_FILE
    texts = [f"{row.parent.name}/{row.name}" for row in named or every]
    found = "several rows" if named else "no such file, and no such row"
    expected = f"a result file, or a row: {listed(texts) or 'the board has none'}"
    problem = Problem(str(board), short(name), found, expected, "name one of them")
    verdict = "is not clear" if named else "is not found"
    raise SubmissionError(f"the result {short(name)}", [problem], verdict)


class Board(NamedTuple):
    """What can be read of a board.

    Attributes:
        results: of the rows that are whole, sorted by benchmark id and lifter name.
        problems: of the others, which are left out.
    """

    results: list[Result]
    problems: list[Problem]


def read_board(board: Path) -> Board:
    """Read every row of a board; a broken row costs no other.

    Only the JSON files are read. Folders whose names begin with a dot, and files beside the
    folders, are ignored. Links and dates that may not be shown (`about.shown`) are left out.

    Raises:
        SubmissionError: the board is not a folder.
    """
    results: list[Result] = []
    problems: list[Problem] = []
    for row in rows(board):
        try:
            results.append(_load_row(row, board))
        except SubmissionError as error:
            problems += in_row(row, error)
    return Board(sorted(results, key=lambda r: (r.benchmark.id, r.lifter.name)), problems)


def load(board: Path) -> list[Result]:
    """Read every result of a board whose rows must all be whole; see `read_board`.

    Raises:
        SubmissionError: the board is not a folder, or a row lacks a file, breaks the schema, or is
            in a folder of another name; lists all such rows.
    """
    results, problems = read_board(board)
    if problems:
        raise SubmissionError(str(board), problems)
    return results


def rows(board: Path) -> list[Path]:
    """Return the folders of all rows, sorted.

    Raises:
        SubmissionError: the board is not a folder, or another folder near it is the board.
    """
    if not board.is_dir():
        found = "no folder" if board.exists() else "none"
        remedy = "name the board's folder, or make it with a first 'corruptbench submit'"
        start = next(p for p in board.parents if p.is_dir())
        if near := board_below(start):
            found += f", and there is a board in {near}"
        raise SubmissionError(str(board), [Problem(str(board), "board", found, "a folder", remedy)])
    refuse_level_off(board)
    return [row for benchmark in _folders(board) for row in _folders(benchmark)]


def in_row(row: Path, error: SubmissionError) -> list[Problem]:
    """Return the problems of a row with its folder in the names of files."""
    return [problem._replace(file=f"{row}/{problem.file}") for problem in error.problems]


def _load_row(row: Path, board: Path) -> Result:
    result = read_result(row / RESULT_FILE)
    problems = []
    if not (row / CLIPS_FILE).is_file():
        problems.append(Problem(CLIPS_FILE, "file", "no file", "the clips table", RESTORE))
    if row_path(result, board) != row:
        expected = f"folder {row_path(result, board).relative_to(board)}"
        found = f"folder {row.parent.name}/{row.name}"
        problems.append(Problem(RESULT_FILE, "lifter.name", found, expected, RESTORE))
    problems += [
        Problem(RESULT_FILE, field, "other corruptions or no value", expected, RESTORE)
        for field, expected in _unfit(result)
    ]
    if problems:
        raise SubmissionError(str(row), problems)
    return _as_shown(result)


def _as_shown(result: Result) -> Result:
    """Return a result without links that may not be shown: such a row stays, but not its links."""
    said = result.lifter.about
    if said is None or (fit := shown(said)) is said:
        return result
    return result.model_copy(update={"lifter": result.lifter.model_copy(update={"about": fit})})


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
