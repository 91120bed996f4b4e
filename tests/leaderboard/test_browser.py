"""The page in a real browser: Debian's Chromium, headless, by command line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from corruptbench.leaderboard import Result
from corruptbench.leaderboard.page import html
from tests.fixtures.browser import CHROMIUM, browse

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH"),
]


def dom(page: str, folder: Path, *flags: str) -> str:
    """Return the document after its scripts ran."""
    return browse(page, folder, *flags).stdout


def drive(page: str, script: str, folder: Path, address: str = "") -> str:
    """Run a script after the page's own and return what it reported."""
    free = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    report = f"<script>document.title = JSON.stringify((() => {{ {script} }})());</script>"
    shown = free.replace("</body>", report + "</body>")
    document = browse(shown, folder, address=address).stdout
    found = re.search(r"<title>(.*?)</title>", document)
    assert found
    return found[1]


def test_the_policy_lets_the_pages_own_script_run(results: list[Result], tmp_path: Path) -> None:
    document = dom(html(results), tmp_path)
    assert document.count('<button type="button">') == 3 * (5 + 3)
    assert '<label class="filter">' in document


def test_a_click_sorts_and_another_turns_the_order(results: list[Result], tmp_path: Path) -> None:
    script = """
        const table = document.querySelector(".ranking");
        const head = table.querySelectorAll("th[data-sort]")[2];
        const seen = [];
        for (let i = 0; i < 2; i++) {
          head.querySelector("button").click();
          seen.push(head.getAttribute("aria-sort"));
          seen.push([...table.tBodies[0].rows].map((row) => Number(row.cells[2].dataset.value)));
        }
        seen.push(table.querySelectorAll('th:not([aria-sort="none"])[data-sort]').length);
        return seen;
    """
    errors = sorted(result.mpjpe.clean for result in results)
    up, down = ",".join(map(str, errors)), ",".join(map(str, reversed(errors)))
    assert drive(html(results), script, tmp_path) == f'["ascending",[{up}],"descending",[{down}],1]'


def test_the_filter_keeps_what_it_names(results: list[Result], tmp_path: Path) -> None:
    script = """
        const input = document.querySelector(".filter input");
        input.value = "CA-conv movenet";
        input.dispatchEvent(new Event("input"));
        const shown = [...document.querySelectorAll(".ranking")[0].tBodies[0].rows]
          .filter((row) => row.offsetParent !== null)
          .map((row) => row.querySelector(".lifter a").textContent);
        return [shown, document.querySelector(".count").textContent];
    """
    assert drive(html(results), script, tmp_path) == '[["ca-conv"],"1 of 4 lifters"]'


def test_the_switch_shows_one_metric(results: list[Result], tmp_path: Path) -> None:
    script = """
        const shown = () => [...document.querySelectorAll(".panel")]
          .filter((panel) => panel.offsetParent !== null).map((panel) => panel.dataset.metric);
        const before = shown();
        document.querySelector('input[value="mpjve"]').click();
        return [before, shown()];
    """
    assert drive(html(results), script, tmp_path) == '[["mpjpe"],["mpjve"]]'


def test_a_lifters_name_opens_its_details(results: list[Result], tmp_path: Path) -> None:
    script = """
        const details = document.querySelector("details");
        const before = details.open;
        location.hash = document.querySelector(".lifter a").hash;
        window.dispatchEvent(new HashChangeEvent("hashchange"));
        return [before, details.open];
    """
    assert drive(html(results), script, tmp_path) == "[false,true]"


def test_nothing_but_the_table_scrolls_sideways_on_a_phone(
    results: list[Result], tmp_path: Path
) -> None:
    (tmp_path / "inner.html").write_text(html(results))
    frame = "<title></title><iframe src='inner.html' width=360 height=800></iframe>"
    script = """<script>onload = () => {
        const root = frames[0].document.documentElement;
        const box = root.querySelector(".scroll");
        document.title = [root.scrollWidth <= 360, box.scrollWidth > box.clientWidth];
    }</script>"""
    document = dom(frame + script, tmp_path, "--allow-file-access-from-files")
    assert "<title>true,true</title>" in document


#: What a section shows: metric, filter, sorted column, and lifters in their order.
SHOWN = """
    const panel = [...document.querySelectorAll(".panel")].find((p) => p.offsetParent !== null);
    const sorted = panel.querySelector('th[data-sort]:not([aria-sort="none"])');
    return [
      panel.dataset.metric, document.querySelector(".filter input").value,
      sorted.cellIndex, sorted.getAttribute("aria-sort"),
      [...panel.querySelectorAll("tbody tr")].filter((row) => row.offsetParent !== null)
        .map((row) => row.querySelector(".lifter a").textContent),
    ];
"""


def test_the_address_holds_what_is_shown(results: list[Result], tmp_path: Path) -> None:
    act = """
        document.querySelector('input[value="p_mpjpe"]').click();
        const input = document.querySelector(".filter input");
        input.value = "a";
        input.dispatchEvent(new Event("input"));
        const panel = document.querySelector('[data-metric="p_mpjpe"]');
        const head = panel.querySelectorAll("th[data-sort]")[2];
        head.querySelector("button").click();
        head.querySelector("button").click();
    """
    page = html(results)
    address = drive(page, f"{act} return location.hash;", tmp_path)
    assert address == '"#toy-c-v1?metric=p_mpjpe&amp;filter=a&amp;sort=-2"'
    before = drive(page, f"{{ {act} }} {SHOWN}", tmp_path)
    again = drive(page, SHOWN, tmp_path, address.strip('"').replace("&amp;", "&"))
    assert again == before
    assert before.startswith('["p_mpjpe","a",2,"descending",')


@pytest.mark.parametrize(
    "address", ["#%", "#nowhere", "#toy-c-v1?metric=x&sort=99", "#toy-c-v1?sort="]
)
def test_an_address_of_nothing_shows_the_page_as_it_is(
    results: list[Result], tmp_path: Path, address: str
) -> None:
    assert drive(html(results), SHOWN, tmp_path, address) == drive(html(results), SHOWN, tmp_path)


def test_a_lifter_has_an_address_of_its_own(results: list[Result], tmp_path: Path) -> None:
    """It stays when rows come and go, and opens the lifter's details."""
    script = """
        return [...document.querySelectorAll("details[open] .name")].map((n) => n.textContent);
    """
    for rows in (results, results[1:]):
        assert drive(html(rows), script, tmp_path, "#toy-c-v1/ca-conv") == '["ca-conv"]'
