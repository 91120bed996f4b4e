"""Scales, axes and colors end where the rows that decide do, and numbers beyond are marked."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from corruptbench.leaderboard import Result, rank
from corruptbench.leaderboard.page import figures
from corruptbench.leaderboard.page.ends import deciding, on_axis
from corruptbench.leaderboard.page.figure_view import bars, curves, dots
from corruptbench.leaderboard.page.figures import Bar, Line, Point
from corruptbench.leaderboard.page.render import html
from corruptbench.leaderboard.page.scales import Scale
from corruptbench.leaderboard.page.scatter import axes, scatter
from corruptbench.leaderboard.page.spans import span
from tests.leaderboard.conftest import CORRUPTIONS, clip_table, digest, document
from tests.leaderboard.page.test_page import words
from tests.leaderboard.page.test_scatter import dot
from tests.leaderboard.ranking.test_outvoted import row as of_3
from tests.leaderboard.test_status import VERIFIED, row

ERRORS = st.floats(1.0, 1e6)
#: What the page says where something lies beyond an end.
ARROW, OPEN, BROKEN = "an arrow is a lifter beyond them", "An open mark", "A broken bar"
#: Errors that somebody invented: 100 m.
FAR = 1e5


def board(*claimed: float) -> list[Result]:
    """Three verified rows, and claimed ones that begin at these errors and grow with them."""
    sure = [row(f"sure-{i}", level, VERIFIED) for i, level in enumerate((40, 41, 45))]
    tables = [clip_table(level=level, slope=0.15 * level) for level in claimed]
    far = [document(t, digest(f"{i}"), name=f"far-{i}") for i, t in enumerate(tables)]
    return [*sure, *map(Result.model_validate, far)]


def places(results: list[Result]) -> dict[str, int]:
    return {found.result.lifter.name: place for place, found in enumerate(rank(results))}


@given(st.lists(ERRORS, min_size=1, max_size=5), st.lists(ERRORS, max_size=5))
def test_an_axis_holds_what_decides_and_what_is_near(known: list[float], others: list[float]):
    held = on_axis([*known, *others], known)
    assert {*known} <= {*held} <= {*known, *others}
    spread = max(known) - min(known)
    reach = max(spread, max(known) / 4)
    for value in others:
        is_near = min(known) - reach <= value <= max(known) + reach
        assert (value in held) == is_near or value in known
    assert max(held) - min(held) <= 3 * spread or max(held) - min(held) <= spread + max(known) / 2


def test_a_value_beyond_a_scale_is_at_its_end() -> None:
    scale = Scale(40.0, 50.0, (40.0, 50.0))
    assert [scale.at(v) for v in (-1e9, 40.0, 45.0, 50.0, 1e9)] == [0.0, 0.0, 0.5, 1.0, 1.0]
    assert [scale.side(v) for v in (39.9, 40.0, 45.0, 50.0, 50.1)] == [-1, 0, 0, 0, 1]


def drawn(results: list[Result]) -> dict[str, list[str]]:
    """What figures draw of each row: its lines, and its bars."""
    rows, where = rank(results), places(results)
    made = [make("mpjpe", rows, where, [*CORRUPTIONS]) for make in (curves, bars)]
    text = "".join(panel.figure for panels in made for panel in panels.panels)
    found: dict[str, list[str]] = {}
    for series in ET.fromstring(f"<a>{text}</a>").iter("g"):
        name = series.findtext("title", "").partition(" ")[0]
        shapes = [series.find("polyline"), series.find("rect[@class='fill']")]
        found.setdefault(name, []).extend(
            shape.get("points") or shape.attrib["width"] for shape in shapes if shape is not None
        )
    return found


def test_figures_of_confirmed_rows_stay_as_they_are() -> None:
    sure, both = board(), board(FAR)
    alone, beside = drawn(sure), drawn(both)
    assert len(alone["sure-0"]) == 2 * len(CORRUPTIONS)
    assert {name: beside[name] for name in alone} == alone
    ends = [axes(dots("mpjpe", rank(rows), places(rows), "x")) for rows in (sure, both)]
    assert ends[0] == ends[1]


def test_an_arrow_points_to_a_row_beyond_the_axes() -> None:
    sides = [s for s in itertools.product((-1, 0, 1), repeat=2) if any(s)]
    sure = [dot("a", 40.0, 60.0), dot("b", 50.0, 70.0)]
    far = [
        dot(f"{x} {y}", 45.0 + x * FAR, 65.0 + y * FAR, may_be_best=False, decides=False)
        for x, y in sides
    ]
    ends = axes([*sure, *far])
    assert ends == axes(sure)
    assert [ends.side(one) for one in far] == sides
    svg = scatter([*sure, *far], "", "")
    titles = {n.findtext("title", ""): n[1] for n in ET.fromstring(svg).iter("g")}
    turns = {(0, 1): 0, (1, 1): 45, (1, 0): 90, (1, -1): 135, (0, -1): 180}
    for side, one in zip(sides, far, strict=True):
        arrow = titles[one.text]
        turned = arrow.attrib["transform"].partition("rotate(")[2]
        assert arrow.tag == "path"
        assert float(turned[:-1]) == turns.get(side, turns.get((-side[0], side[1]), 0) * -1)
    assert [titles[one.text].tag for one in sure] == ["circle", "circle"]


def test_parameters_that_somebody_invented_make_no_other_point_smaller() -> None:
    sure = [dot("a", 40.0, 60.0, parameters=10**6), dot("b", 41.0, 61.0, parameters=10**5)]
    far = dot("c", 42.0, 62.0, parameters=10**15, may_be_best=False, decides=False)

    def radii(svg: str) -> dict[str, str]:
        circles = [n for n in ET.fromstring(svg).iter("g") if n.find("circle") is not None]
        return {n.findtext("title", ""): n[1].attrib["r"] for n in circles}

    alone, beside = radii(scatter(sure, "", "")), radii(scatter([*sure, far], "", ""))
    assert {name: beside[name] for name in alone} == alone
    assert beside[far.text] == alone[sure[0].text]


def test_a_span_ends_where_its_scale_ends() -> None:
    x = Scale(40.0, 50.0, (40.0, 50.0))
    assert span(41.0, 47.0, x, 0, "") == ("s0 from-10 to-70", "")
    assert span(-FAR, FAR, x, 9, "") == ("s-rest from-0 to-100", "")


def test_values_beyond_a_scale_are_marked() -> None:
    scale = Scale(40.0, 50.0, (40.0, 50.0))
    points = [Point(0, 45.0, 44.0, 46.0), Point(1, FAR, 50.0, 2 * FAR)]
    svg = figures.curves([Line("a", 0, points)], scale, "")
    assert (svg.count('class="mark"'), svg.count('class="beyond mark"')) == (1, 1)
    assert f"{FAR:.1f}" in svg
    heights = [float(n.attrib["cy"]) for n in ET.fromstring(svg).iter("circle")]
    grid = [float(n.attrib["y1"]) for n in ET.fromstring(svg).iter("line")]
    assert heights[1] == min(grid)
    drawn = figures.bars([Bar("a", 0, 45.0, "+45.0"), Bar("b", 1, FAR, "+far")], scale, "")
    assert drawn.count('class="break"') == 1
    assert "<title>b</title>" in drawn.partition('class="break"')[0]


def test_confirmed_rows_decide_and_otherwise_ranked_ones() -> None:
    def names(results: list[Result]) -> list[str]:
        return sorted(found.result.lifter.name for found in deciding(rank(results)))

    assert names(board(FAR)) == ["sure-0", "sure-1", "sure-2"]
    failed = {"lifter": {"allowed": ["sides"]}}
    sure, one, other = of_3("a", 40, VERIFIED, **failed), of_3("b", 45, **failed), of_3("c", 50)
    assert names([one, other]) == ["c"]
    assert names([sure, one]) == ["a"]
    assert names([one]) == ["b"]


def test_the_page_says_what_is_beyond_and_only_then() -> None:
    text = words(html(board(FAR)))
    assert all(told in text for told in (ARROW, OPEN, BROKEN))
    near = words(html(board(50)))
    assert not any(told in near for told in (ARROW, OPEN, BROKEN))
