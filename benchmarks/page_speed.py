"""Measure how fast the board's page opens, sorts and filters in a browser.

The rows are copies of those of the project's board, under other names and with other errors. Each
round opens the pages of all sizes in turn, each in a window of its own. "Opened" is the time from
the start of the navigation to the end of the load event. "Sorted" and "filtered" are the times
from the event to the end of the layout that it causes. "Panel" is that of opening the panel of a
row. Needs Debian's ``chromium`` on the PATH.

Usage: python -m benchmarks.page_speed [rounds]
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from corruptbench.evaluation.heading import heading
from corruptbench.leaderboard import Result, load
from corruptbench.leaderboard.page.render import html
from corruptbench.manifest import load_manifest
from tests.fixtures.browser import launched

if TYPE_CHECKING:
    from playwright.sync_api import Browser

BOARD = Path(__file__).parents[1] / "leaderboard/results"
SIZES = (18, 100, 500)
#: Elements of the page and its times in milliseconds, by the names of the table's columns.
MEASURE = """async () => {
  const laidOut = (act) => {
    const start = performance.now();
    act();
    document.body.offsetHeight;
    return performance.now() - start;
  };
  await new Promise((done) => setTimeout(done, 100));  // the load event has ended
  const elements = document.querySelectorAll("*").length;
  const input = document.querySelector(".filter input");
  return {
    elements,
    opened: performance.getEntriesByType("navigation")[0].loadEventEnd,
    sorted: laidOut(() => document.querySelector('th[data-sort="clean"] button').click()),
    filtered: laidOut(() => {
      input.value = "-01";
      input.dispatchEvent(new Event("input", { bubbles: true }));
    }),
    panel: laidOut(() => { location.hash = document.querySelector(".ranking .lifter a").hash; }),
  };
}"""


def copies(rows: Sequence[Result], number: int) -> list[Result]:
    """Return so many rows; the errors of each copy are a little larger."""

    def copy(i: int) -> Result:
        row = rows[i % len(rows)]
        errors = {key: getattr(row.mpjpe, key) + i / 7 for key in ("clean", "corrupted")}
        digest = sha256(str(i).encode()).hexdigest()
        lifter = row.lifter.model_copy(update={"name": f"lifter-{i:03}", "sha256": digest})
        mpjpe = row.mpjpe.model_copy(update=errors)
        return row.model_copy(update={"lifter": lifter, "mpjpe": mpjpe})

    return [copy(i) for i in range(number)]


def measured(browser: Browser, page: Path) -> dict[str, float]:
    """Open a page in a new window of a laptop, and measure it."""
    context = browser.new_context(viewport={"width": 1366, "height": 900})
    window = context.new_page()
    window.goto(page.as_uri())
    found: dict[str, float] = window.evaluate(MEASURE)
    context.close()
    return found


def write_pages(folder: Path) -> dict[int, Path]:
    """Write the page of each size."""
    manifest = load_manifest("studio-c")
    rows = [row for row in load(BOARD) if row.benchmark.version == manifest.version]
    pages = {size: folder / f"{size}.html" for size in SIZES}
    for size, path in pages.items():
        text = html(copies(rows, size), {manifest.id: heading(manifest)})
        path.write_text(text, encoding="utf-8")
    return pages


def main(rounds: int = 5) -> None:
    """Print a table of medians, and the ratio of the largest page to the middle one."""
    load_before = os.getloadavg()[0]
    found: dict[int, list[dict[str, float]]] = {size: [] for size in SIZES}
    with tempfile.TemporaryDirectory() as folder, launched(Path(folder)) as browser:
        pages = write_pages(Path(folder))
        megabytes = {size: page.stat().st_size / 1e6 for size, page in pages.items()}
        for _ in range(rounds):
            for size, page in pages.items():
                found[size].append(measured(browser, page))
    columns = list(found[SIZES[0]][0])
    medians = {
        size: [statistics.median(one[name] for one in all_rounds) for name in columns]
        for size, all_rounds in found.items()
    }
    print(f"| rows | MB | {' | '.join(columns)} |")
    print(f"| ---: | ---: | {' | '.join('---:' for _ in columns)} |")
    for size, values in medians.items():
        print(f"| {size} | {megabytes[size]:.1f} | {' | '.join(f'{v:,.0f}' for v in values)} |")
    ratios = [a / b for a, b in zip(medians[SIZES[2]], medians[SIZES[1]], strict=True)]
    print(f"| 500 / 100 | | {' | '.join(f'{ratio:.1f}' for ratio in ratios)} |")
    print(
        f"\nTimes in ms, medians of {rounds} rounds. "
        f"Load average before and after: {load_before:.1f}, {os.getloadavg()[0]:.1f}."
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
