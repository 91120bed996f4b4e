"""What a check of a data set finds: one record for each thing that is there, missing or amiss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

#: "ok": as it should be. "differs": usable, but not what the official data holds. "missing": a
#: benchmark that needs it cannot be built.
Level = Literal["ok", "differs", "missing"]


@dataclass(frozen=True)
class Finding:
    """One line of a check.

    Attributes:
        level: see `Level`.
        subject: of the data set, or "" where it concerns all.
        what: kind of thing, such as "poses", "videos", "cameras".
        found: in words or numbers.
        expected: likewise.
        remedy: what to do about it; "" where all is well.
        where: the file or folder.
    """

    level: Level
    subject: str
    what: str
    found: str
    expected: str
    remedy: str = ""
    where: str = ""


def some(names: Sequence[str]) -> str:
    """The first three of the names, for a finding about many."""
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
