"""The errors of joints, in panels and in the comparison of marked rows."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from corruptbench.leaderboard import Result
from corruptbench.leaderboard.numbers import JointErrors
from corruptbench.leaderboard.page.render import html
from tests.fixtures.browser import Visit, overflows, violations
from tests.leaderboard.conftest import CORRUPTIONS

pytestmark = pytest.mark.browser
JOINTS = ("hip", "right_knee", "left_wrist")


def with_joints(result: Result, shift: float) -> Result:
    """Return a result with errors of three joints, each of them another number."""
    columns = [
        {joint: shift + 10.0 * j + 100.0 * c for j, joint in enumerate(JOINTS)}
        for c in range(2 + len(CORRUPTIONS))
    ]
    errors = JointErrors(
        clean=columns[0],
        corrupted=columns[1],
        corruptions=dict(zip(CORRUPTIONS, columns[2:], strict=True)),
    )
    return result.model_copy(update={"joint_errors": errors})


@pytest.fixture
def rows(results: list[Result]) -> list[Result]:
    """Two rows with errors of joints, and two without."""
    return [with_joints(results[0], 1.0), with_joints(results[1], 2.5), *results[2:]]


def texts(page: Page, table: str) -> list[list[str]]:
    """Return the texts of the lines of a table."""
    lines = page.locator(f"{table} tbody tr").all()
    return [line.locator("th, td").all_inner_texts() for line in lines]


def test_a_panel_has_every_joint(rows: list[Result], visit: Visit) -> None:
    page = visit(html(rows), "#toy-c-v1/plain")
    heads = page.locator(".joints thead th").all_inner_texts()
    assert heads == ["joint", "clean", "corrupted", *(n.replace("_", " ") for n in CORRUPTIONS)]
    assert texts(page, ".joints") == [
        [joint.replace("_", " "), *(f"{1 + 10 * j + 100 * c:.1f}" for c in range(5))]
        for j, joint in enumerate(JOINTS)
    ]
    ends = page.locator(".joints td").evaluate_all("(cells) => cells.map((c) => c.className)")
    assert (ends[0], ends[-1]) == ("", "heat-6")


def test_compared_rows_have_dots_and_numbers_of_joints(rows: list[Result], visit: Visit) -> None:
    page = visit(html(rows), "#toy-c-v1?select=tagn,plain")
    assert texts(page, ".joint-numbers") == [
        ["hip", "2.5", "102.5", "1.0", "101.0"],
        ["right knee", "12.5", "112.5", "11.0", "111.0"],
        ["left wrist", "22.5", "122.5", "21.0", "121.0"],
    ]
    titles = page.locator(".joint-errors figure .series title").all_text_contents()
    assert titles[1] == "right knee, tagn: clean 12.5, corrupted 112.5"
    rings = page.locator(".joint-errors figure circle.from")
    x = [float(ring.get_attribute("cx")) for ring in rings.all()]
    shift = x[1] - x[0]  # 10 mm
    assert x == pytest.approx([x[0] + shift * d for d in (0, 1, 2, -0.15, 0.85, 1.85)])
    assert not overflows(page)
    assert not violations(page)


def test_a_row_without_errors_of_joints_is_named(rows: list[Result], visit: Visit) -> None:
    page = visit(html(rows), "#toy-c-v1?select=plain,both,tagn")
    expect(page.locator(".compared")).to_contain_text("Without errors of joints: both.")
    assert texts(page, ".joint-numbers")[0] == ["hip", "1.0", "101.0", "2.5", "102.5"]
    page = visit(html(rows), "#toy-c-v1?select=both,ca-conv")
    expect(page.locator(".compared")).to_contain_text("Without errors of joints: both, ca-conv.")
    expect(page.locator(".joint-errors")).to_have_count(0)


def test_another_metric_has_no_joints(rows: list[Result], visit: Visit) -> None:
    page = visit(html(rows), "#toy-c-v1?metric=p_mpjpe&select=plain,tagn")
    expect(page.locator(".compared table")).to_have_count(1)
    expect(page.locator(".compared")).not_to_contain_text("joint")
