"""How far a row can be trusted: claimed, re-scored or verified.

- *claimed*: the numbers are those of the submitter. The referee computed the averages again from
  the submitter's own table of errors, and ran nothing.
- *re-scored*: the owner of the board scored the submitter's saved poses against the labels. Nobody
  saw that these poses are those of the model.
- *verified*: the owner ran the model again, and every number was the same.

Only the owner of a board sets a status. A submission that has one is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field

from corruptbench.leaderboard.problem import Problem
from corruptbench.leaderboard.records import Record

if TYPE_CHECKING:
    from corruptbench.leaderboard.schema import Result

CLAIMED: Final = "claimed"
#: What the owner can find out, from less to more.
Confirmed = Literal["re-scored", "verified"]
#: Stands in narrow columns.
LETTERS = {CLAIMED: "C", "re-scored": "R", "verified": "V"}
#: What each status proves, for tables.
MEANINGS = {
    "verified": "the owner ran the model again",
    "re-scored": "the owner scored the saved poses again",
    CLAIMED: "numbers of the submitter, only averaged again",
}


#: Why the least error may not be on top, for the reader of a table.
CLAIMED_BELOW = "Claimed rows stand below the others"


class Status(Record):
    """What the owner of a board found out about a row.

    Attributes:
        kind: how the numbers were found again.
        date: day of it, in UTC.
        version: of corruptbench that found them.
    """

    kind: Confirmed
    date: date
    version: Annotated[str, Field(pattern=r"^[0-9][0-9A-Za-z.+-]*$", max_length=40)]

    def __str__(self) -> str:
        """Return the status in words."""
        return f"{self.kind} on {self.date} with corruptbench {self.version}"


def kind_of(result: Result) -> str:
    """Return the status of a row in one word; "claimed" without a field."""
    return result.status.kind if result.status else CLAIMED


def is_confirmed(result: Result) -> bool:
    """Tell whether the owner of the board found the numbers again, in either way."""
    return result.status is not None


def is_mixed(results: Iterable[Result]) -> bool:
    """Tell whether some rows are claimed and some are not; then `CLAIMED_BELOW` explains them."""
    return len({is_confirmed(result) for result in results}) > 1


def status_problems(file: str, result: Result) -> Iterator[Problem]:
    """Refuse a submission that gives itself a status.

    Args:
        file: name of the result's JSON, for the messages.
        result: a submission.
    """
    if result.status is not None:
        expected = "no value: only the owner of the board says that a row is verified"
        remedy = "remove the field; the row is claimed until the owner verifies it"
        yield Problem(file, "status", str(result.status), expected, remedy)
