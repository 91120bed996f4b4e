"""The records that the page's template shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup
from pydantic import Field

from corruptbench.leaderboard.all_numbers import Block
from corruptbench.leaderboard.columns import Metric
from corruptbench.leaderboard.page.columns import Column, Group
from corruptbench.leaderboard.page.spans import Span
from corruptbench.leaderboard.page.trust_view import Trust
from corruptbench.leaderboard.ranking.notes import notes
from corruptbench.leaderboard.schema import Benchmark, Record, Result
from corruptbench.leaderboard.status import MEANINGS


class Kind(Record):
    """What the page says of a corruption: its family, a sentence, and a picture as WebP."""

    family: str
    sentence: str
    picture: bytes


class Heading(Record):
    """The part of a manifest that the page shows.

    ``corruptions`` are the names of all corruptions, in the order of the page's columns. ``kinds``
    says what they are, as far as that is known.
    """

    title: str
    corruptions: tuple[str, ...]
    kinds: dict[str, Kind] = Field(default_factory=dict)


class Number(NamedTuple):
    """A number of the table.

    Attributes:
        text: the number.
        value: to sort by.
        group: of its column, see `page_columns.Group`.
        interval: below it.
        beside: the same in another unit, beside it.
        best: whether it is the best of its column.
        heat: 0 for the best of its column to `heat.HOTTEST` for the worst, of the rows that may be
            best; None without a color.
    """

    text: str
    value: float | None
    group: Group
    interval: str = ""
    beside: str = ""
    best: bool = False
    heat: int | None = None


@dataclass(frozen=True)
class TableRow:
    """One line of a metric's table."""

    rank: int | None
    apart: str
    lifter: int
    name: str
    #: What a filter of the page looks for words in.
    words: str
    #: The checks that it failed and that were allowed to fail, as text.
    allowed: str
    parameters: str
    numbers: Sequence[Number]
    span: Span


class Panel(NamedTuple):
    """A small figure under its title."""

    title: str
    figure: Markup


class Panels(NamedTuple):
    """Small figures on one scale, and whether a value lies beyond an end of it."""

    panels: Sequence[Panel]
    beyond: bool


@dataclass(frozen=True)
class MetricView:
    """One metric of a benchmark: its table and its figures."""

    key: Metric
    label: str
    unit: str
    digits: int
    #: Whether a row has intervals.
    intervals: bool
    #: Whether rows share a rank.
    tied: bool
    rows: Sequence[TableRow]
    scatter: Markup
    #: Whether a row lies beyond the axes of the scatter.
    beyond: bool
    curves: Panels
    bars: Panels


class CellNumber(NamedTuple):
    """An error as text, its interval, and its color: 0 to `heat.HOTTEST`."""

    text: str
    interval: str = ""
    heat: int = 0


class Grid(NamedTuple):
    """Every cell of a lifter under one metric: a line per corruption, a column per severity."""

    key: Metric
    label: str
    unit: str
    clean: CellNumber
    lines: Sequence[tuple[str, Sequence[CellNumber]]]


class JointGrid(NamedTuple):
    """The error of each joint of a lifter: a line per joint, a column per head."""

    key: Metric
    label: str
    unit: str
    heads: Sequence[str]
    lines: Sequence[tuple[str, Sequence[CellNumber]]]


@dataclass(frozen=True)
class LifterView:
    """The details of one lifter below the tables.

    Attributes:
        lifter: its place, by which the page's parts know it.
        failed: the checks that it failed, which was allowed.
        trained_on: what it was trained on, in words.
        joints: None where the result has no errors of joints.
    """

    lifter: int
    result: Result
    apart: str
    failed: tuple[str, ...]
    mark: Markup
    trained_on: str
    grids: Sequence[Grid]
    joints: JointGrid | None
    more: Sequence[Block]


@dataclass(frozen=True)
class BenchmarkView:
    """One benchmark: its tables, figures and lifters.

    Attributes:
        number: its place on the page.
        key: its address on the page, which does not depend on other rows or benchmarks.
        folder: of its rows on the board.
        protocol: as text, see `protocol.protocol`.
        paired: paired differences as JSON, see `compare_view.paired_data`.
        trust: how far each row can be trusted, by name.
    """

    number: int
    key: str
    folder: str
    benchmark: Benchmark
    title: str
    in_units: bool
    facts: Sequence[str]
    protocol: str
    columns: Sequence[Column]
    metrics: Sequence[MetricView]
    lifters: Sequence[LifterView]
    paired: Markup
    trust: Mapping[str, Trust]
    apart: bool
    allowed: bool
    #: Whether the figures show some of the lifters only.
    more_than_drawn: bool

    @property
    def groups(self) -> list[tuple[Group, list[Column]]]:
        """The columns of each group."""
        names = dict.fromkeys(column.group for column in self.columns)
        return [(name, [c for c in self.columns if c.group == name]) for name in names]

    @property
    def statuses(self) -> list[str]:
        """The kinds of status that its rows have, the most certain first."""
        found = {trust.kind for trust in self.trust.values()}
        return [kind for kind in MEANINGS if kind in found]

    @property
    def notes(self) -> list[str]:
        """Return what a reader must know of the rows, beside ties."""
        return notes([lifter.result for lifter in self.lifters])
