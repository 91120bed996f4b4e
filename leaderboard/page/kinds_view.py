"""What the page shows of corruptions: what each one is, and how it looks."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import NamedTuple

from corruptbench.leaderboard.page.records import Heading, Kind


class Pictured(NamedTuple):
    """A corruption, a sentence on it, and the address of its picture; empty without one."""

    name: str
    sentence: str
    picture: str


def families(headings: Iterable[Heading]) -> dict[str, list[Pictured]]:
    """Return the corruptions of some benchmarks by family, each once, in the order of columns."""
    kinds = {
        name: heading.kinds[name]
        for heading in headings
        for name in heading.corruptions
        if name in heading.kinds
    }
    found: dict[str, list[Pictured]] = {}
    for name, kind in kinds.items():
        found.setdefault(kind.family, []).append(
            Pictured(name, _without_name(kind.sentence), _address(kind))
        )
    return found


def _address(kind: Kind) -> str:
    """Return the picture as a data URI, so that a page asks for no file."""
    if not kind.picture:
        return ""
    return "data:image/webp;base64," + base64.b64encode(kind.picture).decode()


def _without_name(sentence: str) -> str:
    """Return a sentence without the name and the colon that it begins with."""
    rest = sentence.partition(": ")[2] or sentence
    return rest[:1].upper() + rest[1:]
