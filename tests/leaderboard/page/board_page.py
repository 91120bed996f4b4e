"""The board's page, open in a browser: its parts, and what it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


def table(page: Page) -> Locator:
    """Return the table that is shown."""
    return page.locator("table.ranking:visible")


def head(page: Page, name: str) -> Locator:
    """Return the head of a column of that table."""
    return table(page).locator("th[data-sort]", has_text=name)


def search(page: Page) -> Locator:
    """Return the field of the filter."""
    return page.locator(".filter input")  # by its role takes seconds on a large page


def count(page: Page) -> Locator:
    """Return the words that say how many rows the filter keeps."""
    return page.locator(".count")


def mark(page: Page, name: str) -> Locator:
    """Return the box that selects a row to compare."""
    return table(page).locator(f'input[aria-label="Compare {name}"]')


def metric(page: Page, name: str) -> Locator:
    return page.get_by_role("radio", name=name, exact=True)


def lifters(page: Page) -> list[str]:
    """Return the names of the rows that are shown, from top to bottom."""
    return (
        table(page)
        .locator("tbody tr")
        .evaluate_all(
            """(rows) => rows.filter((row) => row.checkVisibility())
            .map((row) => row.querySelector(".lifter a").textContent)"""
        )
    )


def state(page: Page) -> dict[str, Any]:
    """Return all that a reader can choose."""
    return {
        "metric": page.locator(".metric input:checked").first.input_value(),
        "columns": page.locator(".by input:checked").first.input_value(),
        "filter": search(page).input_value(),
        "selected": [
            box.get_attribute("aria-label")
            for box in table(page).locator(".rank input:checked").all()
        ],
        "sorted": [
            (th.inner_text(), th.get_attribute("aria-sort"))
            for th in table(page).locator('th[data-sort]:not([aria-sort="none"])').all()
        ],
        "lifters": lifters(page),
    }
