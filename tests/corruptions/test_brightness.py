from __future__ import annotations

import math

import numpy as np
import pytest

from corruptbench.corruptions import Key, get
from corruptbench.corruptions.brightness import SEVERITIES, SPREAD
from tests.corruptions.scenes import info


def linear(code):
    """Light of an sRGB code, by the formula of IEC 61966-2-1."""
    v = code / 255
    return v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4


def ramp():
    """One frame that holds every code in every channel."""
    return np.broadcast_to(np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1), (1, 16, 16, 3))


@pytest.mark.parametrize("severity", range(1, 6))
def test_light_is_multiplied_and_clipped(severity):
    out = get("brightness").clip(ramp(), info(16, 1), severity, Key.of("clip", severity))
    out = out.reshape(256, 3)
    stops = [math.log2(linear(out[c, 0]) / linear(c)) for c in range(60, 256) if out[c, 0] < 255]
    assert np.std(stops) < 0.02
    assert abs(np.median(stops) - SEVERITIES[severity - 1].stops) < SPREAD + 0.01
    white = [c for c in range(256) if linear(c) * 2 ** np.median(stops) > 1.02]
    assert white
    assert (out[white] == 255).all()
    assert (out == out[:, :1]).all()
    assert (np.diff(out[:, 0].astype(int)) >= 0).all()


def test_exposures_of_clips_differ_within_the_spread():
    tables = [
        get("brightness").prepare(info(16, 1), 1, Key.of("clip", i)).table[100] for i in range(50)
    ]
    low, high = (linear(100) * 2 ** (SEVERITIES[0].stops + side) for side in (-SPREAD, SPREAD))
    assert linear(min(tables) + 1) > low
    assert linear(max(tables) - 1) < high
    assert np.ptp(tables) >= 5
