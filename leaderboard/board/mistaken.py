"""Folders that are a level above or below a board."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from corruptbench.leaderboard.problem import Problem, SubmissionError

_RESULT_FILE = "result.json"
#: At most so many folders are looked at. Our own choice.
_LOOKED_AT = 1000


def is_board(folder: Path) -> bool:
    """Return whether a folder has a row, such as ``studio-c-v3/my-lifter/result.json``."""
    return any(folder.glob(f"*/*/{_RESULT_FILE}"))


def board_below(folder: Path) -> Path | None:
    """Return a board one or two levels below a folder, if there is one."""
    return next(filter(is_board, islice(_below(folder, 2), _LOOKED_AT)), None)


def refuse_level_off(folder: Path) -> None:
    """Raise `SubmissionError` if a folder has no rows, and a board is just above or below it.

    Args:
        folder: that was given as a board; it may be missing.
    """
    if is_board(folder):
        return
    above = folder.absolute().parents
    if (folder / _RESULT_FILE).is_file() and is_board(above[1]):
        found, other = "the folder of one row", above[1]
    elif any(folder.glob(f"*/{_RESULT_FILE}")) and is_board(above[0]):
        found, other = "the rows of one benchmark", above[0]
    elif below := board_below(folder):
        found, other = f"no rows, and there is a board in {below}", below
    else:
        return
    expected = "the folder of a board, BENCHMARK/ROW/result.json"
    problem = Problem(str(folder), "board", found, expected, f"give {other}")
    raise SubmissionError(str(folder), [problem], "is no board")


def _below(place: Path, levels: int) -> Iterator[Path]:
    """Yield the folders below one; none that cannot be read."""
    with suppress(OSError):
        inside = sorted(p for p in place.iterdir() if p.is_dir() and not p.name.startswith("."))
        yield from inside
        if levels > 1:
            for child in inside:
                yield from _below(child, levels - 1)
