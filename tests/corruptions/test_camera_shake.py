"""The kernel is a centered line, it sways as stated, and light is added up as it should be."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import ndimage

from corruptbench.corruptions import ClipFacts, Key, Region, get
from corruptbench.corruptions.camera_shake import Plan, line_kernel
from tests.corruptions.scenes import scene

SHAKE = get("camera_shake")
SEVERITIES = range(1, 6)
FPS = 50.0

LENGTHS = st.floats(0, 900)
ANGLES = st.floats(-2 * math.pi, 2 * math.pi)


def moments(length, angle):
    """Weights (N,) int64, and the taps' places along and across the line, px."""
    offsets, weights = line_kernel(length, angle)
    dy, dx = offsets.T
    along = dx * math.cos(angle) + dy * math.sin(angle)
    across = dy * math.cos(angle) - dx * math.sin(angle)
    return weights.astype(np.int64), along, across


@settings(max_examples=300, deadline=None)
@given(length=LENGTHS, angle=ANGLES)
@example(length=0.0, angle=0.3)
@example(length=375.0, angle=0.0)  # rounding alone adds up to more than the center has to give
@example(length=383.75, angle=0.0)  # exactly what the center has to give
@example(length=821.4800195499496, angle=math.pi / 2)
def test_kernel_is_a_centred_line(length, angle):
    offsets, weights = line_kernel(length, angle)
    assert weights.dtype == np.uint32
    assert weights.astype(np.int64).sum() == 65536
    assert weights.min() > 0
    taps = dict(zip(map(tuple, offsets.tolist()), weights.tolist(), strict=True))
    assert len(taps) == len(weights)
    assert (0, 0) in taps
    assert all(taps.get((-dy, -dx)) == weight for (dy, dx), weight in taps.items())

    w, along, across = moments(length, angle)
    assert abs((w * along).sum()) / 65536 < 1e-9
    assert abs((w * across).sum()) / 65536 < 1e-9
    # Of a line of even density: length^2 / 12. Its ends count fully, which adds length / 12; the
    # spread over whole pixels adds up to 1/4; roundings show in lines of hundreds of pixels.
    even = length**2 / 12
    surplus = (w * along**2).sum() / 65536 - even
    assert -1e-9 - 0.02 * even <= surplus <= 0.3 + length / 10 + 0.02 * even
    assert (w * across**2).sum() / 65536 <= 0.25
    assert np.abs(across).max() < math.sqrt(2)
    assert np.abs(along).max() < length / 2 + math.sqrt(2)


@pytest.mark.parametrize("length", [375.0, 383.75, 493.25, 656.7, 821.4800195499496])
@pytest.mark.parametrize("angle", [0.0, 0.4, math.pi / 2])
def test_white_stays_white_under_long_lines(length, angle):
    """Weights that add up to more than 65536 would wrap white round to black."""
    white = np.full((8, 40, 3), 255, dtype=np.uint8)
    plan = Plan((length,), (angle,))
    assert np.array_equal(SHAKE.apply([white], 0, plan, Region(0, 0, 40, 8)), white)


def facts_of(person_height, frames):
    boxes = np.tile([10.0, 5.0, 30.0, 5.0 + person_height], (frames, 1))
    return ClipFacts(frames, 200, 200, FPS, boxes)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_sway(severity):
    """Length and angle keep to their swings, turn no faster than a hand, and do turn."""
    stated = SHAKE.severities[severity - 1].length * 120
    fastest = 2 * math.pi * 1.5 / FPS  # of a sine of 1.5 Hz and amplitude 1, in one frame
    means, centers = [], []
    for clip in range(40):
        plan = SHAKE.prepare(facts_of(120, 500), severity, Key.of("sway", severity, clip))
        lengths, angles = np.array(plan.lengths), np.array(plan.angles)
        assert len(lengths) == len(angles) == 500
        assert np.abs(lengths / stated - 1).max() <= 0.3
        assert np.ptp(angles) <= 2 * math.pi / 3
        assert -math.pi / 3 <= angles.min()
        assert angles.max() <= math.pi + math.pi / 3
        assert np.abs(np.diff(lengths)).max() <= 0.3 * stated * fastest
        assert np.abs(np.diff(angles)).max() <= math.pi / 3 * fastest
        assert np.ptp(lengths) > 0.2 * stated
        assert np.ptp(angles) > math.pi / 6
        assert abs(np.corrcoef(lengths, angles)[0, 1]) < 0.95, "length and angle sway on their own"
        means.append(lengths.mean() / stated)
        centers.append(angles.mean() / math.pi)
    assert abs(np.mean(means) - 1) < 0.02
    # Every direction of a line occurs: the centers fill 0..pi
    assert np.histogram(centers, bins=4, range=(0, 1))[0].min() >= 3


def encode(linear):
    """sRGB code of linear light in 0..1, from the definition."""
    low, high = linear * 12.92, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055
    return np.rint(255 * np.where(linear <= 0.0031308, low, high)).clip(0, 255)


def decode(code):
    value = code / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_blur_is_the_convolution_of_linear_light(severity):
    """Against scipy in float64, up to the border, on hard edges from black to white."""
    height, width, count = 70, 90, 4
    frames = np.ascontiguousarray(scene(96, count)[:, :height, :width])
    frames[:, 20:45, 30:60] = np.random.default_rng(3).choice([0, 255], (25, 30, 3))
    boxes = np.tile([20.0, -20.0, 60.0, 80.0], (count, 1))
    about = ClipFacts(count, height, width, 2.0, boxes)
    key = Key.of("convolution", severity)
    plan = SHAKE.prepare(about, severity, key)
    out = SHAKE.clip(frames, about, severity, key)
    for t in range(count):
        offsets, weights = line_kernel(plan.lengths[t], plan.angles[t])
        reach = np.abs(offsets).max()
        kernel = np.zeros((2 * reach + 1, 2 * reach + 1, 1))
        kernel[offsets[:, 0] + reach, offsets[:, 1] + reach, 0] = weights / 65536
        expected = encode(ndimage.convolve(decode(frames[t]), kernel, mode="nearest"))
        assert np.abs(expected - out[t]).max() <= 1
        assert np.mean(expected != out[t]) < 0.02  # off by one only where a table rounds
