"""The counts are Poisson's, in linear light, for every code and severity."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from corruptbench.corruptions import Key, get
from corruptbench.corruptions._srgb import FROM_LINEAR, TO_LINEAR
from corruptbench.corruptions.shot_noise import GUIDE_BITS, tables
from tests.corruptions.scenes import info

NOISE = get("shot_noise")
SEVERITIES = range(1, 6)
FRAMES, SIZE = 8, 115
SAMPLES = FRAMES * SIZE * SIZE * 3


def noisy(severity, level):
    flat = np.full((FRAMES, SIZE, SIZE, 3), level, dtype=np.uint8)
    return NOISE.clip(flat, info(SIZE, FRAMES), severity, Key.of("shot", severity, level))


@pytest.mark.parametrize("severity", SEVERITIES)
def test_distribution_function_of_every_code(severity):
    photons = NOISE.severities[severity - 1].photons
    counts = np.arange(photons)
    expected = stats.poisson.cdf(counts[None], photons * (TO_LINEAR[:, None] / 65535))
    found = tables(photons).cumulative
    assert np.abs(found[:, :-1] / 65536 - expected).max() <= 0.5 / 65536 + 1e-9
    assert (found[:, -1] == 65536).all()


@pytest.mark.parametrize("severity", SEVERITIES)
def test_guide_leads_every_word_to_its_count(severity):
    table = tables(NOISE.severities[severity - 1].photons)
    words = np.arange(65536)
    for code in range(256):
        count = np.searchsorted(table.cumulative[code], words, side="right")
        entry = table.guide.reshape(256, -1)[code, words >> (16 - GUIDE_BITS)].astype(np.int64)
        search = (entry & 0xFFFF) == 1
        found = np.where(words < entry >> 16, entry & 255, (entry >> 8) & 255)
        assert np.array_equal(found[~search], table.codes[count][~search])
        assert ((entry >> 16)[search] <= count[search]).all()
        first = search & (words % (65536 >> GUIDE_BITS) == 0)
        assert np.array_equal((entry >> 16)[first], count[first])


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("level", [0, 30, 128, 200, 255])
def test_pixels_are_counts(severity, level):
    photons = NOISE.severities[severity - 1].photons
    codes = FROM_LINEAR[np.rint(np.arange(photons + 1) / photons * 65535).astype(int)]
    assert np.isin(noisy(severity, level), codes).all()


@pytest.mark.parametrize("severity", SEVERITIES)
def test_mean_light_is_kept(severity):
    light = TO_LINEAR[noisy(severity, 120)].astype(np.float64)
    photons = NOISE.severities[severity - 1].photons
    expected = int(TO_LINEAR[120])
    spread = np.sqrt(expected / 65535 / photons) * 65535
    assert abs(light.mean() - expected) < 4 * spread / np.sqrt(SAMPLES) + 65535 / 255 / 4
    assert abs(light.std() / spread - 1) < 0.02
