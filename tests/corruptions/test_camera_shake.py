"""The kernel is the path of a hand, it goes on from frame to frame, and its mean is at zero."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from corruptbench.corruptions import ClipInfo, Key, Region, get
from corruptbench.corruptions._blur_kernel import NOWHERE
from corruptbench.corruptions._path_blur import fours
from corruptbench.corruptions.camera_shake import BANDS, EXPOSURE, kernel_of, path
from tests.corruptions.scenes import scene

SHAKE = get("camera_shake")
SEVERITIES = range(1, 6)


def draws_of(severity, person=150.0, fps=50.0, clip=0):
    boxes = np.tile([10.0, 5.0, 30.0, 5.0 + person], (10, 1))
    info = ClipInfo(10, 200, 200, fps, boxes)
    return SHAKE.prepare(info, severity, Key.of("shake", severity, clip))


def hand(draws, seconds):
    """(N, 2) place of the hand at some times, px, by the definition."""
    angles = draws.frequencies[..., None] * seconds + draws.phases[..., None]
    return (draws.reaches[..., None] * np.sin(2 * np.pi * angles)).sum(axis=1).T


def exposure(draws, t):
    return t / draws.fps + EXPOSURE * ((np.arange(draws.samples) + 0.5) / draws.samples - 0.5)


@settings(max_examples=60, deadline=None)
@given(
    severity=st.integers(1, 5),
    person=st.floats(0, 3000),
    fps=st.floats(1, 240),
    t=st.integers(0, 100_000),
    clip=st.integers(0, 1000),
)
def test_mean_is_exactly_zero(severity, person, fps, t, clip):
    points = path(draws_of(severity, person, fps, clip), t)
    assert (points.sum(axis=0) == 0).all()
    taps, weights = kernel_of(points)
    assert weights.sum() == 65536
    assert weights.min() > 0
    assert (weights @ taps == 0).all()
    assert len(np.unique(taps, axis=0)) == len(taps)


@pytest.mark.parametrize("person", [135, 450, 900])
@pytest.mark.parametrize("severity", SEVERITIES)
def test_kernel_is_the_path_during_the_exposure(severity, person):
    """Equal times weigh the same; every sample is less than a pixel away from where the hand is."""
    draws = draws_of(severity, person)
    for t in range(0, 100, 19):
        exact = hand(draws, exposure(draws, t))
        points = path(draws, t)
        assert np.abs(points - (exact - exact.mean(axis=0))).max() < 1.01
        taps, weights = kernel_of(points)
        counts = dict(zip(map(tuple, taps.tolist()), weights.tolist(), strict=True))
        unit = 65536 // len(points)
        for x, y in points.tolist():
            counts[-y, -x] -= unit
        assert not any(counts.values())


def test_motion_goes_on_from_frame_to_frame():
    """What two exposures share is the same path, but for where its mean lies."""
    draws = draws_of(5, 450, fps=60.0)
    later = draws.samples // 4  # a frame lasts a quarter of an exposure
    for t in range(60):
        now, then = path(draws, t), path(draws, t + 1)
        assert np.ptp(now[later:] - then[:-later], axis=0).max() <= 2


def test_rate_does_not_matter():
    """The same second shows the same blur at any frame rate."""
    for severity in SEVERITIES:
        one = draws_of(severity, fps=25.0)
        for fps in (50.0, 60.0):
            other = draws_of(severity, fps=fps)
            assert np.array_equal(path(one, 75), path(other, round(3 * fps)))


@pytest.mark.parametrize("severity", SEVERITIES)
def test_length_is_as_stated(severity):
    """At the hand's speed in root mean square, at every size; it turns, and is fast and slow."""
    stated = SHAKE.severities[severity - 1].length
    for person in (135, 900):
        squares, straight, lengths = [], [], []
        for clip in range(20):
            draws = draws_of(severity, person, clip=clip)
            for t in range(0, 200, 20):
                steps = np.diff(hand(draws, exposure(draws, t)), axis=0)
                length = np.hypot(*steps.T).sum() / person
                squares.append((steps**2).sum(axis=1).mean())
                straight.append(np.hypot(*steps.sum(axis=0)) / person / length)
                lengths.append(length)
        assert abs(draws.samples * np.sqrt(np.mean(squares)) / person / stated - 1) < 0.08
        assert np.mean(np.array(straight) < 0.9) > 0.3
        assert np.quantile(lengths, 0.9) > 1.8 * np.quantile(lengths, 0.1)


def test_frequencies_are_those_of_a_hand():
    found = np.array([draws_of(1, clip=clip).frequencies for clip in range(30)])
    low, high = np.array(BANDS).T
    assert (found >= low).all()
    assert (found <= high).all()
    assert (np.ptp(found, axis=(0, 1)) > 0.7 * (high - low)).all()


@settings(max_examples=50, deadline=None)
@given(weights=st.lists(st.integers(1, 6), min_size=1, max_size=60))
def test_fours_are_all_taps(weights):
    taps = np.random.default_rng(len(weights)).integers(-50, 50, (len(weights), 2))
    places, values = fours(taps, np.array(weights))
    assert len(places) == len(values)
    assert len(values) % 2 == 0
    assert len(values) <= len(taps) / 4 + 6 + 1
    found = [
        (place, value)
        for four, value in zip(places.tolist(), values.tolist(), strict=True)
        for place in four
        if place != [NOWHERE, 0]
    ]
    assert sorted(found) == sorted(zip(taps.tolist(), weights, strict=True))


@pytest.mark.parametrize("severity", SEVERITIES)
def test_white_stays_white_under_long_paths(severity):
    """Weights that add up to more than 65536 would wrap white round to black."""
    white = np.full((8, 40, 3), 255, dtype=np.uint8)
    draws = draws_of(severity, 3000)
    assert np.array_equal(SHAKE.apply([white], 0, draws, Region(0, 0, 40, 8)), white)


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
    draws = replace(draws_of(severity, 100), fps=2.0)
    for t in range(count):
        points = path(draws, t)
        reach = np.abs(points).max()
        kernel = np.zeros((2 * reach + 1, 2 * reach + 1, 1))
        np.add.at(kernel[..., 0], tuple((points[:, ::-1] + reach).T), 1 / len(points))
        # A point's light goes where the path goes
        expected = encode(ndimage.convolve(decode(frames[t]), kernel, mode="nearest"))
        out = SHAKE.apply(list(frames), t, draws, Region(0, 0, width, height))
        assert np.abs(expected - out).max() <= 1
        assert np.mean(expected != out) < 0.02  # off by one only where a table rounds
