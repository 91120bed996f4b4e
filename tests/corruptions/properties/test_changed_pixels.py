"""Every corruption changes what it should: it gives no tint, and what covers hides."""

from __future__ import annotations

import numpy as np
import pytest

from corruptbench.corruptions import Key, get
from tests.corruptions.properties.corrupted import (
    NAMES,
    SEVERITIES,
    WITH_COVER,
    corrupted,
    covers,
    is_noisy,
    transmittance,
)
from tests.corruptions.scenes import info, scene, skeleton


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("severity", SEVERITIES)
def test_a_gray_picture_gets_no_tint(name, severity):
    """Only a cover may have a color of its own, and noise in single samples; none on average."""
    gray = np.repeat(scene(96, 6)[..., :1], 3, axis=-1)
    about, key = info(96, 6, fps=4.0), Key.of("gray", name, severity)
    out = corrupted(name, severity, gray, about, key).astype(np.float64)
    if covers(name):
        out = out[(transmittance(name, severity, about, key) == 1).all(axis=-1)]
        assert out.size > 0.3 * gray.size
    if is_noisy(name):
        out = out.mean(axis=(0, 1, 2))
    assert np.ptp(out, axis=-1).max() <= 2  # gray levels


def of_family(family):
    return [name for name in NAMES if get(name).family == family]


@pytest.mark.parametrize("name", of_family("motion blur"))
@pytest.mark.parametrize("level", [0, 1, 128, 255])
@pytest.mark.parametrize("severity", SEVERITIES)
def test_a_blur_changes_nothing_where_nothing_is_to_be_seen(name, level, severity):
    frames = np.full((3, 48, 48, 3), level, dtype=np.uint8)
    assert np.array_equal(corrupted(name, severity, frames, info(48, 3, fps=3.0)), frames)


# Not for objects, which the scene lights: see `test_the_cover_says_what_is_hidden`.
@pytest.mark.parametrize("name", [n for n in of_family("temporary occlusion") if n != "occluder"])
@pytest.mark.parametrize("level", [0, 128, 255])
@pytest.mark.parametrize("severity", SEVERITIES)
def test_what_covers_hides_and_leaves_the_rest_alone(name, level, severity):
    """What is covered does not shine through; but for soft edges all else keeps its value."""
    about = info(48, 8, fps=4.0)
    frames = np.full((8, 48, 48, 3), level, dtype=np.uint8)
    other = np.full_like(frames, (level + 77) % 256)
    out, out_other = (corrupted(name, severity, clip, about) for clip in (frames, other))
    hidden = (out == out_other).all(axis=-1)
    assert 0.002 < hidden.mean() < 0.5
    edge = (out != level).any(axis=-1) & ~hidden
    assert not edge.any()


@pytest.mark.parametrize("name", WITH_COVER)
@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("joints", [True, False], ids=["joints", "box"])
def test_the_cover_says_what_is_hidden(name, severity, joints):
    """Where it is 0 the frame is clean, where it is 255 nothing of the clean frame is left."""
    about = skeleton(96, 12, fps=6.0, speed=0.5, joints=joints)
    draws = get(name).prepare(about, severity, Key.of("cover", name, severity))
    grain = np.random.default_rng(3).integers(-40, 41, (12, 96, 96, 3))
    frames = (scene(96, 12) + grain).clip(0, 255).astype(np.uint8)
    # each two columns exchanged: everywhere of the same levels, which may light what covers
    other = frames.reshape(12, 96, 48, 2, 3)[:, :, :, ::-1].reshape(frames.shape)
    hidden = 0
    for t in range(12):
        shown = get(name).cover(t, draws, about.whole)
        out, out_other = (get(name).apply(clip, t, draws, about.whole) for clip in (frames, other))
        assert shown.dtype == np.uint8
        assert shown.shape == (96, 96)
        assert (out[shown == 0] <= frames[t][shown == 0]).all(), "clean, or in a shadow"
        assert (out[shown == 0] >= 0.2 * frames[t][shown == 0] - 1).all()
        if name != "occluder":  # the only one that throws a shadow
            assert np.array_equal(out[shown == 0], frames[t][shown == 0])
        assert np.array_equal(out[shown == 255], out_other[shown == 255])
        hidden += (shown == 255).sum()
    assert hidden > 0
