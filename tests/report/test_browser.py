"""The page of a result in a real browser."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import replace

import cv2
import numpy as np
import pytest

from corruptbench.report.page import html
from corruptbench.report.pictures import COLUMNS, Pictures, Sprite, Still
from tests.fixtures.browser import CHROMIUM, browse
from tests.report.conftest import FRAMES

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH"),
]
WIDTHS = (390, 820, 1440)

#: Reports of each frame what is wider than it, and what its script did; then moves a slider.
LOOK = """onload = () => setTimeout(() => {
  document.title = JSON.stringify(Array.from(frames).map((inner) => {
    const page = inner.document, all = (what) => [...page.querySelectorAll(what)];
    all("details").forEach((details) => { details.open = true; });
    const wide = page.documentElement.scrollWidth - page.documentElement.clientWidth;
    const ready = all(".movie .controls:not([hidden])").length;
    const drawn = all("canvas").filter((canvas) => canvas.getContext("2d")
      .getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value)).length;
    const range = page.querySelector(".movie input");
    range.value = 7;
    range.dispatchEvent(new inner.Event("input"));
    const said = range.getAttribute("aria-valuetext").split(",")[0];
    const button = page.querySelector(".play").getAttribute("aria-label");
    return [wide, ready, drawn, said, button, all("img").every((img) => img.naturalWidth)];
  }));
}, 1000);"""


def picture(side: int) -> str:
    pixels = np.full((side, side, 3), 128, np.uint8)
    return "data:image/webp;base64," + b64encode(cv2.imencode(".webp", pixels)[1]).decode()


def test_nothing_fails_and_nothing_overflows(whole, tmp_path):
    views = np.array([[0.0, 0.0, 200.0]] * FRAMES)
    sprite = Sprite(picture(COLUMNS * 8), np.arange(FRAMES), views)
    stills = [Still("clean", "As it was.", picture(8))] * 4
    shown = Pictures({"worst 1": sprite}, stills, "S1 walk, cam0")
    long = "averylongname" * 9
    clips = whole.clips.assign(
        **{n: whole.clips[n].str.replace("walk", long) for n in ("action", "sequence")}
    )
    (tmp_path / "inner.html").write_text(html(replace(whole, clips=clips), shown))
    frames = "".join(f"<iframe src=inner.html width={w} height=900></iframe>" for w in WIDTHS)
    done = browse(
        f"<title></title>{frames}<script>{LOOK}</script>", tmp_path,
        "--allow-file-access-from-files", "--enable-logging=stderr",
    )  # fmt: skip
    found = json.loads(re.search(r"<title>(.*?)</title>", done.stdout)[1])
    assert found == [[0, 2, 4, "frame 7", "play", True]] * len(WIDTHS)
    assert "CONSOLE" not in done.stderr
