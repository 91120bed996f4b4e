"""The findings of a check: one record for each thing that is there, missing or wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from corruptbench.datasets.base import ClipId
from corruptbench.datasets.near_misses import first_near_miss
from corruptbench.errors import InputError

#: "ok": as it should be, or not needed. "differs": of use, but not what the official data holds;
#: so are labels without a video, by which shards are evaluated. "missing": needed and not there, or
#: there and of no use.
Level = Literal["ok", "differs", "missing"]

#: Found where something is absent that is not needed.
NOT_NEEDED = "not there; not needed"
#: Found where labels have no videos.
LABELS_ONLY = "labels only"


@dataclass(frozen=True)
class Needs:
    """What the benchmarks in question take from a data set.

    Attributes:
        clip: whether a clip belongs to one of them.
        published_boxes: whether it belongs to one that crops by the boxes that the data publishes.
        videos: whether videos are needed, and not the labels only.
    """

    clip: Callable[[ClipId], bool]
    published_boxes: Callable[[ClipId], bool]
    videos: bool = True

    def any(self, clips: Sequence[ClipId]) -> bool:
        """Return whether one of the clips is needed."""
        return any(map(self.clip, clips))


#: The needs of a benchmark of all clips, cropped by the bounds of the labels.
ALL_CLIPS = Needs(clip=lambda _: True, published_boxes=lambda _: False)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of a check.

    Attributes:
        level: see `Level`.
        subject: of the data set, or "" where it concerns all.
        what: kind of thing, such as "poses", "videos", "cameras".
        found: in words or numbers.
        expected: likewise.
        remedy: what to do about it; "" where nothing is to be done.
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
    subject: str, what: str, unit: str, items: Sequence[Item], where: Path, remedy: str
) -> Finding:
    """Return how many of the items are there, and which are not.

    What is not needed may be absent. Where nothing of a subject is needed, a part of it differs.

    Args:
        subject: of the data set.
        what: kind of thing.
        unit: name of the items, in the plural.
        items: all that the official data has.
        where: the folder that holds them, or the file.
        remedy: for those that are absent and needed.
    """
    there = sum(i.there for i in items)
    needed = sum(i.needed for i in items)
    absent = [i.name for i in items if i.needed and not i.there]
    spared = [i.name for i in items if not i.needed and not i.there]
    expected = f"{len(items)} {unit}"
    if needed < len(items):
        expected += f", {needed or 'none'} of them needed"
    found = f"{there} {unit}"
    if absent:
        similar = first_near_miss(where, absent, {i.name for i in items})
        found += f"; not {some(absent)}{similar}"
    if spared:
        found += f"; not there and not needed: {some(spared)}"
    level: Level = "missing" if absent else "differs" if spared and not needed else "ok"
    if not there and not needed:
        found, level = NOT_NEEDED, "ok"
    return Finding(
        level=level, subject=subject, what=what, found=found, expected=expected,
        remedy="" if level == "ok" else remedy, where=str(where),
    )  # fmt: skip


def no_subject(subject: str, needed: bool, where: Path, similar: str = "") -> Finding:
    """Return the finding for a subject without any file; ``similar`` is a near miss."""
    return Finding(
        level="missing" if needed else "ok", subject=subject, what="subject",
        found=("not there" if needed else NOT_NEEDED) + similar, expected="labels and videos",
        remedy="fetch and unpack this subject" if needed else "", where=str(where),
    )  # fmt: skip


def labels_only(subject: str, where: Path) -> Finding:
    """Return the finding for labels without a single video."""
    return Finding(
        level="differs", subject=subject, what="videos", found=LABELS_ONLY,
        expected="labels and videos", remedy="enough to evaluate; to build, add the videos",
        where=str(where),
    )  # fmt: skip


def unusable(needed: bool) -> Level:
    """Return the level of a file that is there and cannot be used."""
    return "missing" if needed else "differs"


def fault(error: InputError, path: Path, needed: bool, prefix: str = "", **about: str) -> Finding:
    """Return the finding for a file that cannot be used; ``about`` are its other fields."""
    found = prefix + str(error).removeprefix(f"{path}: ")
    return Finding(level=unusable(needed), found=found, where=str(path), **about)


def some(names: Sequence[str]) -> str:
    """Return the first three of the names, for a finding about many."""
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def obstacles(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings that make a build impossible."""
    return [f for f in findings if f.level == "missing" or f.found == LABELS_ONLY]


def verdict(findings: Sequence[Finding]) -> str:
    """Return whether a benchmark can be built, in words, and if not, why."""
    bad = obstacles(findings)
    if bad:
        why = ": ".join(filter(None, (bad[0].subject, bad[0].what, bad[0].found)))
        why += f" (expected {bad[0].expected})"
        more = f", and {len(bad) - 1} more" if len(bad) > 1 else ""
        return f"cannot be built: {why}{more}"
    odd = sum(f.level == "differs" for f in findings)
    return "can be built" + (f", but read what differs ({odd})" if odd else "")
