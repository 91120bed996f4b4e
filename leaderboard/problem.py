"""Problems of a submission or a board, worded so that the reader can repair them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from corruptbench.leaderboard.text import counted, printable

#: A message lists at most so many problems; the rest are counted.
LISTED = 20


class Problem(NamedTuple):
    """One problem: its file and field, what was found, what was expected, how to repair it."""

    file: str
    field: str
    found: str
    expected: str
    remedy: str

    def __str__(self) -> str:
        """Return two lines: the problem, then the remedy."""
        file, field, found, expected, remedy = map(printable, self)
        return f"{file}: {field}: found {found}, expected {expected}\n     remedy: {remedy}"


class SubmissionError(ValueError):
    """A result or a board that cannot be accepted.

    Attributes:
        problems: every problem.
        parameter: name of the argument that repairs them, where one is known. The command line
            adds its option.
    """

    def __init__(
        self,
        subject: str,
        problems: Sequence[Problem],
        verdict: str | None = None,
        parameter: str | None = None,
    ) -> None:
        self.subject = subject
        self.parameter = parameter
        self.problems = tuple(problems)
        refused = f"is refused, {counted(len(self.problems), 'problem')}"
        super().__init__(_message(printable(f"{subject} {verdict or refused}"), self.problems))


def _message(verdict: str, problems: Sequence[Problem]) -> str:
    lines = [f"{verdict}:"]
    lines += [f"  {number}. {problem}" for number, problem in enumerate(problems[:LISTED], 1)]
    if len(problems) > LISTED:
        lines.append(f"  ... and {len(problems) - LISTED} more")
    return "\n".join(lines)
