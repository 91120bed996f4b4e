"""The page in a real browser: screens, paper, no script, and who reads it."""

from __future__ import annotations

import io
import re

import numpy as np
import pypdf
import pytest
from PIL import Image
from playwright.sync_api import expect

from corruptbench.leaderboard import Result
from corruptbench.leaderboard.numbers import JointErrors
from corruptbench.leaderboard.page.render import html
from tests.fixtures.browser import WIDTHS, Visit, overflows, violations
from tests.leaderboard.conftest import clip_table, clip_table_3, digest, document, without_units
from tests.leaderboard.page.board_page import lifters, search, table
from tests.leaderboard.test_about import PAPER

pytestmark = pytest.mark.browser
#: As many as the studio benchmark has.
CORRUPTIONS = {
    "erase": 1.4, "occluder": 1.2, "truncation": 1.1, "camera_shake": 1.0, "long_exposure": 0.9,
    "gaussian_noise": 0.5, "shot_noise": 0.4, "impulse_noise": 0.3,
}  # fmt: skip
#: The texts of cells that are wider than their cell.
WIDER = """(cells) => cells.filter((cell) => cell.scrollWidth > cell.clientWidth)
  .map((cell) => cell.textContent)"""
#: The words of heads that stand on two lines.
BROKEN = """(heads) => heads.flatMap((head) => {
  const [text] = (head.querySelector("button") ?? head).childNodes;
  const range = document.createRange();
  return [...text.data.matchAll(/\\w+/g)].filter(({ 0: word, index }) => {
    range.setStart(text, index);
    range.setEnd(text, index + word.length);
    return range.getClientRects().length > 1;
  }).map(([word]) => word);
})"""


def row(name: str, table: object, **changes: object) -> Result:
    return Result.model_validate(document(table, digest(name), name=name, **changes))


@pytest.fixture
def kinds() -> list[Result]:
    """Rows of all kinds on two benchmarks: with notes, marks, long names and other versions."""
    return [
        row("new", clip_table_3(0), lifter={"about": PAPER.model_dump(), "allowed": ["sides"]}),
        row("a-very-long-name-" * 3 + "x", clip_table(2)),
        row("scaleless", without_units(3), lifter={"contract": {"units": "none"}}),
        row("odd", clip_table(4), benchmark={"id": "other-c"}),
    ]


def test_axe_finds_nothing(kinds: list[Result], visit: Visit) -> None:
    assert not violations(visit(html(kinds)))
    assert not violations(visit(html([])))


def test_a_phone_shows_rows_first_and_the_choices_on_demand(
    results: list[Result], visit: Visit
) -> None:
    page = visit(html(results), width=390)
    expect(table(page).locator(".lifter").nth(3)).to_be_in_viewport(ratio=1)
    expect(search(page)).to_be_hidden()
    page.locator(".choices summary").click()
    expect(search(page)).to_be_visible()
    page.set_viewport_size({"width": 1366, "height": 900})  # turned, or made wider
    expect(page.locator(".choices summary")).to_be_hidden()
    expect(search(page)).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 900})
    expect(search(page)).to_be_hidden()


def test_nothing_but_a_table_scrolls_sideways(kinds: list[Result], visit: Visit) -> None:
    page = visit(html(kinds))
    assert not overflows(page)
    page.set_viewport_size({"width": 390, "height": 900})
    scroll = table(page).first.locator("..")
    assert scroll.evaluate("(box) => box.scrollWidth > box.clientWidth")


def test_a_long_name_above_a_table_makes_no_page_wider(visit: Visit) -> None:
    """Rows that state the same are named there. The longest name has no place for a break."""
    page = visit(html([row("n" * 80, clip_table(2)), row("other", clip_table(2))]))
    assert "n" * 80 in page.locator(".panel:visible > h3").first.inner_text()
    assert not overflows(page)


