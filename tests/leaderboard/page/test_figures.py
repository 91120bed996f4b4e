from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corruptbench.leaderboard.page import figures, scales
from corruptbench.leaderboard.page.figures import Bar, Line, Point

SIZES = st.floats(-1e4, 1e4, allow_nan=False).map(lambda value: round(value, 6))


@given(values=st.lists(SIZES, max_size=8), zero=st.booleans())
def test_scale_holds_its_values_in_few_round_steps(values: list[float], zero: bool) -> None:
    scale = scales.scale(values, zero)
    assert scale.low < scale.high
    assert 2 <= len(scale.ticks) <= 8
    for value in [*values, *([0.0] if zero else [])]:
        assert -1e-6 <= scale.at(value) <= 1 + 1e-6


@pytest.mark.parametrize(
    ("values", "ticks"),
    [([72.0, 131.0], (60, 80, 100, 120, 140)), ([0.0, 8.0], (0, 2, 4, 6, 8)), ([], (0, 0.5, 1))],
)
def test_scale_examples(values: list[float], ticks: tuple[float, ...]) -> None:
    assert scales.scale(values).ticks[:1] == pytest.approx(ticks[:1])
    assert scales.scale(values).ticks[-1] == pytest.approx(ticks[-1])


def lines(count: int) -> list[Line]:
    points = [Point(s, 40.0 + s, 39.0 + s, 41.0 + s) for s in range(6)]
    return [Line(f"<lifter {i}> & co", i, points) for i in range(count)]


def test_figures_are_well_formed_whatever_the_names_say() -> None:
    y = scales.scale([39.0, 46.0])
    drawn = [
        figures.curves(lines(12), y, 'a "label" <b>'),
        figures.bars(
            [Bar("<b>", 0, 3.0, "<b>"), Bar("x" * 90, 9, -1.0, "-1")],
            scales.scale([3, -1], True),
            "",
        ),
        *(figures.mark(place) for place in range(10)),
    ]
    for svg in drawn:
        ET.fromstring(svg)
        assert "<b>" not in svg


def test_every_series_is_drawn_and_the_first_eight_have_bands_and_marks() -> None:
    svg = figures.curves(lines(12), scales.scale([39.0, 46.0]), "")
    assert svg.count("<polyline") == 12
    assert svg.count('class="band"') == 8
    assert svg.count('class="mark"') == 8 * 6


def test_marks_differ_in_shape() -> None:
    shapes = {str(figures.mark(place)).split("<g transform")[1] for place in range(8)}
    assert len(shapes) == 8


def test_points_lie_where_the_axis_says() -> None:
    """Severity 0 and the lowest tick sit at the lower left of the frame."""
    line = Line("a", 8, [Point(0, 40.0), Point(5, 50.0)])
    root = ET.fromstring(figures.curves([line], scales.Scale(40.0, 50.0, (40.0, 50.0)), ""))
    polyline = next(node for node in root.iter() if node.tag == "polyline")
    (x0, y0), (x1, y1) = (
        tuple(float(part) for part in pair.split(",")) for pair in polyline.attrib["points"].split()
    )
    grid = [node for node in root.iter() if node.get("class") == "grid"]
    assert (y0, y1) == tuple(float(node.attrib["y1"]) for node in grid)
    assert x0 < x1
