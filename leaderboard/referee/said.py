"""Check what is said of a lifter: its form, days of the calendar, and letters that look alike.

These are rules for new rows. A row that is on a board already stays there if it breaks one, and the
check of the board reports it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date as day
from typing import NamedTuple

from corruptbench.leaderboard.about import FORMS, About, has_form
from corruptbench.leaderboard.problem import Problem
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.text import short
from corruptbench.leaderboard.visible import expected_instead

#: Our own choice. The last year is the next one, as papers are accepted before they appear.
_FIRST_YEAR = 1900
_LINES = ("authors", "venue", "license")
_LINKS = ("paper", "code", "report")
_CORRECT = "correct it in the result, or say it again when you submit"
_PUBLISH = "put it where others can read it, and give its web address: no file is sent along"


class Fault(NamedTuple):
    """What is wrong with what is said in a field."""

    field: str
    found: str
    expected: str
    remedy: str

    def __str__(self) -> str:
        """Return one sentence that begins with the field."""
        return f"{self.field}: found {self.found}, expected {self.expected}; {self.remedy}"


def about_faults(about: About) -> Iterator[Fault]:
    """Yield what may not be said of a lifter, field by field."""
    for field, (_, expected) in FORMS.items():
        text = getattr(about, field)
        if text is not None and not has_form(field, text):
            yield Fault(field, short(text), expected, _PUBLISH if field in _LINKS else _CORRECT)
    for field in _LINES:
        text = getattr(about, field)
        if text is not None and (plain := expected_instead(text)):
            yield Fault(field, short(text), plain, _CORRECT)
    if about.date is not None and has_form("date", about.date) and not _is_real(about.date):
        last = _last_year()
        expected = f"a day of the calendar, from {_FIRST_YEAR} to {last}"
        yield Fault("date", about.date, expected, _CORRECT)
    kinds = about.training_data or ()
    if len(set(kinds)) < len(kinds):
        yield Fault("training_data", ", ".join(kinds), "each kind once", _CORRECT)


def said_problems(file: str, result: Result) -> Iterator[Problem]:
    """Yield what may not be said of the lifter of a result.

    Args:
        file: name of the result's JSON, for the messages.
        result: a result that passes the schema.
    """
    for fault in about_faults(result.lifter.about or About()):
        yield Problem(file, f"lifter.about.{fault.field}", *fault[1:])


def _is_real(date: str) -> bool:
    """Tell whether a calendar has a day, in a year in which a lifter was or will be published."""
    numbers = [int(part) for part in date.split("-")]
    with suppress(ValueError):
        return _FIRST_YEAR <= day(*numbers, *[1] * (3 - len(numbers))).year <= _last_year()
    return False


def _last_year() -> int:
    return day.today().year + 1
