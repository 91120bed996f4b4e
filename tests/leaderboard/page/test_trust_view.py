"""The page says of each row how far it can be trusted, and which rows came before and after it."""

from __future__ import annotations

from typing import Any

import pytest

from corruptbench.leaderboard import Result, placed_rows
from corruptbench.leaderboard.exports.markup import as_latex, as_markdown
from corruptbench.leaderboard.page.render import html
from corruptbench.leaderboard.status import CLAIMED_BELOW
from tests.fixtures.browser import Visit
from tests.leaderboard.conftest import clip_table, digest, document
from tests.leaderboard.page.board_page import lifters, metric
from tests.leaderboard.page.test_page import parse, words
from tests.leaderboard.test_status import RESCORED, VERIFIED
from tests.leaderboard.test_table import printed


def row(name: str, level: float, **more: Any) -> Result:
    about = {"about": {"authors": "A. Author"}} if more.pop("ours", False) else {}
    table = clip_table(level=level)
    return Result.model_validate({**document(table, digest(name), name=name, lifter=about), **more})


@pytest.fixture
def rows() -> list[Result]:
    return [
        row("sure", 50, status=VERIFIED), row("poses", 45, status=RESCORED),
        row("v1", 40, ours=True), row("v2", 41, ours=True), row("v3", 42, ours=True),
    ]  # fmt: skip


def test_the_page_tells_each_status_and_what_it_proves(rows: list[Result]) -> None:
    page, text = html(rows), words(html(rows))
    for kind in ("Claimed", "Re-scored", "Verified"):
        assert f"<dt>{kind}</dt>" in page
    assert "verified on 2026-11-27 with corruptbench 0.1.0: the owner ran the model again" in text
    assert "claimed: numbers of the submitter" in text
    assert f"lower is better. {CLAIMED_BELOW}." in text
    statuses = [
        a["data-status"] for tag, a in parse(page).tags if tag == "tr" and "data-status" in a
    ]
    assert statuses[:5] == ["re-scored", "verified", "claimed", "claimed", "claimed"]


def test_every_form_tells_where_claimed_rows_stand(rows: list[Result]) -> None:
    def forms(rows: list[Result]) -> list[str]:
        placed = placed_rows(rows)
        return [printed(rows), as_markdown(placed), as_latex(placed)]

    assert all(CLAIMED_BELOW in text for text in forms(rows))
    for alike in (rows[:2], rows[2:]):
        assert not any(CLAIMED_BELOW in text for text in forms(alike))


def test_all_rows_of_a_history_show_it() -> None:
    rows = [
        row("v1", 40, ours=True),
        row("v2", 41, ours=True, supersedes="v1", status=VERIFIED),
        row("v3", 42, ours=True, supersedes="v2", status=VERIFIED),
    ]
    page, text = html(rows), words(html(rows))
    assert text.count("v1 , superseded by v2 , superseded by v3") == 3
    assert page.count('<a href="#toy-c-v1/v1">v1</a>, superseded by') == 2
    assert "† superseded by v2" in text
    assert text.count("by these authors 3 rows on this board") == 3


def test_what_a_claimed_row_says_is_told_as_such() -> None:
    text = words(html([row("v1", 40, ours=True), row("v2", 41, ours=True, supersedes="v1")]))
    assert text.count("says that it supersedes v1, which the owner of the board did not") == 1
    assert "superseded by" not in text.split("Reading the numbers")[0]


def test_a_board_of_claimed_rows_has_nothing_to_choose(results: list[Result]) -> None:
    assert '<fieldset class="status' not in html(results)
    assert CLAIMED_BELOW not in html(results)


def test_a_choice_of_status_is_none_of_a_metric(rows: list[Result]) -> None:
    """The script keeps the metric in the address, and takes every ``.metric input`` for one."""
    assert html(rows).count('<fieldset class="metric') == 1
    assert html(rows).count('<fieldset class="status') == 1


@pytest.mark.browser
def test_rows_are_chosen_by_status_and_the_address_keeps_it(
    rows: list[Result], visit: Visit
) -> None:
    page = visit(html(rows))
    assert lifters(page) == ["poses", "sure", "v1", "v2", "v3"]
    metric(page, "verified").check()
    assert lifters(page) == ["sure"]
    assert page.locator(".lifters > details:visible").count() == 1
    metric(page, "claimed").check()
    assert lifters(page) == ["v1", "v2", "v3"]
    assert page.evaluate("location.hash") == "#toy-c-v1?status=claimed"
    page.go_back()
    assert lifters(page) == ["sure"]
    assert lifters(visit(html(rows), address="#toy-c-v1?status=re-scored")) == ["poses"]
