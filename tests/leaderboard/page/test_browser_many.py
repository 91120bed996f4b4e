"""A page of many rows in a real browser: it opens with its first rows, and then has all of them."""

from __future__ import annotations

from itertools import count

import pytest
from playwright.sync_api import Browser, Page

from corruptbench.leaderboard import Result
from corruptbench.leaderboard.page.render import html
from tests.fixtures.browser import Visit
from tests.leaderboard.conftest import clip_table, digest, document
from tests.leaderboard.page.board_page import lifters

pytestmark = pytest.mark.browser
MANY = 90
#: Counts the rows of the table that are laid out before the page is open, and just after.
SEEN = """
const seen = () => [...document.querySelectorAll(".ranking tbody tr")]
  .filter((row) => row.checkVisibility()).length;
document.addEventListener("DOMContentLoaded", () => { window.early = seen(); });
"""


@pytest.fixture(scope="module")
def page_text() -> str:
    first = document(clip_table(), digest("x"))
    rows = [
        Result.model_validate(
            first | {"lifter": {**first["lifter"], "name": f"row-{i:02}", "sha256": digest(str(i))}}
        )
        for i in range(MANY)
    ]
    return html(rows)


@pytest.fixture
def opened(browser: Browser, tmp_path):
    """Opens a page, and counts the rows that are laid out before it is open."""
    number = count()

    def open_page(text: str, address: str = "") -> Page:
        path = tmp_path / f"{next(number)}.html"
        path.write_text(text, encoding="utf-8")
        page = browser.new_page()
        page.add_init_script(SEEN)
        page.goto(path.as_uri() + address)
        return page

    return open_page


def test_the_other_rows_come_when_the_page_is_open(page_text: str, opened) -> None:
    page = opened(page_text)
    assert page.evaluate("window.early") == 60
    page.wait_for_function("!document.documentElement.matches('.opening')")
    assert len(lifters(page)) == MANY
    page.reload()  # where a browser goes to the place that its reader saw
    assert page.evaluate("window.early") == MANY


def test_an_address_of_a_place_on_the_page_has_all_rows_at_once(page_text: str, opened) -> None:
    page = opened(page_text, "#toy-c-v1/row-80")
    assert page.evaluate("window.early") == MANY
    assert page.locator(".lifters > [open]").count() == 1


def test_all_rows_are_there_for_who_runs_no_script(page_text: str, visit: Visit) -> None:
    assert len(lifters(visit(page_text, java_script_enabled=False))) == MANY


def test_all_rows_are_there_where_scripts_are_forbidden(page_text: str, visit: Visit) -> None:
    """The server of a page can forbid them, though the browser would run them."""
    page = visit(page_text.replace("<script>", '<script type="forbidden">'))
    assert len(lifters(page)) == MANY
