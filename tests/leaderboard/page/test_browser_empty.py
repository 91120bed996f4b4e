"""The page in a real browser, where there is nothing to show: it says so, and what to do."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from corruptbench.leaderboard import Result
from corruptbench.leaderboard.page.render import html
from tests.fixtures.browser import Visit, overflows, violations
from tests.leaderboard.conftest import clip_table, digest, document
from tests.leaderboard.page.board_page import count, lifters, mark, search

pytestmark = pytest.mark.browser
VERIFIED = {"kind": "verified", "date": "2026-01-02", "version": "0.1.0"}


@pytest.fixture
def mixed(results: list[Result]) -> list[Result]:
    """Rows of which the first is verified, and the others are claimed."""
    first = Result.model_validate(results[0].model_dump() | {"status": VERIFIED})
    return [first, *results[1:]]


def told(page: Page, part: str) -> str:
    return page.locator(part).first.inner_text().strip()


def test_a_filter_that_keeps_nothing_says_so_and_can_be_undone(
    mixed: list[Result], visit: Visit
) -> None:
    page = visit(html(mixed))
    assert told(page, ".none") == ""
    page.locator('.status input[value="verified"]').press("Space")
    expect(count(page)).to_have_text("1 of 4 lifters")
    assert told(page, ".none") == ""
    search(page).fill(mixed[1].lifter.name)
    name = mixed[1].lifter.name
    assert told(page, ".none").startswith(
        f'No lifter of this table has "{name}" and the status verified.'
    )
    assert lifters(page) == []
    assert not overflows(page)
    assert not violations(page)
    page.set_viewport_size({"width": 1366, "height": 900})
    page.get_by_role("button", name="Show all lifters").click()
    assert len(lifters(page)) == 4
    assert told(page, ".none") == told(page, ".count") == ""
    assert page.url.endswith("#toy-c-v1")
    page.go_back()
    assert lifters(page) == []


def test_a_filter_of_an_address_that_keeps_nothing_says_so_on_a_phone(
    results: list[Result], visit: Visit
) -> None:
    page = visit(html(results), "#toy-c-v1?filter=nobody", width=390)
    expect(page.locator(".none")).to_be_in_viewport()
    assert told(page, ".none").startswith('No lifter of this table has "nobody".')


def test_a_comparison_with_a_row_that_is_gone_names_it(results: list[Result], visit: Visit) -> None:
    page = visit(html(results), "#toy-c-v1?select=tagn,gone")
    expect(page.locator(".comparison")).to_be_hidden()
    assert told(page, ".selection p") == (
        "Not in this table: gone. 1 selected: select another one to compare"
    )
    mark(page, "plain").check()
    assert told(page, ".selection p") == "2 selected"
    assert page.url.endswith("?select=tagn,plain")


def test_a_comparison_of_rows_that_are_all_gone_can_be_cleared(
    results: list[Result], visit: Visit
) -> None:
    page = visit(html(results), "#toy-c-v1?select=gone,lost")
    assert told(page, ".selection p") == (
        "Not in this table: gone, lost. Select two lifters to compare"
    )
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".selection")).to_be_hidden()


@pytest.mark.parametrize("address", ["toy-c-v1/gone", "toy-c-v0", "toy-c-v0?filter=a"])
def test_an_address_of_nothing_is_told(results: list[Result], visit: Visit, address: str) -> None:
    page = visit(html(results), f"#{address}")
    told_of = page.locator(".lost")
    expect(told_of).to_be_in_viewport()
    expect(told_of).to_contain_text("Nothing on this page has this address.")
    expect(told_of).to_contain_text(address.partition("?")[0])
    search(page).fill("a")
    expect(told_of).to_have_text("")


def test_a_single_row_reads_and_compares_with_nothing(results: list[Result], visit: Visit) -> None:
    page = visit(html(results[:1]))
    mark(page, results[0].lifter.name).check()
    assert told(page, ".selection p") == (
        "1 selected: this table has no other lifter to compare with"
    )
    assert not violations(page)


def test_a_corruption_that_a_row_lacks_is_left_out_of_the_compared_losses(
    results: list[Result], visit: Visit
) -> None:
    table_of_two = clip_table(9, corruptions={"erase": 1.0, "camera_shake": 1.0})
    fewer = Result.model_validate(document(table_of_two, digest("o"), name="fewer"))
    page = visit(html([*results, fewer]), "#toy-c-v1?select=fewer,tagn")
    losses = page.locator(".compared figure", has=page.locator("rect.fill"))
    shown = {
        figure.locator("figcaption").inner_text(): figure.locator("title").all_text_contents()
        for figure in losses.all()
    }
    assert shown["erase"] == ["fewer", "tagn"]
    assert shown["gaussian noise"] == ["tagn"]
    lone = losses.filter(has_text="gaussian noise").locator("g.series")
    expect(lone).to_have_class("series s1")


def test_a_panel_without_errors_of_joints_says_why(results: list[Result], visit: Visit) -> None:
    old = results[0].model_copy(update={"joint_errors": None})
    page = visit(html([old]), f"#toy-c-v1/{old.lifter.name}")
    expect(page.locator(".lifters > [open]")).to_contain_text(
        "This row has no errors of joints, as an older version evaluated it."
    )
    expect(page.locator(".joints")).to_have_count(0)
