from __future__ import annotations

import numpy as np
import pytest

from corruptbench.corruptions import Key, get
from corruptbench.corruptions.contrast import GRAYS, SEVERITIES
from tests.corruptions.scenes import facts
from tests.corruptions.test_brightness import ramp


@pytest.mark.parametrize("severity", range(1, 6))
def test_codes_move_towards_one_gray_by_the_factor(severity):
    grays = []
    for clip in range(20):
        out = get("contrast").clip(ramp(), facts(16, 1), severity, Key.of("clip", clip))
        out = out.reshape(256, 3)
        slope, offset = np.polyfit(np.arange(256), out[:, 0], 1)
        assert abs(slope - SEVERITIES[severity - 1].factor) < 0.002
        assert np.abs(out[:, 0] - (slope * np.arange(256) + offset)).max() < 0.6  # only rounded
        assert (out == out[:, :1]).all()
        grays.append(offset / (1 - slope) / 255)
    assert GRAYS[0] - 0.005 < min(grays) < max(grays) < GRAYS[1] + 0.005
    assert np.ptp(grays) > 0.05


def test_the_gray_is_not_measured():
    """A pixel's result does not depend on other pixels."""
    dark, bright = (np.full((1, 16, 16, 3), level, dtype=np.uint8) for level in (10, 240))
    mixed = dark.copy()
    mixed[:, :, 8:] = 240
    contrast, about, key = get("contrast"), facts(16, 1), Key.of("clip")
    out = contrast.clip(mixed, about, 4, key)
    assert np.array_equal(out[:, :, :8], contrast.clip(dark, about, 4, key)[:, :, :8])
    assert np.array_equal(out[:, :, 8:], contrast.clip(bright, about, 4, key)[:, :, 8:])
