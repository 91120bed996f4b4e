"""The picture's border comes in over one side of the person, as deep and as fast as stated."""

from __future__ import annotations

import numpy as np
import pytest

from corruptbench.corruptions import ClipInfo, Key, Region, get
from corruptbench.corruptions._boxes import steady, visible
from corruptbench.corruptions.truncation import ABOVE, BELOW, LEFT, RIGHT, SEVERITIES, _side
from tests.corruptions.scenes import scene, skeleton

TRUNCATION = get("truncation")
WALKS = [0.0, 0.4, 0.8]  # box heights a second


def drawn(about, severity, *key):
    return TRUNCATION.prepare(about, severity, Key.of("truncation", severity, *key))


@pytest.mark.parametrize("severity", range(1, 6))
def test_what_lies_beyond_the_border_is_black_and_the_rest_is_clean(severity):
    frames, about = scene(120, 30), skeleton(120, 30, fps=10.0, speed=0.4)
    frames = np.maximum(frames, 1)
    seen = set()
    for clip in range(6):
        draws = drawn(about, severity, clip)
        seen |= set(draws.sides)
        for t in range(30):
            out = TRUNCATION.apply(frames, t, draws, about.whole)
            x0, y0, x1, y1 = draws.left[t]
            expected = np.zeros_like(out)
            expected[y0:y1, x0:x1] = frames[t, y0:y1, x0:x1]
            assert np.array_equal(out, expected)
    assert len(seen) > 1


@pytest.mark.parametrize("speed", WALKS)
@pytest.mark.parametrize("fps", [25, 50, 60])
def test_the_border_has_the_speed_of_a_camera_and_no_jerk(speed, fps):
    about = skeleton(200, 20 * fps, fps, speed)
    for severity in (1, 3, 5):
        left = drawn(about, severity, fps).left
        step = about.person_height / fps  # of one box height a second
        assert np.abs(np.diff(left, axis=0)).max() <= step + 1
        second = np.abs(left[fps:] - left[:-fps])
        assert second.max() <= about.person_height + 1
        # It needs more than a twentieth of a second to turn from full speed in to full speed out
        turn = np.diff(left, n=2, axis=0)
        assert np.abs(turn).max() <= 2 * step / (0.05 * fps) + 2


@pytest.mark.parametrize("speed", WALKS)
@pytest.mark.parametrize("severity", range(1, 6))
def test_it_comes_as_deep_as_stated_where_there_is_time(severity, speed):
    about = skeleton(200, 60 * 50, 50, speed)
    draws = drawn(about, severity)
    calm = steady(about.boxes, 12)
    depth, reached = SEVERITIES[severity - 1].depth, []
    for frames, side in zip(draws.episodes, draws.sides, strict=True):
        within = slice(frames.start, frames.stop)
        axis = side % 2
        extent = (calm[:, axis + 2] - calm[:, axis])[within]
        over = np.abs(draws.left[within, side] - calm[within, side]) / extent
        assert over.max() < 1.15 * depth + 0.03
        reached.append(over.max())
    assert max(reached) > 0.85 * depth
    assert np.median(reached) > 0.5 * depth


def test_a_person_who_stands_is_cut_from_every_side():
    about = skeleton(200, 60 * 50, 50)
    for severity in range(1, 5):
        assert set(drawn(about, severity).sides) == {LEFT, ABOVE, RIGHT, BELOW}


@pytest.mark.parametrize("severity", range(1, 6))
def test_the_border_leaves_a_person_who_stands_free_between_episodes(severity):
    about = skeleton(200, 20 * 50, 50)
    draws = drawn(about, severity)
    x0, y0, x1, y1 = about.boxes.T
    left = draws.left.T
    free = (left[0] <= x0) & (left[1] <= y0) & (left[2] >= x1) & (left[3] >= y1)
    ends = [0, *(end for e in draws.episodes for end in (e.start, e.stop)), about.frames]
    for start, end in zip(ends[::2], ends[1::2], strict=True):
        assert free[start:end].sum() > 0.7 * (end - start)


