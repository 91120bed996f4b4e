"""Every corruption keeps frames and labels together."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from corruptbench.corruptions import ClipInfo, Key, get
from corruptbench.corruptions._srgb import TO_LINEAR
from tests.corruptions.properties.corrupted import (
    NAMES,
    SEVERITIES,
    corrupted,
    covers,
    is_noisy,
    transmittance,
)
from tests.corruptions.scenes import info, scene


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("severity", SEVERITIES)
def test_shape_dtype_and_frame_count_are_kept(name, severity):
    frames = scene(64, 5)
    before = frames.copy()
    out = corrupted(name, severity, frames, info(64, 5))
    assert out.dtype == np.uint8
    assert out.shape == frames.shape
    assert np.array_equal(frames, before), "the clean frames were written to"


def point_target(size, frames):
    """A bright disc that moves by a fraction of a pixel a frame, and its true centers."""
    ys, xs = np.mgrid[0:size, 0:size] + 0.5
    centers = np.stack(
        [size * 0.45 + 1.7 * np.arange(frames), size * 0.5 - 0.9 * np.arange(frames)], axis=1
    )
    clip = np.full((frames, size, size, 3), 90, dtype=np.uint8)
    for t, (x, y) in enumerate(centers):
        disc = np.clip(4.5 - np.hypot(xs - x, ys - y), 0, 1)
        clip[t] = np.rint(90 + 100 * disc)[..., None]
    return clip, centers


def centroid(light):
    """(x, y) of the light in a picture."""
    columns, rows = light.sum(axis=0), light.sum(axis=1)
    x, y = (side @ (np.arange(len(side)) + 0.5) for side in (columns, rows))
    return np.array([x, y]) / columns.sum()


def shown_frames(light, centers):
    """For each frame the number of the true center that its light lies at, to 0.1 px."""
    found = np.array([centroid(picture) for picture in light])
    away = np.linalg.norm(found[:, None] - centers, axis=-1)
    assert away.min(axis=1).max() < 0.1
    return away.argmin(axis=1)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("severity", SEVERITIES)
def test_labels_stay_true(name, severity):
    """What a target adds to the corrupted picture stays where the label says, to 0.1 px.

    In every frame by itself, and in linear light; behind a cover in code values, as far as the
    cover lets the target through, and to 0.02 px. A frame that is shown in the place of another
    (frame loss) is told by the target's place: it must be the frame that ``draws.source`` names,
    and none of the future. Noise and coarse quantization deform the target in a single frame: they
    have 0.1 px for the mean over frames, and for one frame 0.13 px for every step of severity.
    """
    size, frames = 160, 24
    target, centers = point_target(size, frames)
    empty = np.full_like(target, 90)
    above, below = size * np.array([0.1, 0.12]), size * np.array([0.1, 0.48])
    boxes = np.concatenate([centers - above, centers + below], axis=1)  # the target is at the neck
    about = ClipInfo(frames, size, size, 50.0, boxes)
    family = get(name).family
    value = (np.arange(256) if covers(name) else TO_LINEAR).astype(np.int32)

    def added(one, other):
        lights = (cv2.LUT(clip.reshape(frames, -1), value) for clip in (one, other))
        return np.subtract(*lights).reshape(one.shape)

    def all_channels(light):
        return light[..., 0] + light[..., 1] + light[..., 2]

    bright = added(target, empty)
    clean = all_channels(bright)
    assert max(np.abs(centroid(clean[t]) - centers[t]).max() for t in range(frames)) < 0.02
    offsets, late = [], 0
    for clip in range(10 if covers(name) else 6 if is_noisy(name) else 2):
        key = Key.of("alignment", name, severity, clip)
        found = all_channels(
            added(*(corrupted(name, severity, c, about, key) for c in (target, empty)))
        )
        shown = np.arange(frames)
        if family == "frame loss":
            shown = shown_frames(found, centers)
            assert tuple(shown) == get(name).prepare(about, severity, key).source
            assert (shown <= np.arange(frames)).all()
            late += (shown < np.arange(frames)).sum()
        expected = clean[shown]
        if covers(name):
            expected = all_channels(bright * transmittance(name, severity, about, key))
        for t in range(frames):
            if expected[t].sum() > 0.25 * clean[shown[t]].sum():
                offsets.append(centroid(found[t]) - centroid(expected[t]))
    assert len(offsets) > 36, "so many of all frames must be measurable"
    assert (late > 0) == (family == "frame loss")
    assert np.abs(np.mean(offsets, axis=0)).max() < 0.1
    deforms = is_noisy(name) or family == "compression"
    limit = 0.13 * severity if deforms else 0.02 if covers(name) else 0.1
    assert np.abs(offsets).max() < limit
