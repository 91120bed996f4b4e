"""What the authors of a lifter say about it. No number of its row depends on it."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import date as day
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from corruptbench.leaderboard.records import LONGEST_TEXT, SparseRecord, Text
from corruptbench.leaderboard.visible import expected_instead

#: Kinds of training data. "clean": detections or poses of uncorrupted video. "augmented": noise on
#: them that is not a corruption of the pixels. "corrupted": detections of corrupted video.
#: "extra": data of other data sets.
TrainingData = Literal["clean", "augmented", "corrupted", "extra"]

#: Characters of an address that need no escape in HTML. A quote or an angle bracket never stands
#: in one.
_ADDRESS = (
    r"https://([A-Za-z0-9-]+\.)+[A-Za-z][A-Za-z0-9-]*(:[0-9]+)?(/[A-Za-z0-9._~:/?#@!$&()*+,;=%-]*)?"
)
_ARXIV = r"arXiv:(?P<arxiv>[0-9]{4}\.[0-9]{4,5}(v[0-9]+)?)"
_DOI = r"doi:(?P<doi>10\.[0-9]{4,9}/[A-Za-z0-9._~:/()-]+)"
_PAPER = f"{_ARXIV}|{_DOI}|{_ADDRESS}"
#: Our own choice. The last year is the next one, as papers are accepted before they appear.
_FIRST_YEAR = 1900
_DATE = r"[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?"


def _form(pattern: str, expected: str) -> AfterValidator:
    """Return the check of a text; its error says what was expected."""

    def check(text: str) -> str:
        if len(text) > LONGEST_TEXT or not re.fullmatch(pattern, text):
            raise PydanticCustomError("form", "{text}", {"text": f"expected {expected}"})
        return text

    return AfterValidator(check)


def _plain(text: str) -> str:
    """Refuse a text that a reader can take for another one."""
    if expected := expected_instead(text):
        raise PydanticCustomError("plain", "{text}", {"text": f"expected {expected}"})
    return text


def _real(text: str) -> str:
    """Refuse a day that no calendar has, and years in which no lifter was or will be published."""
    numbers = [int(part) for part in text.split("-")]
    last = day.today().year + 1
    with suppress(ValueError):
        if _FIRST_YEAR <= day(*numbers, *[1] * (3 - len(numbers))).year <= last:
            return text
    expected = f"expected a day of the calendar, from {_FIRST_YEAR} to {last}"
    raise PydanticCustomError("day", "{text}", {"text": expected})


def _once(kinds: tuple[TrainingData, ...]) -> tuple[TrainingData, ...]:
    """Refuse a list in which a kind stands twice."""
    if len(set(kinds)) < len(kinds):
        raise PydanticCustomError("once", "{text}", {"text": "expected each kind once"})
    return kinds


Address = Annotated[str, _form(_ADDRESS, "an https address")]
Paper = Annotated[str, _form(_PAPER, "arXiv:2312.06797, doi:10.1109/..., or an https address")]
Date = Annotated[str, _form(_DATE, "a year, month or day, such as 2024-06"), AfterValidator(_real)]
Line = Annotated[Text, Field(min_length=1, max_length=200), AfterValidator(_plain)]


class About(SparseRecord):
    """What the authors of a lifter say about it.

    Attributes:
        authors: their names, as on the paper.
        paper: "arXiv:2312.06797", "doi:10.1109/..." or an https address.
        code: https address of the code.
        report: https address of a report, such as the page of `corruptbench report`.
        venue: where the paper was published, such as "CVPR Workshops 2024".
        date: of the paper or the model: year, month or day, such as "2024-06".
        license: of the code or the weights.
        training_data: what the lifter was trained on. Rows with "corrupted" have a table of
            their own.
    """

    authors: Line | None = None
    paper: Paper | None = None
    code: Address | None = None
    report: Address | None = None
    venue: Line | None = None
    date: Date | None = None
    license: Line | None = None
    training_data: (
        Annotated[tuple[TrainingData, ...], Field(max_length=4), AfterValidator(_once)] | None
    ) = None

    @property
    def paper_address(self) -> str | None:
        """The address of the paper."""
        if self.paper is None:
            return None
        if found := re.fullmatch(_ARXIV, self.paper):
            return f"https://arxiv.org/abs/{found['arxiv']}"
        if found := re.fullmatch(_DOI, self.paper):
            return f"https://doi.org/{found['doi']}"
        return self.paper

    @property
    def saw_corruptions(self) -> bool:
        """Whether the lifter was trained on detections of corrupted video."""
        return "corrupted" in (self.training_data or ())
