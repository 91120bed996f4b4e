"""Badges, read again by an XML parser."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from matplotlib import font_manager
from PIL import ImageFont

from corruptbench.leaderboard import Placed, Result, placed_rows
from corruptbench.leaderboard.exports.badge import RANKED, UNRANKED, badge, text_width
from corruptbench.leaderboard.ranking.order import Row
from corruptbench.leaderboard.status import Status
from tests.leaderboard.conftest import BOXES, HOSTILE, clip_table_3, digest, document, row
from tests.leaderboard.test_status import VERIFIED

STATUS = Status.model_validate(VERIFIED)
SVG = "{http://www.w3.org/2000/svg}"


def read(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)


def texts(root: ElementTree.Element) -> list[str | None]:
    return [element.text for element in root.iter(f"{SVG}text")]


def fills(root: ElementTree.Element) -> list[str | None]:
    return [rect.get("fill") for rect in root.iter(f"{SVG}rect") if rect.get("fill")]


def test_a_badge_says_benchmark_error_and_rank(results: list[Result]) -> None:
    for place, ranked in enumerate(placed_rows(results), 1):
        root = read(badge(ranked, "Toy-C"))
        number = f"{ranked.result.mpjpe.corrupted:.1f} mm"
        error = f"corrupted {number} \N{MIDDLE DOT} rank {place} \N{MIDDLE DOT} claimed"
        assert texts(root) == ["Toy-C v1", error]
        assert root.find(f"{SVG}title").text == root.get("aria-label") == f"Toy-C v1: {error}"
        assert root.get("role") == "img"
        assert fills(root)[-1] == RANKED


def test_a_row_without_a_rank_says_why(odd: list[Result]) -> None:
    root = read(badge(placed_rows(odd)[-1], "Toy-C"))
    assert texts(root)[1].endswith("not ranked: other pixels \N{MIDDLE DOT} claimed")
    assert fills(root)[-1] == UNRANKED


def test_a_row_that_the_owner_confirmed_says_so() -> None:
    (placed,) = placed_rows([row("a", 40).model_copy(update={"status": STATUS})])
    assert texts(read(badge(placed, "x")))[1].endswith("rank 1 \N{MIDDLE DOT} verified")


def test_table_and_metric_are_named_where_they_are_not_the_usual_ones() -> None:
    table = clip_table_3()
    build = {**document(table, "")["build"], "boxes": BOXES}
    boxed = Result.model_validate(document(table, digest("b"), build=build))
    (placed,) = placed_rows([boxed])
    assert texts(read(badge(placed, "x")))[0] == "x v1, boxes by movenet:multipose"
    unknown = Placed("units unknown", Row(1, boxed.model_copy(update={"mpjpe": None}), ""))
    label, message = texts(read(badge(unknown, "x")))
    assert label == "x v1, units unknown"
    assert message.startswith("P-MPJPE corrupted ")


@pytest.mark.parametrize("hostile", [HOSTILE, '"><script>alert(1)</script>', "]]>&x;<!--"])
def test_no_text_is_markup(hostile: str) -> None:
    root = read(badge(Placed("", Row(None, row("a", 40), hostile)), hostile))
    assert texts(root)[0] == f"{hostile} v1"
    assert texts(root)[1].endswith(f"not ranked: {hostile} \N{MIDDLE DOT} claimed")
    assert {element.tag.removeprefix(SVG) for element in root.iter()} == {
        "svg", "title", "clipPath", "g", "rect", "text",
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "corrupted 87.3 mm \N{MIDDLE DOT} rank 12",
        "studio-C v3",
        "not ranked: other pixels, 16 of 17 joints",
        "Human3.6M-C v3, boxes by movenet:multipose",
    ],
)
def test_widths_are_about_those_of_a_font(text: str) -> None:
    """DejaVu Sans, which Matplotlib brings, at 11 px."""
    font = ImageFont.truetype(font_manager.findfont("DejaVu Sans"), 11)
    assert abs(text_width(text) / font.getlength(text) - 1) < 0.05


def test_texts_fit_into_their_halves(results: list[Result]) -> None:
    root = read(badge(placed_rows(results)[0], "Toy-C"))
    ends = [0.0]
    for rect, text in zip(list(root.iter(f"{SVG}rect"))[1:], root.iter(f"{SVG}text"), strict=True):
        start, width = float(rect.get("x", 0)), float(rect.get("width"))
        assert start == ends[-1]
        assert float(text.get("x")) == start + width / 2
        assert float(text.get("textLength")) == width - 12
        ends.append(start + width)
    assert ends[-1] == float(root.get("width"))
