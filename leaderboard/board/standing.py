"""Whether a result is new to a board, is there already, or must not be there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from operator import attrgetter
from pathlib import Path
from typing import Literal

import numpy as np

from corruptbench.leaderboard.about import About
from corruptbench.leaderboard.board.as_row import with_about
from corruptbench.leaderboard.board.folder import RESULT_FILE, read_board, row_path
from corruptbench.leaderboard.board.mistaken import refuse_level_off
from corruptbench.leaderboard.board.portable import EXPECTED, is_portable
from corruptbench.leaderboard.look_alike import look_alike
from corruptbench.leaderboard.problem import Problem, SubmissionError
from corruptbench.leaderboard.ranking.equal_numbers import CLOSE, scores
from corruptbench.leaderboard.ranking.superseding import refused
from corruptbench.leaderboard.ranking.twins import excluded_by, is_verified, lines_of
from corruptbench.leaderboard.referee.submission import read_json, read_result
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.text import short

#: What a row is of.
_IDENTITY = (
    "lifter.sha256", "benchmark", "build.detector", "build.weights_sha256", "build.boxes",
    "build.pixels_sha256",
)  # fmt: skip
#: What is said of a lifter stays, as anybody could change it in the name of its authors.
_CORRECT = (
    "what a row says stays; to correct it, submit the same result under another name, as a row "
    "that supersedes {}"
)
_OTHER_NAME = "give the row a name of its own, such as NAME-2 or NAME-thunder"


def standing(result: Result, board: Path) -> Literal["new", "same", "more"]:
    """Return whether the result would be a new row of the board or is there already.

    "more": it is there, and something is said of the lifter that the row does not say.

    The same result may have other software and another command. Model, benchmark and shards must
    be equal, and scores up to `CLOSE`. A result of another version of the schema is the same if
    all that both have is; the row on the board keeps its version.

    Raises:
        SubmissionError: the board is just above or below that folder; some systems do not permit
            the name; it is taken by another model, other shards or other scores; a name on the
            board differs only in upper and lower case, or looks like it; another row is of the
            same model and shards; what is said of the lifter differs from what the row says; or
            the result cannot supersede the row that it names.
    """
    row = row_path(result, board)
    if not row.exists():
        refuse_level_off(board)
        _refuse_not_portable(row)
        _refuse_case_twin(row)
        _refuse_look_alike(row)
        rows = read_board(board).results if result.supersedes and board.is_dir() else []
        beside = [other for other in rows if row_path(other, board).parent == row.parent]
        _refuse_same_model(result, row, beside)
        _refuse_superseding(result, board, rows)
        return "new"
    present = read_result(row / RESULT_FILE)
    changes = list(_changes(present, result))
    is_said = all(field.startswith("lifter.about.") for field, _, _ in changes)
    remedy = _CORRECT.format(row.name) if is_said else _OTHER_NAME
    problems = [
        Problem(str(row), field, short(new), f"{short(old)} (on the board)", remedy)
        for field, old, new in changes
    ]
    if problems:
        parameter = "supersedes" if is_said else "name"
        raise SubmissionError(f"a change to the row {row}", problems, parameter=parameter)
    return "same" if with_about(present, result.lifter.about) == present else "more"


def _changes(old: Result, new: Result) -> Iterator[tuple[str, object, object]]:
    """Yield (field, old, new) for each part of a row that never changes and is not the same.

    Scores are compared up to `CLOSE`, because machines round differently. Results of two versions
    of the schema are compared in what both have.
    """
    other = [
        (field, before, now)
        for field in _IDENTITY
        if (before := attrgetter(field)(old)) != (now := attrgetter(field)(new))
    ]
    yield from other
    if other:  # every score differs, too
        return
    yield from said_otherwise(old, new)
    said, found = scores(old), scores(new)
    same_version = old.schema_version == new.schema_version
    every = [f for f in said | found if same_version or f in said.keys() & found]
    for field in every:
        before, now = said.get(field, np.nan), found.get(field, np.nan)
        if not abs(before - now) <= CLOSE:
            yield field, before, now


def said_otherwise(old: Result, new: Result) -> Iterator[tuple[str, object, object]]:
    """Yield what the authors said otherwise, and what would take a row's rank away."""
    before, now = old.lifter.about or About(), new.lifter.about or About()
    for field, value in before:
        said = getattr(now, field)
        if value is not None and said is not None and value != said:
            yield f"lifter.about.{field}", words(value), words(said)
    if before.training_data is None and now.saw_corruptions:
        yield "lifter.about.training_data", "nothing", words(now.training_data)
    if new.supersedes not in (None, old.supersedes):  # only a new row can say it
        yield "supersedes", old.supersedes or "nothing", new.supersedes


def words(value: object) -> str:
    """Return the value of a field of `About` as text."""
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _refuse_not_portable(row: Path) -> None:
    """Refuse names that cannot be folders on some systems."""
    if not is_portable(row.name):
        problem = Problem(str(row.parent), "name", row.name, EXPECTED, _OTHER_NAME)
        raise SubmissionError(f"a new row {row}", [problem])


def _refuse_case_twin(row: Path) -> None:
    """Refuse names that differ only in case: they are one folder on some file systems."""
    for parent, name in ((row.parent.parent, row.parent.name), (row.parent, row.name)):
        present = [path.name for path in parent.iterdir()] if parent.is_dir() else []
        twins = [other for other in present if other != name and other.lower() == name.lower()]
        if twins:
            problem = Problem(str(parent), "name", name, f"not {twins[0]} again", _OTHER_NAME)
            raise SubmissionError(f"a new row {row}", [problem])


def _refuse_look_alike(row: Path) -> None:
    """Refuse a name that a reader can take for that of another row of the benchmark."""
    present = sorted(path.name for path in row.parent.iterdir()) if row.parent.is_dir() else []
    if other := look_alike(row.name, present):
        expected = f"a name that does not look like {other}"
        problem = Problem(str(row.parent), "name", row.name, expected, _OTHER_NAME)
        raise SubmissionError(f"a new row {row}", [problem])


def _refuse_same_model(result: Result, row: Path, beside: Sequence[Result]) -> None:
    """Refuse a new row whose model, or whose numbers, a verified row has.

    No other row keeps it away: anybody can write a digest and numbers into a claimed one.
    """
    lines = lines_of([*beside, result])
    for other in filter(is_verified, _rows_with(b'"verified"', row.parent)):
        if twin := excluded_by(result, other, lines):
            name = other.lifter.name
            found, remedy = f"the {twin.found} of {name}", twin.remedy.format(name)
            problem = Problem(str(row), twin.field, found, twin.expected, remedy)
            raise SubmissionError(f"a new row {row}", [problem])


def _refuse_superseding(result: Result, board: Path, rows: Sequence[Result]) -> None:
    """Refuse a new row that says without right that it supersedes another one."""
    if problems := refused(str(row_path(result, board)), result, [*rows, result]):
        raise SubmissionError(f"a new row {row_path(result, board)}", problems)


def _rows_with(word: bytes, folder: Path) -> Iterator[Result]:
    """Yield the rows of a folder in whose file a word stands; broken ones do not count.

    The others are not decoded, as there can be hundreds.
    """
    for path in sorted(folder.glob(f"*/{RESULT_FILE}")):
        with suppress(SubmissionError):
            if word in read_json(path):
                yield read_result(path)
