"""Every corruption gives of a region what it gives there of the whole frame."""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corruptbench.corruptions import ClipInfo, Key, Region, get
from tests.corruptions.properties.corrupted import NAMES, WITH_COVER
from tests.corruptions.scenes import scene

#: (height, width): the large ones are wider than a strip of `corruptions._blur_kernel`, and higher
#: than two bands of `corruptions.defocus`.
SIZES = [(61, 87), (40, 1300), (430, 50)]


@cache
def passing_by(height, width):
    """Frames with fine texture, and info: a person comes in, is lost in one frame, and leaves."""
    frames = scene(max(height, width), 4)[:, :height, :width].astype(np.int16)
    frames += np.random.default_rng(5).integers(-20, 21, frames.shape, dtype=np.int16)
    x, y = width * np.array([-0.1, 0.2, 0.5, 0.8]), height * np.array([-0.2, 0.1, 0.2, 0.3])
    boxes = np.stack([x, y, x + 0.4 * width, y + 0.9 * height], axis=1)
    boxes[2] = np.nan
    return list(frames.clip(0, 255).astype(np.uint8)), ClipInfo(4, height, width, 3.0, boxes)


@lru_cache(maxsize=20)
def whole_frame(name, height, width, severity, t):
    """The draws for the clip of `passing_by`, and the whole of frame ``t``."""
    frames, about = passing_by(height, width)
    draws = get(name).prepare(about, severity, Key.of("region", name))
    return draws, get(name).apply(frames, t, draws, about.whole)


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_a_region_is_the_crop_of_the_whole(name, size, data):
    height, width = size
    x0 = data.draw(st.integers(0, width - 1))
    y0 = data.draw(st.integers(0, height - 1))
    x1 = data.draw(st.integers(x0 + 1, width))
    y1 = data.draw(st.integers(y0 + 1, height))
    severity = data.draw(st.integers(1, 5))
    t = data.draw(st.integers(0, 3))
    draws, whole = whole_frame(name, height, width, severity, t)
    region = Region(x0, y0, x1, y1)
    part = get(name).apply(passing_by(height, width)[0], t, draws, region)
    assert np.array_equal(part, whole[region.slices])


@pytest.mark.parametrize("name", WITH_COVER)
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_the_cover_of_a_region_is_the_crop_of_the_whole(name, data):
    height, width = 61, 87
    draws, _ = whole_frame(name, height, width, data.draw(st.integers(1, 5)), 0)
    x0, y0 = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    x1, y1 = data.draw(st.integers(x0 + 1, width)), data.draw(st.integers(y0 + 1, height))
    region = Region(x0, y0, x1, y1)
    for t in range(4):
        whole = get(name).cover(t, draws, Region(0, 0, width, height))
        assert np.array_equal(get(name).cover(t, draws, region), whole[region.slices])
