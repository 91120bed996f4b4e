"""The noise has the distribution that the documentation names, and nothing in it repeats."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from corruptions import Key, get
from tests.corruptions.scenes import facts

NOISE = get("gaussian_noise")
SEVERITIES = range(1, 6)
FRAMES, SIZE = 12, 115  # 345 samples a row: no multiple of the block of eight
SAMPLES = FRAMES * SIZE * SIZE * 3


def noisy(severity, level=128, clip="one"):
    """(F, H, W, 3) int: a flat clip with noise."""
    flat = np.full((FRAMES, SIZE, SIZE, 3), level, dtype=np.uint8)
    key = Key.of("noise", severity, clip)
    return NOISE.clip(flat, facts(SIZE, FRAMES), severity, key).astype(np.int64)


def expected_cdf(severity, level):
    """P(value <= v) for v = 0..255, of a rounded and clipped normal variable."""
    cdf = stats.norm.cdf(
        (np.arange(256) + 0.5 - level) / (NOISE.severities[severity - 1].sigma * 255)
    )
    cdf[255] = 1
    return cdf


@pytest.mark.parametrize("severity", [1, 2])
def test_moments(severity):
    """Where nothing saturates, the three numbers that define it."""
    sigma = NOISE.severities[severity - 1].sigma * 255
    noise = noisy(severity) - 128
    assert abs(noise.mean()) < 4 * sigma / np.sqrt(SAMPLES)
    assert abs(noise.std() / sigma - 1) < 0.01
    assert abs(stats.kurtosis(noise, axis=None)) < 4 * np.sqrt(24 / SAMPLES)
    assert abs(stats.skew(noise, axis=None)) < 4 * np.sqrt(6 / SAMPLES)


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("level", [0, 3, 128, 255])
def test_distribution_with_saturation(severity, level):
    """Values beyond 0 and 255 stay there: neither wrapped round nor folded back."""
    counts = np.bincount(noisy(severity, level).ravel(), minlength=256)
    found = np.cumsum(counts) / SAMPLES
    # Kolmogorov-Smirnov: exceeded with probability 1e-4 (less, the values being discrete)
    assert np.abs(found - expected_cdf(severity, level)).max() < 2.23 / np.sqrt(SAMPLES)


def correlation(a, b):
    return np.corrcoef(a.ravel(), b.ravel())[0, 1]


@pytest.mark.parametrize("severity", SEVERITIES)
def test_nothing_correlates(severity):
    noise = noisy(severity)
    other_clip = noisy(severity, clip="two")
    found = {
        "x": correlation(noise[:, :, 1:], noise[:, :, :-1]),
        "y": correlation(noise[:, 1:], noise[:, :-1]),
        "t": correlation(noise[1:], noise[:-1]),
        "channel": correlation(noise[..., 1:], noise[..., :-1]),
        "red and blue": correlation(noise[..., 0], noise[..., 2]),
        "block": correlation(
            noise.reshape(FRAMES, SIZE, -1)[..., 8:], noise.reshape(FRAMES, SIZE, -1)[..., :-8]
        ),
        "clip": correlation(noise, other_clip),
        "severity": correlation(noise, noisy(severity % 5 + 1)),
    }
    # 4.2 standard errors even for red and blue, the fewest pairs
    assert max(map(abs, found.values())) < 0.01, found
