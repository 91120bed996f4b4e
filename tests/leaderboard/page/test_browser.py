"""The page in a real browser: its controls, by mouse and by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from corruptbench.leaderboard import Result, export_files, placed_rows
from corruptbench.leaderboard.page.render import html
from tests.fixtures.browser import Visit, tab_stops
from tests.leaderboard.conftest import HOSTILE, digest
from tests.leaderboard.page.board_page import count, head, lifters, metric, search, state, table

pytestmark = pytest.mark.browser


def by_clean(results: list[Result]) -> list[str]:
    return [r.lifter.name for r in sorted(results, key=lambda result: result.mpjpe.clean)]


def by_rank(results: list[Result]) -> list[str]:
    return [r.lifter.name for r in sorted(results, key=lambda result: result.mpjpe.corrupted)]


def test_a_click_sorts_and_another_turns_the_order(results: list[Result], visit: Visit) -> None:
    page = visit(html(results))
    assert lifters(page) == by_rank(results) != by_clean(results)
    button = head(page, "Clean").get_by_role("button")
    button.click()
    assert lifters(page) == by_clean(results)
    expect(head(page, "Clean")).to_have_attribute("aria-sort", "ascending")
    expect(table(page).locator('[aria-sort]:not([aria-sort="none"])')).to_have_count(1)
    button.click()
    assert lifters(page) == by_clean(results)[::-1]
    expect(head(page, "Clean")).to_have_attribute("aria-sort", "descending")


def test_the_keyboard_sorts(results: list[Result], visit: Visit) -> None:
    page = visit(html(results))
    button = head(page, "Clean").get_by_role("button")
    button.press("Enter")
    assert lifters(page) == by_clean(results)
    button.press("Space")
    assert lifters(page) == by_clean(results)[::-1]
    expect(button).to_be_focused()


def test_the_filter_keeps_what_it_names(results: list[Result], visit: Visit) -> None:
    page = visit(html(results))
    search(page).fill("CA-conv movenet")
    assert lifters(page) == ["ca-conv"]
    expect(count(page)).to_have_text("1 of 4 lifters")
    expect(page.locator(".lifters > details:visible")).to_have_count(1)
    search(page).fill("")
    assert lifters(page) == by_rank(results)
    expect(count(page)).to_have_text("")


def test_a_metric_is_chosen_by_click_and_by_arrow(results: list[Result], visit: Visit) -> None:
    page = visit(html(results))
    errors = {
        name: f"{getattr(results[0], name).corrupted:.{digits}f}"
        for name, digits in (("mpjpe", 1), ("p_mpjpe", 1), ("mpjve", 2))
    }
    expect(table(page)).to_contain_text(errors["mpjpe"])
    page.get_by_text("MPJVE", exact=True).first.click()
    expect(table(page)).to_contain_text(errors["mpjve"])
    metric(page, "MPJVE").press("ArrowLeft")
    expect(metric(page, "P-MPJPE")).to_be_checked()
    expect(table(page)).to_contain_text(errors["p_mpjpe"])


def test_a_lifters_name_opens_its_details(results: list[Result], visit: Visit) -> None:
    page = visit(html(results))
    command = page.get_by_text(results[2].command)
    expect(command).not_to_be_visible()
    table(page).get_by_role("link", name=results[2].lifter.name).click()
    expect(command).to_be_visible()
    expect(page.locator(".lifters > [open] summary")).to_be_in_viewport()


def test_the_keyboard_reaches_everything_in_order_and_shows_where_it_is(
    results: list[Result], visit: Visit
) -> None:
    stops, outlined = tab_stops(visit(html(results)))
    assert stops == [*range(len(stops))]
    assert len(stops) >= 3 + 8 + 2 * len(results)
    assert all(outlined)


def many(results: list[Result], number: int) -> list[Result]:
    """Return rows whose errors differ from those of another row by a number, and nothing else."""

    def copy(i: int) -> Result:
        row = results[i % len(results)]
        errors = {key: getattr(row.mpjpe, key) + i / 7 for key in ("clean", "corrupted")}
        name = {"name": f"lifter-{i:03}", "sha256": digest(str(i))}
        lifter = row.lifter.model_copy(update=name)
        return row.model_copy(
            update={"lifter": lifter, "mpjpe": row.mpjpe.model_copy(update=errors)}
        )

    return [copy(i) for i in range(number)]


def test_a_panel_is_made_when_it_is_opened(results: list[Result], visit: Visit) -> None:
    page = visit(html(results))
    panels, first = page.locator(".lifters > details"), page.locator(".lifters > details").first
    expect(panels.locator(".detail *:not(noscript)")).to_have_count(0)
    first.locator("summary").click()
    expect(first.locator("table[data-metric]")).to_have_count(3)
    expect(first.locator(".copies")).to_have_count(1)
    expect(panels.locator("noscript")).to_have_count(len(results) - 1)


def test_a_table_is_made_when_its_metric_is_chosen(results: list[Result], visit: Visit) -> None:
    """It then shows what was chosen before."""
    page = visit(html(results), "#toy-c-v1?filter=a&sort=-clean&select=tagn,plain")
    expect(page.locator("table.ranking")).to_have_count(1)
    before = state(page)
    page.get_by_text("P-MPJPE", exact=True).first.click()
    expect(page.locator("table.ranking")).to_have_count(2)
    assert state(page) == before | {"metric": "p_mpjpe"}
    head(page, "Clean").get_by_role("button").click()
    metric(page, "MPJPE").press("Space")
    assert [text for _, text in state(page)["sorted"]] == ["ascending"]


def test_hostile_words_stay_text_in_a_panel(odd: list[Result], visit: Visit) -> None:
    page = visit(html(odd), "#toy-c-v1/c")
    panel = page.locator(".lifters > details[open]")
    expect(panel).to_contain_text(HOSTILE)
    expect(panel.locator("b")).to_have_count(0)


def test_a_page_of_many_rows_opens_with_few_elements(results: list[Result], visit: Visit) -> None:
    """They decide how fast it opens: about 30 for a row with three corruptions."""
    few, many_more = (
        visit(html(many(results, number))).evaluate("document.querySelectorAll('*').length")
        for number in (20, 120)
    )
    assert (many_more - few) / 100 < 50


def test_a_board_of_500_rows_sorts_and_filters(results: list[Result], visit: Visit) -> None:
    rows = many(results, 500)
    page = visit(html(rows))
    assert lifters(page) == by_rank(rows)
    head(page, "Clean").get_by_role("button").click()
    assert lifters(page) == by_clean(rows)
    search(page).fill("lifter-49")
    assert lifters(page) == [name for name in by_clean(rows) if name.startswith("lifter-49")]
    expect(count(page)).to_have_text("10 of 500 lifters")


def test_downloads_are_saved_whole_under_the_policy_of_the_page(
    results: list[Result], visit: Visit
) -> None:
    page = visit(html(results))
    files = export_files(placed_rows(results), {})
    for label in ("CSV", "JSON", "Parquet", "LaTeX", "BibTeX"):
        with page.expect_download() as saved:
            page.get_by_role("link", name=label, exact=True).click()
        name = saved.value.suggested_filename
        assert saved.value.path().read_bytes() == files[f"toy-c-v1/{name}"]
