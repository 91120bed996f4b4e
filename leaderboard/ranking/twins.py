"""Rows that state the same model, or the same numbers, under several names.

The digest of a model and the numbers of a row are public. Anybody can write them into a row, also
before the true row is there. So no such row keeps another one from the board. Both are shown, and
it is said that they state the same, until the owner of the board verifies one of them. That row
then excludes the others. A row that is only re-scored does not: nobody saw its model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from corruptbench.leaderboard.ranking.equal_numbers import equal_pairs
from corruptbench.leaderboard.schema import Result
from corruptbench.leaderboard.status import CLAIMED, kind_of

#: By the name of a row: the names of those that it supersedes, also by way of others.
Lines: TypeAlias = Mapping[str, frozenset[str]]


class Twin(NamedTuple):
    """Describe what two rows have in common, for messages.

    Attributes:
        field: its place in a result.
        found: what it is.
        expected: what each row should have.
        remedy: for the authors of a new row, with ``{}`` for the name of the other one.
    """

    field: str
    found: str
    expected: str
    remedy: str


_OWNER = "else ask the owner of the board, who ran the model of that row"
_MODEL = Twin(
    "lifter.sha256", "model", "the model of no verified row",
    f"if it is the same model, that row is enough, or supersede it; {_OWNER}",
)  # fmt: skip
_NUMBERS = Twin(
    "cells", "numbers", "numbers of its own: different models do not agree in every cell",
    f"if it is the same model, that row is enough, or supersede it; {_OWNER}",
)  # fmt: skip

#: How far rows can be trusted, for what they say of each other.
_TRUST = {CLAIMED: 0, "re-scored": 1, "verified": 2}


def is_verified(result: Result) -> bool:
    """Tell whether the owner of the board ran the model of a row."""
    return kind_of(result) == "verified"


def same_shards(result: Result) -> tuple[object, ...]:
    """Return what the rows on the same shards have in common."""
    build = result.build
    shards = (build.detector, build.weights_sha256, build.boxes, build.pixels_sha256)
    return (result.benchmark, *shards)


def same_model(result: Result) -> tuple[object, ...]:
    """Return what the rows of one model on the same shards have in common.

    These are also its filter and its calibration.
    """
    lifter = result.lifter
    return (*same_shards(result), lifter.sha256, lifter.filter, lifter.calibration_sha256)


def twin_of(result: Result, other: Result) -> Twin | None:
    """Return what two rows on the same shards have in common although they should not, or None.

    They are the same model with the same filter and calibration, or have the same numbers in every
    cell up to `equal_numbers.CLOSE`, as a copy with another digest has. A filter or calibration
    that changes nothing is no copy.
    """
    if same_shards(result) != same_shards(other):
        return None
    if result.lifter.sha256 == other.lifter.sha256:
        return _MODEL if same_model(result) == same_model(other) else None
    return _NUMBERS if _is_equal(result, other) else None


def excluded_by(result: Result, verified: Result, lines: Lines) -> Twin | None:
    """Return why a verified row excludes another row, or None.

    It excludes its twins (`twin_of`) that are not verified, but not the rows that it supersedes,
    and not those that supersede it and have its numbers.

    Args:
        result: any row.
        verified: another row, whose model the owner ran.
        lines: of rows that supersede others, see `lines_of`.
    """
    ours, theirs = result.lifter.name, verified.lifter.name
    is_older, is_newer = ours in lines.get(theirs, ()), theirs in lines.get(ours, ())
    if is_verified(result) or is_older or not (twin := twin_of(result, verified)):
        return None
    return None if is_newer and _is_equal(result, verified) else twin


def excluded(results: Sequence[Result]) -> dict[str, tuple[str, Twin]]:
    """Return the rows that a verified one excludes, by name, each with that row and the reason.

    Args:
        results: rows of one table, or of one folder.
    """
    if not any(map(is_verified, results)):
        return {}
    lines = lines_of(results)
    return {
        one.lifter.name: (other.lifter.name, twin)
        for pair in _pairs(results)
        for one, other in (pair, pair[::-1])
        if is_verified(other) and (twin := excluded_by(one, other, lines))
    }


def doubtful(results: Sequence[Result]) -> dict[str, list[str]]:
    """Return the rows of which nobody knows which one is right, by name, each with the others.

    What a claimed row states says nothing of a re-scored one. Rows of one line, of which each
    supersedes the one before, do not contradict each other.

    Args:
        results: rows of one table, or of one folder.
    """
    lines = lines_of(results)
    found: dict[str, list[str]] = {}
    for pair in _pairs(results):
        first, second = (row.lifter.name for row in pair)
        if any(map(is_verified, pair)) or first in lines[second] or second in lines[first]:
            continue
        for one, other in (pair, pair[::-1]):
            if _TRUST[kind_of(other)] >= _TRUST[kind_of(one)]:
                found.setdefault(one.lifter.name, []).append(other.lifter.name)
    return {name: sorted(others) for name, others in found.items()}


def lines_of(results: Sequence[Result]) -> Lines:
    """Return the names of the rows that each row says it supersedes, also by way of others."""
    says = {result.lifter.name: result.supersedes for result in results}
    return {name: _older(name, says) for name in says}


def _older(name: str, says: Mapping[str, str | None]) -> frozenset[str]:
    found: set[str] = set()
    older = says[name]
    while older is not None and older not in found:
        found.add(older)
        older = says.get(older)
    return frozenset(found)


def _is_equal(result: Result, other: Result) -> bool:
    return any(equal_pairs([result, other]))


def _pairs(results: Sequence[Result]) -> Iterator[tuple[Result, Result]]:
    """Yield each pair of twins once."""
    yield from _of_one_model(results)
    groups: dict[object, list[Result]] = {}
    for result in results:
        groups.setdefault(same_shards(result), []).append(result)
    for group in groups.values():
        for one, other in equal_pairs(group):
            if one.lifter.sha256 != other.lifter.sha256:
                yield one, other


def _of_one_model(results: Sequence[Result]) -> Iterator[tuple[Result, Result]]:
    known: dict[object, list[Result]] = {}
    for result in results:
        others = known.setdefault(same_model(result), [])
        yield from ((other, result) for other in others)
        others.append(result)