def test_words_and_numbers_fit_into_their_columns(visit: Visit) -> None:
    """The widths of columns do not depend on what is in them."""
    names = ("erase", "low_resolution", "synchronization_error", "gaussian_noise")
    rows = [row("a", clip_table(1, corruptions=dict.fromkeys(names, 2.0), level=99.0))]
    rows.append(row("lacks-one", clip_table(2, corruptions=dict.fromkeys(names[:3], 1.0))))
    page = visit(html(rows))
    for kind in ("corruption", "severity"):
        page.locator(f'.by input[value="{kind}"]').press("Space")
        wide = table(page).locator("tbody :is(td, th):visible").evaluate_all(WIDER)
        assert wide == []
    broken = table(page).locator("thead th[data-sort]:visible").evaluate_all(BROKEN)
    assert broken == []
    page.emulate_media(media="print")  # where a column is as wide as its words and numbers
    assert table(page).evaluate("(shown) => getComputedStyle(shown).tableLayout") == "auto"


def test_errors_are_drawn_where_they_are(results: list[Result], visit: Visit) -> None:
    page = visit(html(results))
    places = "(cells) => cells.map((cell) => getComputedStyle(cell).backgroundPositionX)"
    found = table(page).locator("td.span").evaluate_all(places)
    order = sorted(results, key=lambda result: result.mpjpe.corrupted)
    numbers = [end for r in order for end in (r.mpjpe.corrupted, r.mpjpe.clean)]
    offsets = [re.findall(r"([+-]) ([\d.]+)px", shown) for shown in found]  # from the middle
    drawn = [float(sign + size) for dot_and_ring in offsets for sign, size in dot_and_ring[:2]]
    assert np.corrcoef(numbers, drawn)[0, 1] > 0.999


def test_colors_follow_the_reader(results: list[Result], visit: Visit) -> None:
    def brightness(scheme: str) -> tuple[float, float]:
        page = visit(html(results), color_scheme=scheme)
        style = "getComputedStyle(document.body)"
        colors = page.evaluate(f"[{style}.backgroundColor, {style}.color]")
        return tuple(sum(map(int, c[4:-1].split(", "))) / 3 for c in colors)

    paper, ink = brightness("light")
    assert paper > 240 > 50 > ink
    paper, ink = brightness("dark")
    assert paper < 50 < 220 < ink


def test_nothing_moves(results: list[Result], visit: Visit) -> None:
    page = visit(html(results))
    behavior = "getComputedStyle(document.documentElement).scrollBehavior"
    assert page.evaluate(behavior) == "auto"
    assert page.evaluate("document.getAnimations().length") == 0


@pytest.mark.parametrize("width", WIDTHS)
def test_a_jump_over_what_is_not_laid_out_ends_at_its_place(visit: Visit, width: int) -> None:
    """The heights of figures and of panels with long names are not known before."""
    rows = [row(f"{'a-long-name-' * 6}{i:02}", clip_table(i, takes=1)) for i in range(60)]
    page = visit(html(rows), width=width)
    table(page).locator("tbody a").nth(50).click()
    linked = visit(html(rows), "#" + page.url.partition("#")[2], width=width)
    for each in (page, linked):
        each.wait_for_timeout(500)  # until what is around the panel is laid out
        top = "(panel) => panel.getBoundingClientRect().top"
        assert abs(each.locator(".lifters > [open]").evaluate(top)) < 100


def test_without_script_the_page_reads(results: list[Result], visit: Visit) -> None:
    page = visit(html(results), java_script_enabled=False)
    order = sorted(results, key=lambda result: result.mpjpe.corrupted)
    assert lifters(page) == [result.lifter.name for result in order]
    expect(search(page)).not_to_be_visible()
    expect(table(page).get_by_role("button")).to_have_count(0)
    page.get_by_text("MPJVE", exact=True).first.click()
    expect(table(page)).to_contain_text(f"{results[0].mpjve.corrupted:.2f}")
    page.locator("summary", has_text="ca-conv").click()
    # by selector: Playwright finds no text in a noscript element
    expect(page.locator("pre code:visible", has_text=results[2].command)).to_have_count(1)


