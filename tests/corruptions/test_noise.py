"""What holds for every noise: nothing in it repeats, and it is distributed as its file says."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from scipy import stats

from corruptbench.corruptions import Key, get
from corruptbench.corruptions._srgb import FROM_LINEAR, TO_LINEAR
from tests.corruptions.properties.corrupted import NAMES, SEVERITIES, is_noisy
from tests.corruptions.scenes import person_of

FRAMES, SIZE = 12, 115  # 345 samples a row: no multiple of the block of eight
SAMPLES = FRAMES * SIZE * SIZE * 3
CODES = np.arange(256)
#: Standard errors that are allowed: more are found in one of 150 000 comparisons.
ERRORS = 4.5


@lru_cache(maxsize=4)
def noisy(name, severity, level, key):
    """(F, H, W, 3) uint8: a flat clip with noise, in cells of one pixel."""
    flat = np.full((FRAMES, SIZE, SIZE, 3), level, dtype=np.uint8)
    return get(name).clip(flat, person_of(150, SIZE, FRAMES), severity, key)


def within(noise):
    """What might repeat within a clip, (F, H, W, 3): name to two parts of it."""
    rows = noise.reshape(FRAMES, SIZE, -1)
    return {
        "next column": (noise[:, :, 1:], noise[:, :, :-1]),
        "next row": (noise[:, 1:], noise[:, :-1]),
        "both": (noise[:, 1:, 1:], noise[:, :-1, :-1]),
        "next frame": (noise[1:], noise[:-1]),
        "half a clip later": (noise[FRAMES // 2 :], noise[: FRAMES // 2]),
        "next frame, row before": (noise[1:, :-1], noise[:-1, 1:]),
        "next channel": (noise[..., 1:], noise[..., :-1]),
        "red and blue": (noise[..., 0], noise[..., 2]),
        "next sample": (rows[..., 1:], rows[..., :-1]),
        "next block of eight": (rows[..., 8:], rows[..., :-8]),
        "next row, block before": (rows[:, 1:, :-8], rows[:, :-1, 8:]),
    }


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("name", [name for name in NAMES if is_noisy(name)])
def test_nothing_correlates(name, severity):
    """Neither the noise nor its square, beyond the sampling error of as many pairs."""
    key = Key.of("noise", name, severity)
    others = {
        "key's first word": (severity, Key(key.k0 + 1, key.k1)),
        "key's second word": (severity, Key(key.k0, key.k1 + 1)),
        "words exchanged": (severity, Key(key.k1, key.k0)),
        "severity": (severity % 5 + 1, Key.of("noise", name, severity % 5 + 1)),
    }
    one = noisy(name, severity, 200, key).astype(np.float64)
    pairs = within(one) | {
        what: (one, noisy(name, step, 200, other).astype(np.float64))
        for what, (step, other) in others.items()
    }
    for what, (a, b) in pairs.items():
        for power in (1, 2):
            x, y = ((v - v.mean()) ** power for v in (a, b))
            found = np.corrcoef(x.ravel(), y.ravel())[0, 1]
            assert abs(found) < ERRORS / np.sqrt(a.size), (what, power)

    # All distances at once, in the order of the samples: half a million comparisons
    spectrum = np.abs(np.fft.rfft(one.ravel() - one.mean())) ** 2
    distances = np.fft.irfft(spectrum, n=SAMPLES)
    assert np.abs(distances[1:] / distances[0]).max() < 1.4 * ERRORS / np.sqrt(SAMPLES)


def normal_levels(params, level):
    """A rounded and clipped normal variable."""
    return stats.norm.cdf((CODES + 0.5 - level) / (255 * params.sigma))


def hits(params, level):
    return np.where(level > CODES, params.fraction / 2, 1 - params.fraction / 2)


def counts(params, level):
    """Poisson's, of photons; then every code is shifted up until its mean is kept.

    No word makes less than it makes of a darker code.
    """
    number = np.arange(3 * params.photons + 60)
    codes = FROM_LINEAR[np.rint((number / params.photons).clip(0, 1) * 65535).astype(int)]
    last = np.searchsorted(codes, CODES, side="right") - 1  # the highest count of no higher code
    found = np.full(256, 65536)  # words, as a chance is a multiple of 2**-16
    for code in range(level + 1):
        light = TO_LINEAR[code] / 65535
        counted = np.rint(65536 * stats.poisson.cdf(last, params.photons * light)).astype(int)
        for shift in range(256):
            shifted = np.concatenate([np.zeros(shift, dtype=int), counted])[:256]
            shifted[255] = 65536
            brighter = np.minimum(shifted, found)
            if 255 - brighter[:255].sum() / 65536 >= code * (1 - 0.04 * light) - 0.5:
                break
        found = brighter
    return found / 65536


def sensor(params, level):
    """Normal, in linear light; a code begins at a whole number of 65535."""
    light, gain = TO_LINEAR[level] / 65535, 2.0**-params.stops
    spread = gain * np.sqrt(light * params.photons + params.read**2) / params.photons
    ends = np.searchsorted(FROM_LINEAR, CODES, side="right") - 0.5
    return stats.norm.cdf((ends / 65535 - gain * light) / spread)


#: P(code <= 0..255) for a severity's parameters and a flat picture's code.
DISTRIBUTIONS = {
    "gaussian_noise": normal_levels,
    "shot_noise": counts,
    "impulse_noise": hits,
    "low_light": sensor,
}


@pytest.mark.parametrize("level", [0, 3, 30, 128, 200, 255])
@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_distribution(name, severity, level):
    """With what saturates: neither wrapped round nor folded back."""
    cdf = DISTRIBUTIONS[name](get(name).severities[severity - 1], level)
    cdf[255] = 1
    out = noisy(name, severity, level, Key.of("distribution", name, severity, level))
    found = np.cumsum(np.bincount(out.ravel(), minlength=256)) / SAMPLES
    # Kolmogorov-Smirnov: exceeded with probability 1e-4 (less, the values being discrete)
    assert np.abs(found - cdf).max() < 2.23 / np.sqrt(SAMPLES)

    chance = np.diff(cdf, prepend=0)
    mean = (chance * CODES).sum()
    second, fourth = ((chance * (CODES - mean) ** power).sum() for power in (2, 4))
    assert abs(out.mean() - mean) <= ERRORS * np.sqrt(second / SAMPLES) + 1e-9
    spread = np.sqrt(max(fourth - second**2, 0) / SAMPLES)
    assert abs(((out - mean) ** 2).mean() - second) <= ERRORS * spread + 1e-9

    for tail in (1e-2, 1e-3, 1e-4):  # both ends, as far as codes resolve them
        for expected, seen in ((cdf, found), (1 - cdf, 1 - found)):
            chance = expected[expected <= tail].max(initial=0)
            share = seen[expected <= tail].max(initial=0)
            # A word has 16 bits, so a chance is a multiple of 2**-16, rounded
            assert abs(share - chance) <= ERRORS * np.sqrt(chance / SAMPLES) + 2**-17
