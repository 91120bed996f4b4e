"""The page says what its corruptions are, and how they look."""

from __future__ import annotations

import base64
import re

from corruptbench.leaderboard import Result
from corruptbench.leaderboard.page.kinds_view import families
from corruptbench.leaderboard.page.records import Heading
from corruptbench.leaderboard.page.render import html
from tests.leaderboard.conftest import CORRUPTIONS
from tests.leaderboard.page.test_page import words

KINDS = {
    "erase": {"family": "occlusion", "sentence": "Erasing: patches.", "picture": b"webp"},
    "camera_shake": {"family": "blur", "sentence": "A hand shakes.", "picture": b""},
    "gaussian_noise": {"family": "noise", "sentence": "Noise: <random>.", "picture": b"other"},
}
HEADING = {"title": "Toy", "corruptions": list(CORRUPTIONS), "kinds": KINDS}


def test_families_keep_the_order_of_columns_and_have_each_corruption_once() -> None:
    one = Heading.model_validate({**HEADING, "corruptions": ["gaussian_noise", "erase"]})
    found = families([one, Heading.model_validate(HEADING)])
    assert {family: [k.name for k in kinds] for family, kinds in found.items()} == {
        "noise": ["gaussian_noise"], "occlusion": ["erase"], "blur": ["camera_shake"],
    }  # fmt: skip
    assert found["occlusion"][0].sentence == "Patches."
    assert found["blur"][0].sentence == "A hand shakes."


def test_pictures_are_in_the_page(results: list[Result]) -> None:
    page = html(results, {"toy-c": HEADING, "unused-c": HEADING})
    found = re.findall(r'<img src="data:image/webp;base64,([^"]+)"', page)
    assert [base64.b64decode(text) for text in found] == [b"webp", b"other"]
    assert "img-src data:" in page
    assert "Noise <random>." not in words(page)
    assert "gaussian noise <random>." in words(page).replace("<Random>", "<random>")


def test_columns_of_families_are_there(results: list[Result]) -> None:
    page = html(results, {"toy-c": HEADING})
    heads = re.findall(r'aria-sort="none" class="by-family(?: end)?">(.+?)</th>', page)
    assert heads == 3 * ["occlusion", "blur", "noise"]
    assert "by-family" not in re.sub(r"<style>.*?</style>", "", html(results), flags=re.S)


def test_without_a_manifest_there_are_no_pictures(results: list[Result]) -> None:
    page = html(results)
    assert "<img" not in page
    assert 'id="corruptions"' not in page