def test_pictures_are_there_before_a_reader_scrolls_to_them(visit: Visit) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (586, 96)).save(picture, "WEBP")
    kind = {"family": "occlusion", "sentence": "", "picture": picture.getvalue()}
    toy = {"title": "Toy", "corruptions": ["erase"], "kinds": {"erase": kind}}
    tall = [row("wide", clip_table(corruptions=CORRUPTIONS))]
    page = visit(html(tall, {"toy-c": toy}), width=390)
    assert page.locator(".kinds img").evaluate("(picture) => picture.naturalWidth") == 586


def printed(pdf: bytes) -> list[tuple[str, bool]]:
    """Return the words of each page of a PDF, and whether they begin on the paper."""
    found = []
    for page in pypdf.PdfReader(io.BytesIO(pdf)).pages:
        width = float(page.mediabox.width)

        def note(text: str, cm: list[float], tm: list[float], *_: object, w: float = width) -> None:
            x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
            found.extend((word, 0 <= x < w) for word in text.split())

        page.extract_text(visitor_text=note)
    return found


def test_paper_holds_all_columns(visit: Visit) -> None:
    result = row("wide", clip_table(corruptions=CORRUPTIONS))
    found = printed(visit(html([result])).pdf(prefer_css_page_size=True))
    words = {word for word, _ in found}
    assert all(on_paper for _, on_paper in found)
    for number in result.mpjpe.corruptions.values():
        assert f"{number:.1f}" in words
    assert "Filter" not in words


def test_a_table_of_17_rows_fits_on_a_page(visit: Visit) -> None:
    rows = [row(f"r{i}", clip_table(i, corruptions=CORRUPTIONS)) for i in range(17)]
    pdf = visit(html(rows)).pdf(prefer_css_page_size=True)
    first = pypdf.PdfReader(io.BytesIO(pdf)).pages[0].extract_text().split()
    assert {one.lifter.name for one in rows} <= {*first}


def test_each_benchmark_begins_on_a_page_of_its_own(visit: Visit) -> None:
    rows = [row("a", clip_table(1)), row("odd", clip_table(4), benchmark={"id": "other-c"})]
    pages = pypdf.PdfReader(io.BytesIO(visit(html(rows)).pdf(prefer_css_page_size=True))).pages
    assert any(page.extract_text().strip().startswith("toy-c, version") for page in pages)


@pytest.mark.parametrize("width", [1366, 768])
def test_the_tables_of_a_panel_are_whole(width: int, visit: Visit) -> None:
    """With the corruptions of the studio benchmark, and its joints."""
    made = row("wide", clip_table_3(corruptions=CORRUPTIONS))
    names = ("clean", "corrupted", *CORRUPTIONS)
    columns = {name: {"hip": 0.0, "right_shoulder": 234.5} for name in names}
    clean, corrupted, *others = columns.values()
    errors = JointErrors(
        clean=clean, corrupted=corrupted, corruptions=dict(zip(CORRUPTIONS, others, strict=True))
    )
    text = html([made.model_copy(update={"joint_errors": errors})])
    page = visit(text, "#toy-c-v1/wide", width=width)
    cut = page.locator(".lifters .scroll").evaluate_all(
        """(boxes) => boxes.filter((box) => box.scrollWidth > box.clientWidth)
        .map((box) => box.ariaLabel)"""
    )
    assert cut == []
    assert page.locator(".lifters .scroll").count() == 7


def test_a_phone_shows_the_whole_main_number(results: list[Result], visit: Visit) -> None:
    page = visit(html(results), width=390)
    expect(table(page).locator("tbody tr td:nth-of-type(3)").first).to_be_in_viewport(ratio=1)


def test_intervals_of_large_errors_do_not_meet(visit: Visit) -> None:
    page = visit(html([row("a", clip_table(1, level=140.0))]))
    ends = page.locator(".ranking:visible tbody td:nth-of-type(-n + 3) small").evaluate_all(
        """(texts) => texts.slice(0, 2).map((text) => {
          const range = document.createRange();
          range.selectNodeContents(text);
          return [range.getBoundingClientRect().left, range.getBoundingClientRect().right];
        })"""
    )
    (_, end_of_clean), (start_of_corrupted, _) = ends
    assert end_of_clean + 4 < start_of_corrupted
