"""Measure how fast the board's page opens, sorts and filters in a browser.

The rows are copies of those of the project's board, under other names and with other errors. Each
round opens the pages of all sizes in turn, each in a window of its own. "Open" is the time from the
start of the navigation to the end of the load event. The other times are those from an event to the
end of the layout that it causes: sorting by a column, filtering, and the panel of a row. In
brackets is the processor time of the page's main thread, with what is painted. On a busy machine it
says more. Needs Debian's ``chromium`` on the PATH.

Usage: python -m benchmarks.page_speed [rounds]
"""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.arguments import whole_numbers
from corruptbench.evaluation.heading import heading
from corruptbench.leaderboard import Result, load, render
from corruptbench.manifest import load_manifest
from tests.fixtures.browser import launched

if TYPE_CHECKING:
    from playwright.sync_api import Browser

BOARD = Path(__file__).parents[1] / "leaderboard/results"
SIZES = (18, 100, 500)
#: What a reader does, as JavaScript.
ACTS = {
    "sort": """document.querySelector('th[data-sort="clean"] button').click()""",
    "filter": """
        const input = document.querySelector(".filter input");
        input.value = "-01";
        input.dispatchEvent(new Event("input", { bubbles: true }));""",
    "panel": """location.hash = document.querySelector(".ranking .lifter a").hash""",
}
#: Milliseconds that an act and its layout take.
LAID_OUT = """() => {
  const start = performance.now();
  %s;
  document.body.offsetHeight;
  return performance.now() - start;
}"""
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"
#: Milliseconds in which a page paints what has changed. Our own choice.
PAINTED = 400


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


def measured(browser: Browser, page: Path) -> dict[str, tuple[float, float]]:
    """Open a page in a new window of a laptop; return wall and processor times in milliseconds."""
    context = browser.new_context(viewport={"width": 1366, "height": 900})
    window = context.new_page()
    session = context.new_cdp_session(window)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def busy() -> float:
        window.wait_for_timeout(PAINTED)
        metrics = session.send("Performance.getMetrics")["metrics"]
        return float(next(m["value"] for m in metrics if m["name"] == "TaskDuration")) * 1000

    window.goto(page.as_uri())
    before = busy()
    found = {"open": (float(window.evaluate(LOADED)), before)}
    for act, script in ACTS.items():
        took = float(window.evaluate(LAID_OUT % script))
        after = busy()
        found[act] = took, after - before
        before = after
    context.close()
    return found


def elements(browser: Browser, page: Path) -> int:
    """Count the elements of a page that nobody touched."""
    window = browser.new_page()
    window.goto(page.as_uri())
    count = int(window.evaluate("document.querySelectorAll('*').length"))
    window.close()
    return count


def write_pages(folder: Path) -> dict[int, Path]:
    """Write the page of each size."""
    manifest = load_manifest("studio-c")
    rows = [row for row in load(BOARD) if row.benchmark.version == manifest.version]
    pages = {size: folder / f"{size}.html" for size in SIZES}
    for size, path in pages.items():
        render(copies(rows, size), path, {manifest.id: heading(manifest)})
    return pages


def main(rounds: int) -> None:
    """Print a table of medians, and the ratio of the largest page to the middle one."""
    load_before = os.getloadavg()[0]
    found: dict[int, list[dict[str, tuple[float, float]]]] = {size: [] for size in SIZES}
    with tempfile.TemporaryDirectory() as folder, launched(Path(folder)) as browser:
        pages = write_pages(Path(folder))
        counts = {size: elements(browser, page) for size, page in pages.items()}
        for _ in range(rounds):
            for size, page in pages.items():
                found[size].append(measured(browser, page))
    times = {size: medians(rounds_of_size) for size, rounds_of_size in found.items()}
    acts = ("open", *ACTS)
    print(f"| rows | elements | {', ms | '.join(acts)}, ms |")
    print(f"| ---: | ---: | {' | '.join('---:' for _ in acts)} |")
    for size, of_acts in times.items():
        cells = " | ".join(f"{of_acts[act][0]:,.0f} ({of_acts[act][1]:,.0f})" for act in acts)
        print(f"| {size} | {counts[size]:,} | {cells} |")
    _, middle, most = SIZES
    ratios = [[times[most][act][i] / times[middle][act][i] for i in (0, 1)] for act in acts]
    cells = " | ".join(f"{wall:.1f} ({busy:.1f})" for wall, busy in ratios)
    print(f"| {most} / {middle} | {counts[most] / counts[middle]:.1f} | {cells} |")
    print(
        f"\nMedians of {rounds} rounds. "
        f"Load average before and after: {load_before:.1f}, {os.getloadavg()[0]:.1f}."
    )


def medians(rounds: Sequence[dict[str, tuple[float, float]]]) -> dict[str, tuple[float, float]]:
    """Return the medians of wall and processor times of each act."""
    return {
        act: (
            statistics.median(one[act][0] for one in rounds),
            statistics.median(one[act][1] for one in rounds),
        )
        for act in rounds[0]
    }


if __name__ == "__main__":
    main(*whole_numbers(__doc__, rounds=5))
