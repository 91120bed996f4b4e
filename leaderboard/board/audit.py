"""Check a whole board again from its files, as if every row were submitted now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from corruptbench.leaderboard.board.folder import RESULT_FILE, in_row, read_board, rows
from corruptbench.leaderboard.board.portable import EXPECTED, is_portable
from corruptbench.leaderboard.expected import Expected
from corruptbench.leaderboard.look_alike import skeleton
from corruptbench.leaderboard.problem import Problem, SubmissionError
from corruptbench.leaderboard.ranking.superseding import refused
from corruptbench.leaderboard.ranking.twins import excluded
from corruptbench.leaderboard.referee import inspection
from corruptbench.leaderboard.referee.submission import read_result
from corruptbench.leaderboard.schema import Benchmark, Result
from corruptbench.leaderboard.status import is_confirmed


def audit(board: Path, expected: Callable[[Benchmark], Expected | None]) -> list[Problem]:
    """Return all problems of a board: files, names, hashes, sizes, every number, and successors.

    Args:
        board: its folder.
        expected: what the owner knows of a benchmark; None for one that the owner does not know,
            whose rows are then only compared with their own tables.

    Raises:
        SubmissionError: the board is not a folder.
    """
    problems = list(read_board(board).problems)
    broken = {Path(problem.file).parent for problem in problems}
    whole = [row for row in rows(board) if row not in broken]
    found: list[tuple[Path, Result]] = []
    for row in whole:
        try:
            path = row / RESULT_FILE
            known = expected(read_result(path).benchmark)
            found.append((row, inspection.check(path, known)))
        except SubmissionError as error:
            problems += in_row(row, error)
    found.sort(key=lambda one: not is_confirmed(one[1]))
    confirmed = [row for row, result in found if is_confirmed(result)]
    in_order = sorted(rows(board), key=lambda row: row not in confirmed)
    names = [*_not_portable(rows(board)), *_look_alikes(in_order)]
    return [*problems, *names, *_twins(found), *_superseding(found)]


def _not_portable(folders: list[Path]) -> Iterator[Problem]:
    """Yield the rows that cannot be checked out on some systems."""
    for row in folders:
        if not is_portable(row.name):
            yield Problem(str(row), "name", row.name, EXPECTED, "give it another name")


def _look_alikes(folders: list[Path]) -> Iterator[Problem]:
    """Yield the rows whose names look like that of another row of the same benchmark.

    Args:
        folders: of all rows, those of confirmed rows first, so that these are not found.
    """
    first: dict[tuple[Path, str], Path] = {}
    for row in folders:
        other = first.setdefault((row.parent, skeleton(row.name)), row)
        if other != row:
            expected = f"a name that does not look like {other.name}"
            yield Problem(str(row), "name", row.name, expected, "give one of them another name")


def _superseding(rows_found: list[tuple[Path, Result]]) -> Iterator[Problem]:
    """Yield what rows say without right that they supersede."""
    results = [result for _, result in rows_found]
    for row, result in rows_found:
        yield from refused(f"{row}/{RESULT_FILE}", result, results)


def _twins(rows_found: list[tuple[Path, Result]]) -> Iterator[Problem]:
    """Yield the rows that a verified one excludes: its model or numbers under another name."""
    folders: dict[Path, dict[str, Result]] = {}
    for row, result in rows_found:
        folders.setdefault(row.parent, {})[row.name] = result
    for folder, results in folders.items():
        for name, (other, twin) in excluded([*results.values()]).items():
            found = f"the {twin.found} of {other}, which is verified"
            remedy = "remove the row, or verify it if it is the same model on the same shards"
            file = f"{folder / name / RESULT_FILE}"
            yield Problem(file, twin.field, found, twin.expected, remedy)
