"""The comparison of marked rows, in a real browser."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from corruptbench.leaderboard import Result, load, read_paired, submit
from corruptbench.leaderboard.page import figures, scales
from corruptbench.leaderboard.page.figures import Line, Point
from corruptbench.leaderboard.page.render import html
from tests.fixtures.browser import Visit, overflows, violations
from tests.leaderboard.conftest import CORRUPTIONS, Make, clip_table
from tests.leaderboard.page.board_page import mark, table

pytestmark = pytest.mark.browser
FAMILIES = {"erase": "occlusion", "camera_shake": "motion blur", "gaussian_noise": "pixel noise"}
KINDS = {n: {"family": f, "sentence": "", "picture": b""} for n, f in FAMILIES.items()}
TOY = {"toy-c": {"title": "Toy", "corruptions": list(CORRUPTIONS), "kinds": KINDS}}


@pytest.fixture
def board(make: Make, tmp_path: Path) -> Path:
    """Five rows over the same clips, the best first."""
    for i in range(5):
        submit(
            make(clip_table(level=40.0 + 1.03 * i, slope=5.0 + i / 7), name=f"r{i}"),
            tmp_path / "b",
            None,
        )
    return tmp_path / "b"


@pytest.fixture
def rows(board: Path) -> list[Result]:
    return load(board)


@pytest.fixture
def page_text(rows: list[Result], board: Path) -> str:
    return html(rows, TOY, read_paired(rows, board))


def fragment(page: Page) -> str:
    return "#" + page.url.partition("#")[2]


def numbers(page: Page) -> dict[str, list[str]]:
    """Return the text of each line of the compared numbers, by its head."""
    lines = page.locator(".compared tbody tr").all()
    return {line.locator("th").inner_text(): line.locator("td").all_inner_texts() for line in lines}


def test_marked_rows_are_compared_and_are_in_the_address(page_text: str, visit: Visit) -> None:
    page = visit(page_text)
    expect(page.locator(".comparison")).to_be_hidden()
    mark(page, "r2").press("Space")
    expect(page.get_by_role("status").filter(has_text="1 selected")).to_be_visible()
    expect(page.get_by_role("button", name="Compare")).to_be_disabled()
    mark(page, "r0").press("Space")
    assert fragment(page) == "#toy-c-v1?select=r2,r0"
    page.get_by_role("button", name="Compare").press("Enter")
    expect(page.get_by_role("heading", name="Comparison")).to_be_focused()
    heads = page.locator(".compared thead th").all_inner_texts()
    assert heads == ["mm", "r2", "r0", "r0 minus r2"]
    page.go_back()
    expect(page.locator(".comparison")).to_be_hidden()
    expect(mark(page, "r2")).to_be_checked()
    expect(mark(page, "r0")).not_to_be_checked()
    page.go_forward()
    expect(page.locator(".comparison")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    assert fragment(page) == "#toy-c-v1"


def test_numbers_and_paired_differences_are_those_of_the_rows(
    rows: list[Result], board: Path, page_text: str, visit: Visit
) -> None:
    """Also where the first row that was marked is the worse one, so that signs turn."""
    found = numbers(visit(page_text, "#toy-c-v1?select=r3,r1"))
    third, first = rows[3], rows[1]
    pair = read_paired(rows, board)[first.clips_sha256, third.clips_sha256]
    heads = ["Clean", "Corrupted", "Degradation", *(n.replace("_", " ") for n in CORRUPTIONS)]
    assert list(found) == heads
    for (name, told), line in zip(pair.items(), found.values(), strict=True):
        error = [r.mpjpe.corruptions.get(name) or getattr(r.mpjpe, name) for r in (third, first)]
        assert [text.split()[0] for text in line[:2]] == [f"{e:.1f}" for e in error]
        change, verdict, ends = re.fullmatch(r"(\S+) (.+)\n(.+)", line[2]).groups()
        turned = [-told.difference, -told.high, -told.low]
        texts = [f"{n:+.1f}".replace("-", "\N{MINUS SIGN}") for n in turned]
        assert [change, *ends.split(" to ")] == texts
        assert verdict == ("better" if turned[2] < 0 else "not separated")


def test_without_pairs_the_page_says_so(rows: list[Result], page_text: str, visit: Visit) -> None:
    for text, address in (
        (html(rows, TOY), "#toy-c-v1?select=r1,r0"),
        (page_text, "#toy-c-v1?metric=p_mpjpe&select=r1,r0"),
    ):
        page = visit(text, address)
        expect(page.locator(".comparison")).to_contain_text("They are not paired")
        error = "p_mpjpe" if "p_mpjpe" in address else "mpjpe"
        one, other = (getattr(rows[i], error).corrupted for i in (1, 0))
        assert numbers(page)["Corrupted"][2] == f"\N{MINUS SIGN}{one - other:.1f}"
        code = "corruptbench compare toy-c-v1/r1 toy-c-v1/r0 --board BOARD"
        expect(page.locator(".comparison code")).to_have_text(code)
    expect(
        visit(page_text, address.replace("p_mpjpe", "mpjpe")).locator(".comparison")
    ).to_contain_text("Differences are paired")


def test_no_more_than_four_are_compared(page_text: str, visit: Visit) -> None:
    page = visit(page_text, "#toy-c-v1?select=r0,r1,r1,nobody,r2,r3,r4")
    assert page.locator(".compared thead th").count() == 1 + 4 + 3
    expect(mark(page, "r4")).to_be_disabled()
    mark(page, "r1").uncheck()
    expect(mark(page, "r4")).to_be_enabled()
    assert fragment(page) == "#toy-c-v1?select=r0,r2,r3"


def test_curves_and_bars_are_those_of_the_static_figures(
    rows: list[Result], page_text: str, visit: Visit
) -> None:
    """The script draws from numbers with one decimal, so lines differ by a fraction of a pixel."""
    page = visit(page_text, "#toy-c-v1?select=r0,r4")
    shown = [rows[0], rows[4]]
    lines = {
        name: [
            Line(row.lifter.name, place, [
                Point(c.severity, c.mpjpe, c.mpjpe_low, c.mpjpe_high)
                for c in row.cells if c.corruption in ("clean", name)
            ])
            for place, row in enumerate(shown)
        ]
        for name in CORRUPTIONS
    }  # fmt: skip
    points = [p for panel in lines.values() for line in panel for p in line.points]
    y = scales.scale(v for p in points for v in (p.value, p.low, p.high))
    drawn = page.locator(".compared figure", has=page.locator("polyline"))
    for panel, (name, series) in zip(drawn.all(), lines.items(), strict=True):
        expect(panel.locator("figcaption")).to_have_text(name.replace("_", " "))
        right = ET.fromstring(figures.curves(series, y, ""))
        for tag in ("polyline", "polygon"):
            found = panel.locator(f"{tag}.{'stroke' if tag == 'polyline' else 'band'}")
            ours = [corners(line.get_attribute("points")) for line in found.all()]
            theirs = [corners(n.get("points")) for n in right.iter(tag) if n.get("class") != "mark"]
            np.testing.assert_allclose(sorted(ours), sorted(theirs), atol=0.35)
    families = page.locator(".compared figure", has=page.locator("rect.fill"))
    assert families.locator("figcaption").all_inner_texts() == list(FAMILIES.values())
    lost = [row.mpjpe.corruptions["erase"] - row.mpjpe.clean for row in shown]
    bars = families.first
    assert bars.locator("text.value").all_text_contents() == [f"+{v:.1f}" for v in lost]
    widths = [float(bar.get_attribute("width")) for bar in bars.locator("rect.fill").all()]
    assert widths[0] / widths[1] == pytest.approx(lost[0] / lost[1], rel=1e-6)


def corners(points: str) -> list[float]:
    return [float(part) for part in re.split("[ ,]", points)]


def test_columns_are_chosen(page_text: str, visit: Visit) -> None:
    page = visit(page_text)

    def heads() -> list[str]:
        return table(page).locator("th[data-group]:visible").all_inner_texts()[3:]

    assert heads() == [name.replace("_", " ") for name in CORRUPTIONS]
    page.get_by_text("families", exact=True).click()
    assert heads() == list(FAMILIES.values())
    page.get_by_text("severities", exact=True).click()
    assert heads() == [f"severity {s}" for s in range(1, 6)]
    assert fragment(page) == "#toy-c-v1?columns=severity"
    page.go_back()
    page.go_back()
    expect(page.get_by_role("radio", name="corruptions")).to_be_checked()


def test_commands_can_be_copied(rows: list[Result], page_text: str, visit: Visit) -> None:
    page = visit(page_text, "#toy-c-v1/r1")
    page.locator(".lifters > [open] .copies").click()
    assert rows[1].command in page.evaluate("getSelection().toString()")


def test_the_comparison_is_accessible_and_fits(page_text: str, visit: Visit) -> None:
    page = visit(page_text, "#toy-c-v1?select=r0,r1,r2,r3")
    assert not overflows(page)
    assert not violations(page)
