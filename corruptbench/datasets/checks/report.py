"""What a check of a data set finds: one record for each thing that is there, missing or amiss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from corruptbench.datasets.clip import ClipId

#: "ok": as it should be, or not needed. "differs": of use, but not what the official data holds;
#: so are labels without a video, by which shards are evaluated. "missing": needed and not there, or
#: there and of no use.
Level = Literal["ok", "differs", "missing"]

#: Of what is not there and need not be.
NOT_NEEDED = "not there; not needed"


@dataclass(frozen=True)
class Needs:
    """What the benchmarks in question take from a data set.

    Attributes:
        clip: whether a clip belongs to one of them.
        published_boxes: whether it belongs to one that crops by the boxes that the data publishes.
    """

    clip: Callable[[ClipId], bool]
    published_boxes: Callable[[ClipId], bool]


#: The needs of a benchmark of all clips, cropped by the bounds of the labels.
ALL_CLIPS = Needs(clip=lambda _: True, published_boxes=lambda _: False)


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


class Item(NamedTuple):
    """One of many like things of a subject: its name, whether it is there, whether needed."""

    name: str
    there: bool
    needed: bool


def presence(
    subject: str, what: str, unit: str, items: Sequence[Item], where: str, remedy: str
) -> Finding:
    """How many of the items are there, and which are not; ``unit`` names them, in the plural.

    What is not needed may be absent; but of a subject of which nothing is needed, a part differs.
    """
    there = sum(i.there for i in items)
    needed = sum(i.needed for i in items)
    absent = [i.name for i in items if i.needed and not i.there]
    spared = [i.name for i in items if not i.needed and not i.there]
    expected = f"{len(items)} {unit}"
    if needed < len(items):
        expected += f", {needed or 'none'} of them needed"
    if not there and not needed:
        return Finding("ok", subject, what, NOT_NEEDED, expected, where=where)
    found = f"{there} {unit}"
    if absent:
        found += f"; not {some(absent)}"
    if spared:
        found += f"; not there and not needed: {some(spared)}"
    in_part = bool(spared) and not needed
    level: Level = "missing" if absent else "differs" if in_part else "ok"
    return Finding(
        level, subject, what, found, expected, "" if level == "ok" else remedy, where
    )  # fmt: skip


def no_subject(subject: str, needed: bool, where: str) -> Finding:
    """Of a subject of which nothing is there."""
    expected = "labels and videos"
    if not needed:
        return Finding("ok", subject, "subject", NOT_NEEDED, expected, where=where)
    return Finding(
        "missing", subject, "subject", "not there", expected, "fetch and unpack this subject", where
    )


def labels_only(subject: str, where: str) -> Finding:
    """Of labels without a single video."""
    return Finding(
        "differs", subject, "videos", "labels only", "labels and videos",
        "enough to evaluate; to build, add the videos", where,
    )  # fmt: skip


def uncounted(subject: str, expected: str, where: str) -> Finding:
    """Of a video whose header does not say how many frames it has."""
    return Finding(
        "differs", subject, "videos", "its header does not state the number of frames", expected,
        "nothing to do if the video is whole: build counts its frames, and stops at one too short",
        where,
    )  # fmt: skip


def unusable(needed: bool) -> Level:
    """How much a file weighs that is there and cannot be used."""
    return "missing" if needed else "differs"


def some(names: Sequence[str]) -> str:
    """The first three of the names, for a finding about many."""
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
