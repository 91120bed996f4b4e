"""Samples turn white or black by their words, and the others are left alone."""

from __future__ import annotations

import numpy as np
import pytest

from corruptbench.corruptions import Key, get
from tests.corruptions.scenes import person_of

NOISE = get("impulse_noise")
SEVERITIES = range(1, 6)
FRAMES, SIZE = 8, 115


def noisy(severity, person=150):
    flat = np.full((FRAMES, SIZE, SIZE, 3), 100, dtype=np.uint8)
    return NOISE.clip(flat, person_of(person, SIZE, FRAMES), severity, Key.of("impulse", severity))


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("person", [75, 150, 400])
def test_as_many_are_hit_as_stated(severity, person):
    """Below 150 px fewer, by the square of the height: the variance is in proportion to them."""
    clean = (noisy(severity, person) == 100).mean()
    wanted = NOISE.severities[severity - 1].fraction * min(person / 150, 1) ** 2
    cells = FRAMES * 3 * (SIZE / max(person / 150, 1)) ** 2
    # Cells of 2 and 3 px are not all of one weight, and are a little weaker
    assert abs((1 - clean) / wanted - 1) < 4.5 / np.sqrt(wanted * cells) + 0.1 * (person > 150)


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
