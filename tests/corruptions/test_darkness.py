from __future__ import annotations

import math

import numpy as np
import pytest

from corruptbench.corruptions import Key, get
from corruptbench.corruptions.darkness import SEVERITIES, SPREAD
from tests.corruptions.scenes import info
from tests.corruptions.test_brightness import linear, ramp


@pytest.mark.parametrize("severity", range(1, 6))
def test_light_is_divided_and_rounded_to_8_bits(severity):
    out = get("darkness").clip(ramp(), info(16, 1), severity, Key.of("clip", severity))
    out = out.reshape(256, 3).astype(int)
    stops = [math.log2(linear(c) / linear(out[c, 0])) for c in range(200, 256)]
    assert np.std(stops) < 0.06
    gain = 2 ** -np.median(stops)
    assert abs(np.median(stops) - SEVERITIES[severity - 1].stops) < SPREAD + 0.02
    for c in range(256):  # the nearest code, but for the error of the estimated gain
        assert linear(max(out[c, 0] - 1, 0)) <= linear(c) * gain <= linear(out[c, 0] + 1)
    assert (out == out[:, :1]).all()


def test_severe_underexposure_leaves_few_codes():
    out = [get("darkness").clip(ramp(), info(16, 1), s, Key.of("clip")) for s in range(1, 6)]
    codes = [len(np.unique(clip)) for clip in out]
    assert codes == sorted(codes, reverse=True)
    assert codes[0] > 128
    assert codes[4] < 64
