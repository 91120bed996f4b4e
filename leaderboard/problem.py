"""What is wrong with a submission or a board, said so that the reader can mend it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

#: A message lists at most so many problems; the rest are counted.
LISTED = 20


class Problem(NamedTuple):
    """One finding: where it is, what is there, what should be there, what to do about it."""

    file: str
    field: str
    found: str
    expected: str
    remedy: str

    def __str__(self) -> str:
        """Two lines: the finding, then the remedy."""
        return (
            f"{self.file}: {self.field}: found {self.found}, expected {self.expected}\n"
            f"     remedy: {self.remedy}"
        )


def short(value: object) -> str:
    """Return foreign text for a message: printable, on one line, at most 80 characters."""
    text = value if isinstance(value, str) else repr(value)
    text = "".join(char if char.isprintable() else "?" for char in text)
    return text if len(text) <= 80 else text[:77] + "..."


class SubmissionError(ValueError):
    """A result or a board that cannot be accepted; ``problems`` holds every finding."""

    def __init__(self, subject: str, problems: Sequence[Problem]) -> None:
        self.subject = subject
        self.problems = tuple(problems)
        super().__init__(_message(subject, self.problems))


def _message(subject: str, problems: Sequence[Problem]) -> str:
    noun = "problem" if len(problems) == 1 else "problems"
    lines = [f"{subject} is refused, {len(problems)} {noun}:"]
    lines += [f"  {number}. {problem}" for number, problem in enumerate(problems[:LISTED], 1)]
    if len(problems) > LISTED:
        lines.append(f"  ... and {len(problems) - LISTED} more")
    return "\n".join(lines)