def test_the_border_cannot_follow_a_runner_but_comes_from_where_it_can():
    """A person who runs to the right, three box heights a second."""
    about = skeleton(400, 100, 50, speed=0.0)
    runner = about.boxes + 3 * about.person_height / 50 * np.arange(100)[:, None] * [1, 0, 1, 0]
    about = ClipInfo(100, 400, 2000, 50.0, runner)
    for clip in range(20):
        draws = drawn(about, 3, clip)
        assert set(draws.sides) <= {ABOVE, BELOW}
        covered = np.array(
            [TRUNCATION.cover(t, draws, box_of(about, t)).mean() for t in range(100)]
        )
        assert (covered > 255 * 0.05).mean() == pytest.approx(0.4, abs=0.03)


def test_a_side_is_drawn_among_those_that_keep_to_the_episode():
    deep, little = np.full(9, 0.4), np.full(9, 0.1)
    late, later = np.r_[0.04, np.full(8, 0.9)], np.r_[0.0, 0.0, np.full(7, 0.9)]
    draws = np.arange(8) / 8
    fair = np.stack([late, deep, little, deep * 0.7], axis=1)
    assert [_side(fair, number) for number in draws] == [1] * 4 + [3] * 4
    poor = np.stack([later, later, late, later], axis=1)
    assert {_side(poor, number) for number in draws} == {2}


def box_of(about, t):
    return Region(*np.rint(about.boxes[t]).astype(int).tolist())


def test_nobody_no_border():
    frames = np.random.default_rng(0).integers(0, 256, (9, 40, 50, 3), dtype=np.uint8)
    nowhere = [[np.nan] * 4, [-90.0, 0.0, -40.0, 30.0], [60.0, 10.0, 90.0, 30.0]]
    for box in nowhere:
        about = ClipInfo(9, 40, 50, 8.0, np.tile(box, (9, 1)))
        for severity in range(1, 6):
            assert np.array_equal(TRUNCATION.clip(frames, about, severity, Key.of("x")), frames)


def test_only_what_is_in_the_picture_counts():
    """A person of whom half is beyond the border already: the other half is what is hidden."""
    boxes = np.tile([-30.0, 20.0, 30.0, 110.0], (200, 1))
    about = ClipInfo(200, 120, 120, 50.0, boxes)
    assert visible(about)[0].tolist() == [0, 20, 30, 110]
    draws = drawn(about, 3)
    covered = [TRUNCATION.cover(t, draws, Region(0, 20, 30, 110)).mean() for t in range(200)]
    assert (np.array(covered) > 255 * 0.05).mean() == pytest.approx(0.4, abs=0.02)


def test_the_box_is_averaged_and_gaps_are_bridged():
    boxes = np.tile([10.0, 10.0, 20.0, 30.0], (11, 1))
    boxes[5] += 4
    boxes[8:10] = np.nan
    smooth = steady(boxes, 1)
    assert smooth[5, 0] == pytest.approx(10 + 4 / 3)
    assert np.isfinite(smooth).all()
    assert smooth[9, 1] == pytest.approx(10)
    assert np.isnan(steady(np.full((3, 4), np.nan), 1)).all()


def test_the_average_is_that_of_all_boxes_near_enough():
    """Against the definition, for gaps of all lengths."""
    draw = np.random.default_rng(4)
    for reach in (0, 2, 7, 12):
        boxes = draw.uniform(0, 50, (90, 2)).repeat(2, axis=1)[:, [0, 2, 1, 3]] + [0, 0, 9, 9]
        boxes[draw.random(90) < 0.8] = np.nan
        smooth = steady(boxes, reach)
        there = np.flatnonzero(np.isfinite(boxes[:, 0]))
        for t in range(90):
            away = np.abs(there - t)
            near = there[away <= max(reach, away.min())]
            assert smooth[t] == pytest.approx(boxes[near].mean(axis=0), abs=1e-9)


def test_the_border_stays_while_the_person_is_not_seen():
    """It is where the person was seen last, or will be seen next."""
    boxes = np.tile([40.0, 20.0, 70.0, 110.0], (40, 1))
    lost = boxes.copy()
    lost[12:25] = np.nan
    one, other = (drawn(ClipInfo(40, 120, 120, 10.0, seen), 4) for seen in (boxes, lost))
    assert np.array_equal(one.left, other.left)
    assert any(set(episode) & set(range(12, 25)) for episode in other.episodes)
