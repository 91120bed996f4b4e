"""The page's address holds what is shown: it can be sent, reloaded and gone back to."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from corruptbench.leaderboard import Result
from corruptbench.leaderboard.page.render import html
from tests.fixtures.browser import Visit
from tests.leaderboard.page.board_page import head, mark, metric, search, state, table

pytestmark = pytest.mark.browser


def choose(page: Page) -> None:
    """Choose a metric, columns, a filter, a descending order and two rows."""
    page.get_by_text("P-MPJPE", exact=True).first.click()
    page.get_by_text("severities", exact=True).first.click()
    search(page).fill("a")
    for _ in range(2):
        head(page, "Clean").get_by_role("button").click()
    for name in ("tagn", "plain"):
        mark(page, name).check()


def fragment(page: Page) -> str:
    return "#" + page.url.partition("#")[2]


def test_the_address_holds_what_is_chosen(results: list[Result], visit: Visit) -> None:
    page = visit(html(results))
    before = state(page)
    choose(page)
    chosen = state(page)
    assert fragment(page) == (
        "#toy-c-v1?metric=p_mpjpe&columns=severity&filter=a&sort=-clean&select=tagn,plain"
    )
    assert chosen["sorted"] == [("Clean", "descending")]
    assert chosen["lifters"] != before["lifters"]
    assert state(visit(html(results), fragment(page))) == chosen
    page.reload()
    assert state(page) == chosen


def test_back_shows_what_was_shown(results: list[Result], visit: Visit) -> None:
    page = visit(html(results))
    choose(page)
    address, chosen = fragment(page), state(page)
    table(page).get_by_role("link").first.click()
    assert fragment(page).startswith("#toy-c-v1/")
    page.go_back()
    assert fragment(page) == address
    assert state(page) == chosen


def test_back_from_another_address_shows_what_was_shown(
    results: list[Result], visit: Visit
) -> None:
    """Also what the new address says and the old one does not."""
    page = visit(html(results), "#toy-c-v1")
    before = state(page)
    page.evaluate("location.hash = '#toy-c-v1?metric=mpjve&filter=tagn&sort=-lifter'")
    expect(metric(page, "MPJVE")).to_be_checked()
    chosen = state(page)
    page.go_back()
    expect(metric(page, "MPJPE")).to_be_checked()
    assert state(page) == before
    page.go_forward()
    expect(metric(page, "MPJVE")).to_be_checked()
    assert state(page) == chosen


def test_an_address_of_nothing_shows_the_page_as_it_is(results: list[Result], visit: Visit) -> None:
    plain = state(visit(html(results)))
    for wrong in ("%", "nowhere", "toy-c-v1?metric=x&sort=99", "toy-c-v1?sort=", "toy-c-v1?sort=5"):
        assert state(visit(html(results), f"#{wrong}")) == plain, wrong


def test_a_lifter_has_an_address_of_its_own(results: list[Result], visit: Visit) -> None:
    """It stays when rows come and go, and opens the lifter's details."""
    for rows in (results, results[1:]):
        page = visit(html(rows), "#toy-c-v1/ca-conv")
        expect(page.locator("details[open] .name")).to_have_text(["ca-conv"])
        expect(page.locator(".lifters > details[open]")).to_be_in_viewport()
