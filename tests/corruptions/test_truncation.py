from __future__ import annotations

import numpy as np
import pytest

from corruptbench.corruptions import ClipInfo, Key, get
from corruptbench.corruptions.truncation import BELOW, DEPTH_SWING, LEFT, RIGHT, SEVERITIES, steady
from tests.corruptions.scenes import info


def hidden_share(about, severity, key):
    """(F, H, W) of each pixel, how much is hidden: from a black and a white clip."""
    shape = (about.frames, about.height, about.width, 3)
    black, white = (
        get("truncation").clip(np.full(shape, v, np.uint8), about, severity, key) for v in (0, 255)
    )
    return 1 - (white.astype(float) - black).mean(axis=-1) / 255


@pytest.mark.parametrize("severity", range(1, 6))
def test_a_wall_reaches_from_one_side_into_the_box_by_the_depth_of_the_table(severity):
    size = 160
    params = SEVERITIES[severity - 1]
    reached = set()
    for clip in range(12):
        about = info(size, 12, fps=8.0)
        key = Key.of("wall", clip)
        draws = get("truncation").prepare(about, severity, key)
        hidden = hidden_share(about, severity, key)
        for t in range(12):
            line = hidden[t].mean(axis=1 if draws.sides[t] == BELOW else 0)
            across = hidden[t].std(axis=1 if draws.sides[t] == BELOW else 0)
            assert across.max() < 0.01, "the edge is straight"
            line = line if draws.sides[t] == LEFT else line[::-1]
            assert (np.diff(line) <= 0.01).all(), "hidden from one side on"
            x0, y0, x1, y1 = steady(about)[t]
            start, extent = {
                LEFT: (x0, x1 - x0),
                RIGHT: (size - x1, x1 - x0),
                BELOW: (size - y1, y1 - y0),
            }[draws.sides[t]]
            depth = (line.sum() - start) / extent
            slack = 2 / extent
            assert depth < params.depth * (1 + DEPTH_SWING) + slack
            if depth > params.depth * (1 - DEPTH_SWING) - slack:
                reached.add(draws.sides[t])
    assert reached == {LEFT, RIGHT, BELOW}


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_it_comes_and_goes_smoothly_for_the_share_of_the_table(severity):
    about = info(100, 4000, fps=50.0)
    draws = get("truncation").prepare(about, severity, Key.of("smooth"))
    edges = np.array(draws.edges)
    there = edges > -draws.blur
    params = SEVERITIES[severity - 1]
    assert there.mean() == pytest.approx(params.gone, abs=0.03)
    jumps = np.abs(np.diff(edges)).max()
    assert jumps < 1.6 * 75 / (0.2 * params.run * 50), "no faster than its slide"


def test_nobody_no_wall():
    about = ClipInfo(9, 40, 50, 8.0, np.full((9, 4), np.nan))
    frames = np.random.default_rng(0).integers(0, 256, (9, 40, 50, 3), dtype=np.uint8)
    for severity in range(1, 6):
        out = get("truncation").clip(frames, about, severity, Key.of("x"))
        assert np.array_equal(out, frames)


def test_the_box_is_averaged_over_half_a_second_and_bridges_gaps():
    boxes = np.tile([10.0, 10.0, 20.0, 30.0], (11, 1))
    boxes[5] += 4
    boxes[8:10] = np.nan
    smooth = steady(ClipInfo(11, 64, 64, 4.0, boxes))  # half a second: one frame to each side
    assert smooth[5, 0] == pytest.approx(10 + 4 / 3)
    assert np.isfinite(smooth).all()
    assert smooth[9, 1] == 10


def test_the_average_is_that_of_all_boxes_near_enough():
    """Against the definition, for gaps of all lengths and rates that divide nothing evenly."""
    draw = np.random.default_rng(4)
    for fps in (1.0, 8.0, 29.97, 50.0):
        boxes = draw.uniform(0, 50, (90, 2)).repeat(2, axis=1)[:, [0, 2, 1, 3]] + [0, 0, 9, 9]
        boxes[draw.random(90) < 0.8] = np.nan
        smooth = steady(ClipInfo(90, 64, 64, fps, boxes))
        there = np.flatnonzero(np.isfinite(boxes[:, 0]))
        for t in range(90):
            away = np.abs(there - t)
            near = there[away <= max(fps / 4, away.min())]
            assert np.array_equal(smooth[t], boxes[near].mean(axis=0))


def test_the_wall_stays_while_the_person_is_not_seen():
    """It stands where the person was seen last, or will be seen next."""
    boxes = np.tile([40.0, 20.0, 70.0, 110.0], (40, 1))
    lost = boxes.copy()
    lost[12:25] = np.nan
    clips = (ClipInfo(40, 120, 120, 10.0, seen) for seen in (boxes, lost))
    one, other = (hidden_share(about, 4, Key.of("lost")) for about in clips)
    assert np.array_equal(one, other)
    assert other[12:25].any()
