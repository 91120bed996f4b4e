"""The page of a result in a real browser."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import replace

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from corruptbench.report.page import html
from corruptbench.report.pictures import COLUMNS, Pictures, Sprite, Still
from tests.fixtures.browser import overflows, tab_stops, violations
from tests.report.conftest import FRAMES

pytestmark = pytest.mark.browser

#: Canvases on which something is drawn.
DRAWN = """(canvases) => canvases.filter((canvas) => canvas.getContext("2d")
  .getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value)).length"""


def picture(side: int) -> str:
    pixels = np.full((side, side, 3), 128, np.uint8)
    return "data:image/webp;base64," + b64encode(cv2.imencode(".webp", pixels)[1]).decode()


@pytest.fixture(scope="module")
def pictured(whole) -> str:
    """A page with everything on it, pictures and very long names, too."""
    views = np.array([[0.0, 0.0, 200.0]] * FRAMES)
    sprite = Sprite(picture(COLUMNS * 8), np.arange(FRAMES), views)
    stills = [Still("clean", "As it was.", picture(8))] * 4
    long = "averylongname" * 9
    clips = whole.clips.assign(
        **{n: whole.clips[n].str.replace("walk", long) for n in ("action", "sequence")}
    )
    shown = Pictures({"worst 1": sprite}, stills, "S1 walk, cam0")
    return html(replace(whole, clips=clips), shown)


def test_everything_is_drawn(pictured, visit):
    page = visit(pictured)
    expect(page.locator(".movie .controls:visible")).to_have_count(2)
    assert page.locator("canvas").evaluate_all(DRAWN) == 4
    assert page.locator("img").evaluate_all("(all) => all.every((img) => img.naturalWidth)")


def test_a_slider_shows_a_frame_and_stops_the_clip(page, visit):
    card = visit(page).locator(".movie").first
    expect(card.get_by_role("button", name="pause")).to_be_visible()
    card.get_by_role("slider", name="frame").fill("7")
    expect(card.get_by_role("slider", name="frame")).to_have_attribute(
        "aria-valuetext", re.compile("^frame 7, ")
    )
    expect(card.get_by_role("button", name="play")).to_be_visible()


def test_nothing_moves_for_who_wants_no_motion(page, visit):
    buttons = visit(page, reduced_motion="reduce").locator(".play")
    assert [buttons.nth(i).get_attribute("aria-label") for i in range(2)] == ["play", "play"]


def test_nothing_overflows(pictured, visit):
    assert not overflows(visit(pictured))


def test_axe_finds_nothing(pictured, visit):
    assert not violations(visit(pictured))


def test_the_keyboard_reaches_everything_in_order_and_shows_where_it_is(page, visit):
    stops, outlined = tab_stops(visit(page))
    assert stops == [*range(len(stops))]
    assert all(outlined)


def test_without_script_the_page_reads(page, visit):
    opened = visit(page, java_script_enabled=False)
    expect(opened.locator(".movie button:visible")).to_have_count(0)
    opened.locator("summary", has_text="Every cell").click()
    expect(opened.get_by_role("table", name="MPJPE by severity, mm")).to_be_visible()
