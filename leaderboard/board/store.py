"""Add results to a board, and mark what its owner confirmed.

Rows are only added: an accepted score never changes.
"""

from __future__ import annotations

import logging
import shutil
from functools import partial
from pathlib import Path

from corruptbench.leaderboard.about import About
from corruptbench.leaderboard.atomic import atomic
from corruptbench.leaderboard.board.as_row import as_row, text_of, with_about
from corruptbench.leaderboard.board.folder import CLIPS_FILE, RESULT_FILE, read_board, row_path
from corruptbench.leaderboard.board.lock import locked
from corruptbench.leaderboard.board.standing import standing
from corruptbench.leaderboard.expected import Expected
from corruptbench.leaderboard.problem import Problem, SubmissionError
from corruptbench.leaderboard.ranking.superseding import refused
from corruptbench.leaderboard.referee import inspection
from corruptbench.leaderboard.referee.submission import read_result
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.status import Status, status_problems

_LOG = logging.getLogger(__name__)

#: What only an evaluation can see: how errors are shared among joints, and what looks odd.
SEEN = ("joint_errors", "labels", "warnings")


def submit(
    json_path: Path,
    board: Path,
    expected: Expected | None,
    about: About | None = None,
    name: str | None = None,
    supersedes: str | None = None,
) -> Path:
    """Add a result to the board if the referee accepts it; return the row's folder.

    A result that the board already has changes nothing and is logged; what is said of its lifter
    may be completed. The row appears whole or not at all.

    Args:
        json_path: the result; its clips table is beside it (``NAME.clips.parquet``).
        board: the board's folder; made if it is missing.
        expected: what the benchmark of this board expects of every result; None accepts any
            benchmark, and any part of it.
        about: what the authors say about the lifter; its fields replace those of the result.
        name: of the row; None for that of the lifter.
        supersedes: name of an older row of the same table, which loses its rank when the owner
            confirms the new row; None for what the result says.

    Raises:
        SubmissionError: the referee refuses the result, it has a status, it cannot supersede that
            row, or the board has a row of that name with another model or other scores.
        OSError: the row cannot be written, or another process does not release the board.
    """
    row_of = partial(as_row, about=about, name=name, supersedes=supersedes)
    submission = inspection.inspect(json_path, expected, row_of)
    result = submission.result
    if problems := list(status_problems(json_path.name, result)):
        raise SubmissionError(str(json_path), problems)
    row = row_path(result, board)
    with locked(board):
        state = standing(result, board)
        if state == "same":
            _LOG.info("%s is on the board already; nothing was changed", row)
        elif state == "more":
            present = read_result(row / RESULT_FILE)
            _replace_result(row, with_about(present, result.lifter.about))
        else:
            _add(submission, row)
    return row


def confirm(
    row: Path, board: Path, checked: Result, status: Status, again: Result | None = None
) -> Status:
    """Write a status into a row, and return the one that the row has then.

    A verified row stays so when its poses are scored again. What the
    referee cannot compute from the clips table is taken from the owner (`SEEN`).

    Args:
        row: its folder.
        board: the board's folder.
        checked: the result that was found again; the row must still be that.
        status: what the owner found out.
        again: the result of the owner, whose numbers are those of the row.

    Raises:
        SubmissionError: the row is not what was checked, or it cannot supersede the row that it
            names.
        OSError: the row cannot be written, or another process does not release the board.
    """
    with locked(board):
        present = read_result(row / RESULT_FILE)
        if present != checked:
            problem = Problem(str(row), "row", "another content", "what was checked", "try again")
            raise SubmissionError(f"a status of {row}", [problem], "is not written")
        if present.status and (present.status.kind, status.kind) == ("verified", "re-scored"):
            return present.status
        seen = {field: getattr(again, field) for field in SEEN} if again else {}
        marked = present.model_copy(update={**seen, "status": status})
        _refuse_void_succession(row, board, marked)
        _replace_result(row, marked)
    return status


def _refuse_void_succession(row: Path, board: Path, marked: Result) -> None:
    """Refuse a status of a row that cannot supersede the one that it names: it would do so now."""
    others = [r for r in read_board(board).results if row_path(r, board) != row]
    if problems := refused(str(row), marked, [*others, marked]):
        raise SubmissionError(f"a status of {row}", problems, "is not written")


def _replace_result(row: Path, result: Result) -> None:
    """Write the result of a row that is there; the clips table stays."""
    with atomic(row / RESULT_FILE) as temporary:
        temporary.write_bytes(text_of(result))


def _add(submission: inspection.Submission, row: Path) -> None:
    for left in row.parent.glob(f".{row.name}.????????"):  # by a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    with atomic(row) as folder:
        folder.mkdir()
        (folder / RESULT_FILE).write_bytes(text_of(submission.result))
        (folder / CLIPS_FILE).write_bytes(submission.clips)
