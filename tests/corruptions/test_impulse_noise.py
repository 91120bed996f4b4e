"""Samples turn white or black by their words, and the others are left alone."""

from __future__ import annotations

import numpy as np
import pytest

from corruptbench.corruptions import Key, get
from tests.corruptions.scenes import info

NOISE = get("impulse_noise")
SEVERITIES = range(1, 6)
FRAMES, SIZE = 8, 115


def noisy(severity):
    flat = np.full((FRAMES, SIZE, SIZE, 3), 100, dtype=np.uint8)
    return NOISE.clip(flat, info(SIZE, FRAMES), severity, Key.of("impulse", severity))


@pytest.mark.parametrize("severity", SEVERITIES)
def test_what_is_not_hit_is_left_alone(severity):
    assert set(np.unique(noisy(severity))) == {0, 100, 255}


def test_the_words_decide():
    """Against the random words drawn one block at a time, for every sample."""
    limit = round(NOISE.severities[4].fraction / 2 * 65536)
    blocks = -(-SIZE * 3 // 8)
    counters = np.zeros((FRAMES, SIZE, blocks, 4), dtype=np.uint32)
    counters[..., :3] = np.moveaxis(np.indices((FRAMES, SIZE, blocks)), 0, -1)
    words = Key.of("impulse", 5).words(counters.reshape(-1, 4))
    samples = np.stack([words & 0xFFFF, words >> 16], axis=-1)
    samples = samples.reshape(FRAMES, SIZE, -1)[..., : SIZE * 3]
    expected = np.where(samples < limit, 0, np.where(samples >= 65536 - limit, 255, 100))
    assert np.array_equal(noisy(5).reshape(FRAMES, SIZE, -1), expected)
