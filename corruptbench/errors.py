"""Errors that a user can repair: one clear message, exit code 2, no traceback."""

from __future__ import annotations

from contextlib import contextmanager
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from pydantic import ValidationError

#: The type of an error of pydantic whose text itself says what was found.
COMPLETE = "complete"


class InputError(ValueError):
    """Bad input. The message names the file or field, what was found, expected, and the remedy.

    Three subpackages have errors of their own: `corruptions.CorruptionError` (frames, or the name
    or severity of a corruption), `detectors.DetectorError` (a detector or its weights) and
    `leaderboard.SubmissionError` (a submitted result). All four are a ValueError.

    Attributes:
        parameter: name of the argument that is missing or wrong, where one is known. The command
            line adds its option.
        exit_code: of the command line.
    """

    exit_code = 2

    def __init__(self, message: str, parameter: str | None = None) -> None:
        super().__init__(message)
        self.parameter = parameter


class IncompleteError(InputError):
    """Some clips of a build could not be built, or are not built yet; the others are there."""

    exit_code = 3


@contextmanager
def named(path: object, temporary: Path | None = None) -> Iterator[None]:
    """Name a file in the errors of the system within the block, where they do not name one.

    Those of read() and write() name none, and those of rename() the temporary file.

    Args:
        path: of the file, for people.
        temporary: the name that it has meanwhile.
    """
    try:
        yield
    except OSError as error:
        known = error.filename is not None and not (
            temporary
            and str(error.filename).endswith(temporary.name)  # FFmpeg gives the whole path
        )
        if known or error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


class StorageError(Exception):
    """The storage of a build cannot be reached, or refuses: no clip of it can be built.

    The message names the place, what happened, and the remedy.
    """


def first_problem(error: ValidationError, known: Collection[str] = ()) -> str:
    """Return the first problem of a record: its field, what is wrong, what was found.

    Args:
        error: of the record.
        known: names of the record's fields; the one that is like an unknown key is named.
    """
    from corruptbench.leaderboard.validation import EXPECTED, refusal

    first = error.errors(include_url=False)[0]
    field, found, expected = refusal(first)
    text = first["msg"].removeprefix("Value error, ")
    if first["type"] == COMPLETE:
        return ": ".join(filter(None, (field, text)))
    if first["type"] == "extra_forbidden":
        like = get_close_matches(field, known, 1) if len(first["loc"]) == 1 else []
        return f"{field}: unknown key; {f'did you mean {like[0]}?' if like else 'remove it'}"
    place = field or "the file"
    if first["type"] not in EXPECTED and not text.startswith("expected "):
        return f"{place}: {text} (found {found})"
    return f"{place}: found {found}, expected {expected}"
