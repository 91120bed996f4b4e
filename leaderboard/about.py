"""What the authors of a lifter say about it. No number of its row depends on it.

The record fixes types and sizes only, so that a row of an older board stays readable. What may be
said is a rule of the referee (`referee.said`), and what may be shown is in `shown`.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field

from corruptbench.leaderboard.records import SparseRecord, Text

#: Kinds of training data. "clean": detections or poses of uncorrupted video. "augmented": noise on
#: them that is not a corruption of the pixels. "corrupted": detections of corrupted video.
#: "extra": data of other data sets.
TrainingData = Literal["clean", "augmented", "corrupted", "extra"]

#: Characters of an address that need no escape in HTML. A quote or an angle bracket never stands
#: in one.
_ADDRESS = (
    r"https://([A-Za-z0-9-]+\.)+[A-Za-z][A-Za-z0-9-]*(:[0-9]+)?"
    r"([/?#][A-Za-z0-9._~:/?#@!$&()*+,;=%-]*)?"
)
_WEB = "a web address, such as https://example.org/page"
_ARXIV = r"arXiv:(?P<arxiv>[0-9]{4}\.[0-9]{4,5}(v[0-9]+)?)"
_DOI = r"doi:(?P<doi>10\.[0-9]{4,9}/[A-Za-z0-9._~:/()-]+)"
_DATE = r"[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?"
#: By the field: its form, and that in words.
FORMS = {
    "paper": (f"{_ARXIV}|{_DOI}|{_ADDRESS}", f"arXiv:2312.06797, doi:10.1109/..., or {_WEB}"),
    "code": (_ADDRESS, _WEB),
    "report": (_ADDRESS, _WEB),
    "date": (_DATE, "a year, month or day, such as 2024-06"),
}

Line = Annotated[Text, Field(min_length=1, max_length=200)]


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
    paper: Text | None = None
    code: Text | None = None
    report: Text | None = None
    venue: Line | None = None
    date: Text | None = None
    license: Line | None = None
    training_data: Annotated[tuple[TrainingData, ...], Field(max_length=4)] | None = None

    @property
    def paper_address(self) -> str | None:
        """The address of the paper; None where it has no form that is known."""
        if self.paper is None:
            return None
        if found := re.fullmatch(_ARXIV, self.paper):
            return f"https://arxiv.org/abs/{found['arxiv']}"
        if found := re.fullmatch(_DOI, self.paper):
            return f"https://doi.org/{found['doi']}"
        return self.paper if re.fullmatch(_ADDRESS, self.paper) else None

    @property
    def saw_corruptions(self) -> bool:
        """Whether the lifter was trained on detections of corrupted video."""
        return "corrupted" in (self.training_data or ())


def has_form(field: str, text: str) -> bool:
    """Tell whether what is said in a field has its form; True for fields of free text."""
    return field not in FORMS or re.fullmatch(FORMS[field][0], text) is not None


def shown(about: About) -> About:
    """Return what a board may show: without links and dates of another form.

    A link that is no https address could run a script, or lead a reader elsewhere.
    """
    unfit = {
        field: None
        for field in FORMS
        if (text := getattr(about, field)) is not None and not has_form(field, text)
    }
    return about.model_copy(update=unfit) if unfit else about
