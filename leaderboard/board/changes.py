"""What somebody changed on a board: rows are added, and nothing else, but for what is said of them.

The board before the change is that of the owner, such as the target branch of a pull request.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence, Set
from contextlib import suppress
from pathlib import Path, PurePath

from corruptbench.leaderboard.about import About
from corruptbench.leaderboard.board.as_row import text_of
from corruptbench.leaderboard.board.folder import CLIPS_FILE, RESULT_FILE, in_row, read_board, rows
from corruptbench.leaderboard.board.standing import said_otherwise, words
from corruptbench.leaderboard.problem import Problem, SubmissionError
from corruptbench.leaderboard.published import published
from corruptbench.leaderboard.referee.submission import read_result
from corruptbench.leaderboard.schema import Benchmark, Result
from corruptbench.leaderboard.status import status_problems
from corruptbench.leaderboard.text import short

_ONLY = "a pull request adds rows, or completes what a row says of its lifter"


def changed_rows(board: Path, before: Path) -> list[Path]:
    """Return the folders of the rows that are new or changed, sorted.

    Args:
        board: the board's folder.
        before: the folder of the same board before the change.

    Raises:
        SubmissionError: one of them is not a folder.
    """
    old = _files(before)
    names = {
        PurePath(name).parent
        for name, digest in _files(board).items()
        if digest != old.get(name) and _is_of_row(name)
    }
    return [board / name for name in sorted(names)]


def change_problems(board: Path, before: Path) -> list[Problem]:
    """Return what a change of a board may not do.

    No file is removed, and no other file than the two of a row is added. A new row has no status,
    and its benchmark is published or on the board already: nobody can check the clips of another
    one. Of a row that was there only `About` is completed; so its status, too, stays as it was.

    Args:
        board: the board's folder.
        before: the folder of the same board before the change.

    Raises:
        SubmissionError: one of them is not a folder.
    """
    known = {row.benchmark for row in read_board(before).results} | published()
    problems = list(_file_problems(_files(board), _files(before)))
    for row in changed_rows(board, before):
        problems += _row_problems(row, before / row.relative_to(board), known)
    return problems


def known_before(
    problems: Sequence[Problem], board: Path, earlier: Sequence[Problem], before: Path
) -> list[Problem]:
    """Return the problems of a board that it had before a change, in rows that did not change.

    Whoever adds a row cannot repair those of others, such as rows that break a newer rule.

    Args:
        problems: of the board.
        board: the board's folder.
        earlier: problems of the same board before the change.
        before: its folder.
    """
    changed = {str(row) for row in changed_rows(board, before)}
    had = {problem._replace(file=_inside(problem.file, before)) for problem in earlier}
    return [
        problem
        for problem in problems
        if problem._replace(file=_inside(problem.file, board)) in had
        and not changed & {problem.file, str(PurePath(problem.file).parent)}
    ]


def _inside(file: str, board: Path) -> str:
    return str(PurePath(file).relative_to(board)) if PurePath(file).is_relative_to(board) else file


def completed(row: Path, board: Path, before: Path) -> dict[str, str]:
    """Return what a row says of its lifter and did not say before, by field; nothing for a new row.

    Anybody can complete a row, and nothing proves that its authors did.

    Args:
        row: its folder.
        board: the board's folder.
        before: the folder of the same board before the change.

    Raises:
        SubmissionError: the row cannot be read.
    """
    try:
        old = read_result(before / row.relative_to(board) / RESULT_FILE)
    except SubmissionError:
        return {}
    now, said = (r.lifter.about or About() for r in (read_result(row / RESULT_FILE), old))
    return {
        field: words(value)
        for field, value in now
        if value is not None and getattr(said, field) is None
    }


def _file_problems(now: dict[str, str], old: dict[str, str]) -> Iterator[Problem]:
    for name in sorted(old.keys() - now.keys()):
        yield Problem(name, "file", "nothing", "the file as before", f"restore it: {_ONLY}")
    for name in sorted(name for name in now if now[name] != old.get(name)):
        if not (_is_of_row(name) and now[name]):
            found = "a file" if now[name] else "a link or a special file"
            expected = f"only BENCHMARK/ROW/{RESULT_FILE} and {CLIPS_FILE}, as files"
            yield Problem(name, "file", found, expected, "remove it")


def _row_problems(row: Path, old: Path, known: Set[Benchmark]) -> Iterator[Problem]:
    """Yield the problems of a row that is new or changed; whether it is whole is not looked at.

    Args:
        row: its folder.
        old: its folder before the change.
        known: benchmarks that were on the board or are published.
    """
    with suppress(SubmissionError):  # the audit reports what cannot be read
        result = read_result(row / RESULT_FILE)
        yield from _text_problems(row / RESULT_FILE, result)
        try:
            present = read_result(old / RESULT_FILE)
        except SubmissionError:
            new = [*status_problems(RESULT_FILE, result), *_benchmark_problems(result, known)]
            yield from in_row(row, SubmissionError(str(row), new))
            return
        yield from _differences(f"{row}/{RESULT_FILE}", present, result)


def _benchmark_problems(result: Result, known: Set[Benchmark]) -> Iterator[Problem]:
    """Refuse the first row of a benchmark that the owner of the board did not add."""
    if result.benchmark not in known:
        found = f"{result.benchmark.id}, version {result.benchmark.version}, of another manifest"
        remedy = "ask the owner of the board to add the first row of a benchmark"
        expected = "a published benchmark, or one that is on the board"
        yield Problem(RESULT_FILE, "benchmark", found, expected, remedy)


def _text_problems(path: Path, result: Result) -> Iterator[Problem]:
    """Refuse another text than ours: a reader could find in it what the software does not read."""
    if path.read_bytes() != text_of(result):
        found, expected = "another text", "the text that submit writes, to the byte"
        yield Problem(
            str(path), "document", found, expected, "add the row by 'corruptbench submit'"
        )


def _differences(file: str, old: Result, new: Result) -> Iterator[Problem]:
    """Yield each part of a row that was there and is not the same."""
    remedy = f"restore it: {_ONLY}"
    for field, before, now in said_otherwise(old, new):
        if field != "supersedes":  # which is below
            yield Problem(file, field, short(now), short(before), remedy)
    pairs = {name: (getattr(old, name), getattr(new, name)) for name in Result.model_fields}
    pairs["lifter"] = (_without_about(old), _without_about(new))
    for field, (before, now) in pairs.items():
        if before != now:
            yield Problem(file, field, _text(now), f"{_text(before)}, as before", remedy)
    said, kept = (r.lifter.about.model_dump() if r.lifter.about else {} for r in (new, old))
    for field in kept.keys() - said.keys():
        yield Problem(file, f"lifter.about.{field}", "nothing", short(kept[field]), remedy)


def _without_about(result: Result) -> object:
    return result.lifter.model_copy(update={"about": None})


def _text(value: object) -> str:
    return "nothing" if value is None else short(str(value))


def _is_of_row(name: str) -> bool:
    """Tell whether a file has the place and the name of one of the two files of a row."""
    parts = PurePath(name).parts
    return (
        len(parts) == 3
        and parts[2] in (RESULT_FILE, CLIPS_FILE)
        and not any(part.startswith(".") for part in parts)
    )


def _files(board: Path) -> dict[str, str]:
    """Return the digest of each file below a board; nothing for a link and for special files."""
    rows(board)  # which raises if it is no folder
    found = {}
    for folder, below, names in os.walk(board):
        linked = [name for name in below if os.path.islink(os.path.join(folder, name))]
        for path in (Path(folder) / name for name in (*names, *linked)):
            is_file = path.is_file() and not path.is_symlink()
            found[str(path.relative_to(board))] = _digest(path) if is_file else ""
    return found


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
