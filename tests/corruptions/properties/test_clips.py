"""Every corruption depends on clip and key alone, and takes unusual clips."""

from __future__ import annotations

import numpy as np
import pytest

from corruptbench.corruptions import ClipInfo, Key, Region, get
from tests.corruptions.properties.corrupted import NAMES, SEVERITIES, corrupted, covers
from tests.corruptions.scenes import info, scene


@pytest.mark.parametrize("name", NAMES)
def test_clips_differ_and_a_key_decides(name):
    frames, about = scene(128, 8), info(128, 8, fps=4.0)
    one = corrupted(name, 3, frames, about, Key.of("clip one"))
    assert np.array_equal(one, corrupted(name, 3, frames, about, Key.of("clip one")))
    same = np.array_equal(one, corrupted(name, 3, frames, about, Key.of("clip two")))
    assert same != get(name).keyed


@pytest.mark.parametrize("name", NAMES)
def test_any_subset_in_any_order(name):
    frames, about = scene(96, 10), info(96, 10)
    corruption = get(name)
    whole = corrupted(name, 4, frames, about)
    draws = corruption.prepare(about, 4, Key.of("test", name, 4))
    for t in (7, 2, 9, 0):
        assert np.array_equal(corruption.apply(frames, t, draws, about.whole), whole[t])


@pytest.mark.parametrize("name", NAMES)
def test_the_layout_in_memory_does_not_matter(name):
    """Reversed channels (a view of what OpenCV reads), a part of a larger array, read-only."""
    frames, about, region = scene(96, 6), info(96, 6, fps=4.0), Region(13, 8, 70, 90)
    reversed_view = np.ascontiguousarray(frames[..., ::-1])[..., ::-1]
    part = np.pad(frames, ((0, 0), (3, 2), (5, 4), (0, 0)))[:, 3:-2, 5:-4]
    read_only = frames.copy()
    read_only.flags.writeable = False
    expected = corrupted(name, 4, frames, about)
    draws = get(name).prepare(about, 4, Key.of("test", name, 4))
    for other in (reversed_view, part, read_only):
        assert np.array_equal(other, frames)
        assert np.array_equal(corrupted(name, 4, other, about), expected)
        found = get(name).apply(list(other), 3, draws, region)
        assert np.array_equal(found, expected[3][region.slices])


ODD = {
    "one frame": (1, 64, 64, [[20, 10, 40, 60]]),
    "odd size": (3, 33, 47, [[10, 3, 30, 30]] * 3),
    "at the border": (3, 64, 64, [[-30, -20, 15, 50]] * 3),
    "beyond the border": (3, 64, 64, [[200, 10, 240, 60]] * 3),
    "absent in some frames": (3, 64, 64, [[20, 10, 40, 60], [np.nan] * 4, [20, 10, 40, 60]]),
    "absent throughout": (2, 64, 64, [[np.nan] * 4] * 2),
    "larger than the picture": (2, 40, 40, [[-100, -100, 200, 300]] * 2),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", ODD)
def test_odd_clips(name, case):
    count, height, width, boxes = ODD[case]
    frames = np.ascontiguousarray(scene(96, count)[:, :height, :width])
    about = ClipInfo(count, height, width, 50.0, np.array(boxes, dtype=np.float64))
    region = Region(width // 3, height // 4, width - 2, height - 1)
    for severity in SEVERITIES:
        out = corrupted(name, severity, frames, about)
        assert out.shape == frames.shape
        assert np.array_equal(out, corrupted(name, severity, frames, about))
        draws = get(name).prepare(about, severity, Key.of("test", name, severity))
        for t in range(count):
            part = get(name).apply(frames, t, draws, region)
            assert np.array_equal(part, out[t][region.slices])
        if covers(name) and np.isnan(about.boxes).all():
            assert np.array_equal(out, frames), "there is nobody to cover"


@pytest.mark.parametrize("name", NAMES)
def test_record(name):
    corruption = get(name)
    assert corruption.name == name
    assert len(corruption.severities) == 5
    assert len(set(corruption.severities)) == 5
    assert corruption.family
    assert corruption.version >= 1
