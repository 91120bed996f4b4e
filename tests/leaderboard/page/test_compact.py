"""The bytes of a page: a browser makes of them what it makes of the text."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from corruptbench.leaderboard import About, Result, render, with_about
from corruptbench.leaderboard.page.render import html
from tests.fixtures.browser import Visit, open_details

#: All elements, attributes and texts of a page. Space between elements says nothing.
DOM = """() => {
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walk.nextNode()) texts.push(walk.currentNode);
  texts.forEach((text) => { text.data = text.data.trim(); });
  return document.documentElement.outerHTML;
}"""


@pytest.fixture
def odd_results(results: list[Result]) -> list[Result]:
    about = About(authors="Zoë \N{CJK UNIFIED IDEOGRAPH-738B} </td> &lt;", venue="№ 1")
    return [with_about(results[0], about), *results[1:]]


@pytest.mark.browser
@pytest.mark.parametrize("runs_scripts", [True, False])
def test_a_browser_makes_the_same_of_fewer_bytes(
    odd_results: list[Result], tmp_path: Path, visit: Visit, runs_scripts: bool
) -> None:
    text = html(odd_results)
    found = render(odd_results, tmp_path / "page.html").read_bytes()
    assert b"</td>" in text.encode()
    assert b"</td>" not in found

    def made(page: Page) -> str:
        if runs_scripts:
            open_details(page)
            each = "document.querySelectorAll('.metric input').forEach((one) => one.click())"
            page.evaluate(each)
        return str(page.evaluate(DOM))

    one, other = (
        made(visit(each, java_script_enabled=runs_scripts)) for each in (text, found.decode())
    )
    assert one == other
    assert "Zoë 王 &lt;/td&gt; &amp;lt;" in one


def test_styles_and_scripts_are_ascii(odd_results: list[Result], tmp_path: Path) -> None:
    """They would not know a reference to a character, and the page's policy would refuse them."""
    found = render(odd_results, tmp_path / "page.html").read_bytes()
    text = html(odd_results)
    for tag in ("style", "script"):
        body = text.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0]
        assert body.encode() in found
