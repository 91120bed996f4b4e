from __future__ import annotations

import numpy as np
import pytest

from corruptbench.corruptions import ClipFacts, Key, get
from corruptbench.corruptions.occluder import DRAWINGS, SEVERITIES, SIZE_SWING, _draw
from tests.corruptions.scenes import facts


def corrupted(level, about, severity, key):
    shape = (about.frames, about.height, about.width, 3)
    return get("occluder").clip(np.full(shape, level, np.uint8), about, severity, key)


@pytest.mark.parametrize("drawing", range(len(DRAWINGS)))
def test_an_object_is_colored_and_covered_alike(drawing):
    thing = _draw(DRAWINGS[drawing], 150, Key.of("thing"), drawing)
    color, cover = thing[..., :3].astype(int), thing[..., 3].astype(int)
    assert (color <= cover[..., None]).all(), "color is multiplied by coverage"
    solid = (cover == 255).mean()
    assert 0.15 < solid < 0.8
    soft = ((cover > 0) & (cover < 255)).mean()
    assert soft > 0.005, "edges are antialiased"
    assert not cover[:, 0].any(), "nothing is cut off at the canvas' border"
    assert not cover[:, -1].any()
    assert not (cover[0] == 255).any(), "nor at its top"
    texture = color[cover == 255].std(axis=0)
    assert texture.max() > 10, "not one flat color"


@pytest.mark.parametrize("drawing", range(len(DRAWINGS)))
def test_an_object_is_the_same_at_any_size(drawing):
    small, large = (
        _draw(DRAWINGS[drawing], height, Key.of("size"), drawing).astype(float)
        for height in (120, 480)
    )
    reduced = large.reshape(120, 4, 132, 4, 4).mean(axis=(1, 3))
    assert np.abs(small - reduced).mean() < 3


def column(crossing, t):
    """Of the canvas' left edge in frame ``t``; None while it is out of the picture."""
    since = t - crossing.first
    return crossing.left[since] if 0 <= since < crossing.left.size else None


def test_painting_mixes_by_coverage():
    about, key = facts(120, 6, fps=4.0), Key.of("mix")
    plan = get("occluder").prepare(about, 4, key)
    dark, light = (corrupted(v, about, 4, key).astype(float) for v in (0, 255))
    for t in range(6):
        color, through = np.zeros((120, 120, 3)), np.ones((120, 120))
        for crossing in plan.crossings:
            left = column(crossing, t)
            if left is None:
                continue
            thing = plan.things[crossing.thing].astype(float)
            for y in range(thing.shape[0]):
                for x in range(thing.shape[1]):
                    v, u = crossing.top + y, left + x
                    if 0 <= v < 120 and 0 <= u < 120:
                        open_ = 1 - thing[y, x, 3] / 255
                        color[v, u] = thing[y, x, :3] + open_ * color[v, u]
                        through[v, u] *= open_
        assert np.abs(dark[t] - color).max() < 2.5
        assert np.abs((light - dark)[t] - 255 * through[..., None]).max() < 4


@pytest.mark.parametrize("severity", range(1, 6))
def test_crossings_are_those_of_the_table(severity):
    """Each passes the middle of the person; sizes and times are the table's."""
    fps, count = 50.0, 1500
    about = facts(200, count, fps)
    params = SEVERITIES[severity - 1]
    plan = get("occluder").prepare(about, severity, Key.of("crossings"))
    middles = (about.boxes[:, 0] + about.boxes[:, 2]) / 2
    met = []
    for crossing in plan.crossings:
        height, width = plan.things[crossing.thing].shape[:2]
        if not crossing.left.size:  # before the clip, or after it
            continue
        assert abs(height / about.person_height / params.size - 1) < SIZE_SWING + 0.02
        steps = np.diff(crossing.left)
        assert (steps >= 0).all() or (steps <= 0).all(), "it goes one way"
        assert np.abs(np.diff(steps)).max(initial=0) <= 2, "smoothly"
        frames = crossing.first + np.arange(crossing.left.size)
        off = np.abs(crossing.left + width / 2 - middles[frames])
        if off.min() < 3:
            met.append(frames[off.argmin()] / fps)
        assert crossing.top + height > about.boxes[:, 3].max(), "it stands before the feet"
    assert np.diff(met).mean() == pytest.approx(params.every, rel=0.1)


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_what_shines_through_keeps_its_place(severity):
    """A target's light, seen past the edge of an object, is the target's times what is open."""
    size = 96
    about, key = facts(size, 8, fps=6.0), Key.of("place", severity)
    rng = np.random.default_rng(1)
    target = rng.integers(0, 256, (8, size, size, 3), dtype=np.uint8)
    dark, light = (corrupted(v, about, severity, key).astype(float) for v in (0, 255))
    out = get("occluder").clip(target, about, severity, key)
    expected = dark + (light - dark) / 255 * target
    assert np.abs(out - expected).max() < 4
    untouched = (light - dark == 255).all(axis=-1)
    assert np.array_equal(out[untouched], target[untouched])
    assert 0.05 < untouched.mean() < 1


def test_a_plan_grows_with_the_clip_and_not_with_its_square():
    """Each object is followed from where it enters the picture to where it leaves."""
    short, long = (
        get("occluder").prepare(facts(200, count), 3, Key.of("memory")) for count in (1000, 8000)
    )
    assert sum(c.left.size for c in long.crossings) < 9 * sum(c.left.size for c in short.crossings)
    for crossing in long.crossings[5:-5]:
        assert crossing.left.base is None, "no view that holds on to the whole path"
        width = long.things[crossing.thing].shape[1]
        assert -width < crossing.left.min() < 15 - width
        assert 185 < crossing.left.max() < 200


def test_what_passes_goes_on_while_the_person_is_not_seen():
    """It is not the person's: a clip in which the box is lost for a while is covered alike."""
    boxes = np.tile([40.0, 20.0, 70.0, 110.0], (40, 1))
    lost = boxes.copy()
    lost[12:25] = np.nan
    clips = (ClipFacts(40, 120, 120, 10.0, seen) for seen in (boxes, lost))
    one, other = (corrupted(128, about, 4, Key.of("lost")) for about in clips)
    assert np.array_equal(one, other)
    assert (other[12:25] != 128).any(axis=(1, 2, 3)).any()


def test_nobody_nothing_passes():
    about = ClipFacts(9, 40, 50, 8.0, np.full((9, 4), np.nan))
    for severity in range(1, 6):
        assert (corrupted(77, about, severity, Key.of("x")) == 77).all()
