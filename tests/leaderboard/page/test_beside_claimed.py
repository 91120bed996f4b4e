"""A claimed row changes nothing of what a reader sees of confirmed rows beside it."""

from __future__ import annotations

from typing import Any

import pytest

from corruptbench.leaderboard import Result, rank
from corruptbench.leaderboard.page.columns import columns
from corruptbench.leaderboard.page.figure_view import dots
from corruptbench.leaderboard.page.heat import HOTTEST
from corruptbench.leaderboard.page.records import TableRow
from corruptbench.leaderboard.page.render import html
from corruptbench.leaderboard.page.scatter import best
from corruptbench.leaderboard.page.table_view import table_rows
from corruptbench.leaderboard.ranking.order import corruption_names
from tests.leaderboard.page.test_page import words
from tests.leaderboard.ranking.test_outvoted import FORGED, row
from tests.leaderboard.test_status import VERIFIED

#: What a row that is not ranked has.
FAILED: dict[str, Any] = {"lifter": {"allowed": ["sides"]}}
#: Of the colors of the lifters.
PLACES = {name: place for place, name in enumerate("abcf")}
#: What a page says where numbers can lie beyond the ends of colors and scale.
ENDS = "The colors and this scale end at numbers of rows that can have bold ones."


def pair(status: dict[str, str] | None, **changes: Any) -> list[Result]:
    return [row("a", 40, status, **changes), row("b", 45, status, **changes)]


def lines(results: list[Result]) -> dict[str, TableRow]:
    """Lines of the table by name of the lifter."""
    shown = columns(corruption_names(results), {})
    rows = table_rows("mpjpe", rank(results), PLACES, shown)
    return {line.name: line for line in rows}


def heats(line: TableRow) -> set[int | None]:
    """Steps of the color of the clean and of the corrupted error."""
    return {number.heat for number in line.numbers[:2]}


def on_the_line(results: list[Result]) -> list[str]:
    """Names of the lifters on the dashed line of the figure, which are named and tab stops."""
    return [dot.name for dot in best(dots("mpjpe", rank(results), PLACES, "x"))]


@pytest.mark.parametrize("level", [1, 42, 90])
@pytest.mark.parametrize("changes", [{}, FAILED], ids=["ranked", "not ranked"])
def test_confirmed_rows_look_as_without_it(level: float, changes: dict[str, Any]) -> None:
    sure = pair(VERIFIED, **changes)
    both = [*sure, row("f", level, **changes)]
    before, after = lines(sure), lines(both)
    assert {name: after[name] for name in before} == before
    assert on_the_line(both) == on_the_line(sure) == ([] if changes else ["a"])


def test_numbers_beyond_the_ends_have_their_colors() -> None:
    sure = pair(VERIFIED)
    assert heats(lines([*sure, row("f", 1)])["f"]) == {0}
    assert heats(lines([*sure, row("f", 90)])["f"]) == {HOTTEST}


def test_all_ranked_rows_count_where_none_is_confirmed() -> None:
    claimed, apart = [*pair(None), row("c", 90)], row("f", 1, build=FORGED)
    assert on_the_line([*claimed, apart]) == ["a"]
    found = lines([*claimed, apart])
    assert [heats(found[name]) for name in "acf"] == [{0}, {HOTTEST}, {0}]
    assert HOTTEST not in heats(found["b"])


def test_the_page_says_so_where_it_can_happen() -> None:
    sure, claimed = pair(VERIFIED), row("f", 1)
    for rows in ([*sure, claimed], [*sure, row("g", 50, **FAILED)]):
        assert ENDS in words(html(rows))
    for rows in (sure, [claimed], pair(None, **FAILED)):
        assert ENDS not in words(html(rows))
