"""As many samples are hit as stated, half white and half black, and the others not at all."""

from __future__ import annotations

import numpy as np
import pytest

from corruptions import Key, get
from tests.corruptions.scenes import facts

NOISE = get("impulse_noise")
SEVERITIES = range(1, 6)
FRAMES, SIZE = 8, 115


def noisy(severity):
    flat = np.full((FRAMES, SIZE, SIZE, 3), 100, dtype=np.uint8)
    return NOISE.clip(flat, facts(SIZE, FRAMES), severity, Key.of("impulse", severity))


@pytest.mark.parametrize("severity", SEVERITIES)
def test_fraction(severity):
    out = noisy(severity)
    half = NOISE.severities[severity - 1].fraction / 2
    error = 4 * np.sqrt(half / out.size) + 0.5 / 65536
    assert abs(np.mean(out == 0) - half) < error
    assert abs(np.mean(out == 255) - half) < error
    assert set(np.unique(out)) == {0, 100, 255}


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


@pytest.mark.parametrize("severity", SEVERITIES)
def test_nothing_correlates(severity):
    hit = (noisy(severity) != 100).astype(np.float64)
    for axis in range(4):
        a = np.take(hit, range(1, hit.shape[axis]), axis)
        b = np.take(hit, range(hit.shape[axis] - 1), axis)
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.012
