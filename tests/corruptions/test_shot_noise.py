"""The counts are Poisson's, in linear light, for every code and severity; the mean code is kept."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from corruptbench.corruptions import Key, get
from corruptbench.corruptions._srgb import FROM_LINEAR, TO_LINEAR
from corruptbench.corruptions.shot_noise import GUIDE_BITS, counted_codes, distributions, tables
from tests.corruptions.scenes import person_of, scene

NOISE = get("shot_noise")
SEVERITIES = range(1, 6)
CODES = np.arange(256)
PHOTONS = [params.photons for params in NOISE.severities]


def moments(cumulative):
    """Mean and standard deviation of each code, from (..., 256) numbers of words."""
    chance = np.diff(cumulative, prepend=0) / 65536
    mean = chance @ CODES
    return mean, np.sqrt(chance @ CODES**2 - mean**2)


@pytest.mark.parametrize("photons", [*PHOTONS, 3000.0])
def test_counts_of_every_code_are_poissons(photons):
    number = np.arange(2 * int(photons) + 100)
    codes = FROM_LINEAR[np.rint((number / photons).clip(0, 1) * 65535).astype(int)]
    last = np.searchsorted(codes, CODES, side="right") - 1
    for light in TO_LINEAR[::17] / 65535:
        expected = stats.poisson.cdf(last, photons * light)
        expected[255] = 1
        assert np.abs(counted_codes(photons, light) / 65536 - expected).max() <= 0.5 / 65536 + 1e-9


@pytest.mark.parametrize("photons", PHOTONS)
def test_guide_leads_every_word_to_its_code(photons):
    table, cumulative = tables(photons), distributions(photons)
    words = np.arange(65536)
    for code in range(0, 256, 17):
        expected = np.searchsorted(cumulative[code], words, side="right")
        entry = table.guide.reshape(256, -1)[code, words >> (16 - GUIDE_BITS)].astype(np.int64)
        search = (entry & 0xFFFF) == 1
        found = np.where(words < entry >> 16, entry & 255, (entry >> 8) & 255)
        assert np.array_equal(found[~search], expected[~search])
        step = np.searchsorted(table.borders[code], words, side="right")
        assert np.array_equal(table.codes[code, step], expected)
        assert ((entry >> 16)[search] <= step[search]).all()
        first = search & (words % (65536 >> GUIDE_BITS) == 0)
        assert np.array_equal((entry >> 16)[first], step[first])


@pytest.mark.parametrize("photons", [*PHOTONS, 3.0, 400.0])
def test_mean_code_is_kept_and_the_noise_is(photons):
    """To 5 %, or one code; black stays black, and white keeps some noise."""
    cumulative = distributions(photons)
    mean, spread = moments(cumulative)
    assert (np.abs(mean - CODES) <= np.maximum(0.05 * CODES, 1)).all()
    assert (mean[0], spread[0]) == (0, 0)
    assert (np.diff(mean) > 0).all()
    lights = TO_LINEAR / 65535
    _, physical = moments(np.stack([counted_codes(photons, light) for light in lights]))
    assert (spread[1:240] > 0.75 * physical[1:240]).all()
    assert (spread[1:] < 1.05 * physical[1:]).all()
    assert spread[255] > 0.5 * physical[255]


@pytest.mark.parametrize("photons", [*PHOTONS, 3.0, 400.0])
def test_brighter_never_becomes_darker(photons):
    """With the same word."""
    for darker, brighter in pairwise(distributions(photons)):
        assert (brighter <= darker).all()


@pytest.mark.parametrize("person", [135, 450])
@pytest.mark.parametrize("severity", SEVERITIES)
def test_pictures_keep_their_brightness(severity, person):
    """The mean code of a scene, of a dark one, and of a flat floor of code 93."""
    about = person_of(person, 256, 4)
    floor = np.full((4, 256, 256, 3), 93, dtype=np.uint8)
    for clean in (scene(256, 4), scene(256, 4) // 4, floor):
        noisy = NOISE.clip(clean, about, severity, Key.of("brightness", severity))
        assert abs(noisy.mean() / clean.mean() - 1) < 0.05
