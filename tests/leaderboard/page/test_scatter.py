from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from corruptbench.leaderboard import Result
from corruptbench.leaderboard.page.render import html
from corruptbench.leaderboard.page.scatter import Dot, best, scatter

ERRORS = st.integers(30, 45).map(float)


def dot(name: str, clean: float, corrupted: float, *, parameters: int = 10**6, **how: bool) -> Dot:
    return Dot(
        name, 0, clean, corrupted, parameters, f"{name}, told", f"#x/{name}",
        how.get("is_ranked", True), how.get("may_be_best", True), how.get("decides", True),
    )  # fmt: skip


def circles(svg: str) -> dict[str, ET.Element]:
    """Return the circle of each lifter, by what is told of it."""
    groups = [node for node in ET.fromstring(svg).iter() if node.tag == "g"]
    return {node.findtext("title", "").removesuffix(", told"): node[1] for node in groups}


@given(st.lists(st.tuples(ERRORS, ERRORS, st.booleans()), min_size=1, max_size=12))
def test_the_best_are_the_rows_that_may_be_best_and_none_beats(
    rows: list[tuple[float, float, bool]],
) -> None:
    dots = [dot(f"d{i}", a, b, may_be_best=m) for i, (a, b, m) in enumerate(rows)]
    found = best(dots)
    compared = [d for d in dots if d.may_be_best]
    beaten = {
        one.name
        for one, other in itertools.permutations(compared, 2)
        if other.clean <= one.clean
        and other.corrupted <= one.corrupted
        and (other.clean, other.corrupted) != (one.clean, one.corrupted)
    }
    assert {(d.clean, d.corrupted) for d in found} == {
        (d.clean, d.corrupted) for d in compared if d.name not in beaten
    }
    assert [d.clean for d in found] == sorted({d.clean for d in found})


def test_points_lie_where_their_errors_say_and_grow_with_parameters() -> None:
    svg = scatter(
        [
            dot("<b>", 40.0, 60.0, parameters=4 * 10**6),
            dot("small", 44.0, 70.0, parameters=0),
            dot("apart", 42.0, 50.0, is_ranked=False),
        ],
        "MPJPE",
        "mm",
    )
    found = circles(svg)
    x, y, r = ({n: float(c.attrib[a]) for n, c in found.items()} for a in ("cx", "cy", "r"))
    assert x["<b>"] < x["apart"] < x["small"]
    assert y["apart"] > y["<b>"] > y["small"]
    assert r["small"] < r["apart"] < r["<b>"]
    assert found["apart"].attrib["class"] == "hollow dot"


def test_each_point_links_to_its_lifter_and_only_the_best_are_tabulator_stops() -> None:
    dots = [dot("a", 40.0, 60.0), dot("b", 41.0, 59.0), dot("c", 42.0, 61.0)]
    links = [node for node in ET.fromstring(scatter(dots, "", "")).iter() if node.tag == "a"]
    assert {n.attrib["href"]: n.get("tabindex") for n in links} == {
        "#x/a": None, "#x/b": None, "#x/c": "-1",
    }  # fmt: skip


def test_names_stand_beside_the_best_rows_where_there_is_room() -> None:
    many = [dot(f"a-long-name-{i}", 40.0 + i / 50, 60.0 - i / 50) for i in range(30)]
    svg = scatter([*many, dot("beaten", 48.0, 68.0)], "", "")
    names = [node for node in ET.fromstring(svg).iter() if node.get("class") == "name"]
    assert 1 <= len(names) < 10
    assert "beaten" not in [node.text for node in names]
    tops = sorted(float(node.attrib["y"]) for node in names)
    assert all(b - a >= 15 for a, b in itertools.pairwise(tops))


def test_the_page_draws_every_row_for_every_metric(results: list[Result]) -> None:
    page = html(results)
    assert page.count('<svg class="scatter"') == 3
    for result in results:
        assert page.count(f'<a href="#toy-c-v1/{result.lifter.name}"') == 3 * 2  # table and figure
