"""The kernel is a centered disk, its radius hunts as stated, and light is added up exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from corruptbench.corruptions import ClipFacts, Key, get
from corruptbench.corruptions._srgb import FROM_LINEAR, TO_LINEAR
from corruptbench.corruptions.defocus import RADIUS_SWING, disk_kernel
from tests.corruptions.scenes import scene

DEFOCUS = get("defocus")
SEVERITIES = range(1, 6)


@settings(max_examples=100, deadline=None)
@given(radius=st.floats(0, 120))
def test_kernel_is_a_centred_disk(radius):
    kernel = disk_kernel(radius)
    assert 32768 < kernel.sum() <= 65536
    assert kernel.min() >= 0
    assert np.array_equal(kernel, kernel[::-1])
    assert np.array_equal(kernel, kernel[:, ::-1])
    assert np.array_equal(kernel, kernel.T)
    reach = kernel.shape[0] // 2
    y, x = np.indices(kernel.shape) - reach
    # Of an even disk: the mean squared distance from its center is half the radius squared
    if radius > 1:
        found = (kernel * (x**2 + y**2)).sum() / kernel.sum()
        assert abs(found - radius**2 / 2) < 0.35 + 0.02 * radius**2


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("person", [60.0, 400.0])
def test_bytes_are_those_of_the_plain_sum(severity, person):
    """Against scipy's sum of integers, up to the border, on hard edges."""
    height, width, count = 50, 70, 3
    frames = np.ascontiguousarray(scene(96, count)[:, :height, :width])
    frames[:, 10:35, 20:50] = np.random.default_rng(3).choice([0, 255], (25, 30, 3))
    boxes = np.tile([20.0, 0.0, 60.0, person], (count, 1))
    about = ClipFacts(count, height, width, 2.0, boxes)
    key = Key.of("disk", severity)
    plan = DEFOCUS.prepare(about, severity, key)
    out = DEFOCUS.clip(frames, about, severity, key)
    for t in range(count):
        kernel = disk_kernel(plan.radii[t])[..., None]
        light = TO_LINEAR[frames[t]].astype(np.int64)
        total = ndimage.convolve(light, kernel, mode="nearest")
        assert np.array_equal(FROM_LINEAR[(total + kernel.sum() // 2) // kernel.sum()], out[t])


def test_a_disk_larger_than_the_weights_allow():
    """More than 65536 pixels: light loses a bit, and a flat picture still stays flat."""
    frames = np.full((1, 40, 40, 3), 255, dtype=np.uint8)
    about = ClipFacts(1, 40, 40, 50.0, np.array([[0.0, 0.0, 40.0, 8000.0]]))
    out = DEFOCUS.clip(frames, about, 5, Key.of("large"))
    assert out.min() >= 254


@pytest.mark.parametrize("severity", SEVERITIES)
def test_hunting(severity):
    about = ClipFacts(400, 200, 200, 50.0, np.tile([10.0, 0.0, 50.0, 120.0], (400, 1)))
    stated = DEFOCUS.severities[severity - 1].radius * 120
    radii = np.array(DEFOCUS.prepare(about, severity, Key.of("hunt", severity)).radii)
    assert np.abs(radii / stated - 1).max() <= RADIUS_SWING
    assert np.ptp(radii) > 0.2 * stated
    assert np.abs(np.diff(radii)).max() < RADIUS_SWING * stated * 2 * np.pi * 1.5 / 50
