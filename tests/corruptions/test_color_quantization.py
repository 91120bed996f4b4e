from __future__ import annotations

import numpy as np
import pytest

from corruptbench.corruptions import Key, get
from corruptbench.corruptions.color_quantization import SEVERITIES
from tests.corruptions.scenes import info
from tests.corruptions.test_brightness import ramp


@pytest.mark.parametrize("severity", range(1, 6))
def test_every_code_becomes_the_nearest_of_evenly_spaced_levels(severity):
    step = 255 * SEVERITIES[severity - 1].step
    starts = []
    for clip in range(20):
        out = get("color_quantization").clip(ramp(), info(16, 1), severity, Key.of("clip", clip))
        out = out.reshape(256, 3).astype(int)
        assert (out == out[:, :1]).all()
        levels = np.unique(out)
        inner = levels[(levels > 0) & (levels < 255)]
        assert np.abs(np.diff(inner) - step).max() <= 1
        assert abs(len(levels) - 1 / SEVERITIES[severity - 1].step) < 2
        between = np.arange(inner[0], inner[-1] + 1)
        error = np.abs(between[:, None] - inner)
        # A level was rounded after its codes had been chosen: one code may go the other way
        assert (np.abs(between - out[between, 0]) - error.min(axis=1)).max() <= 1
        assert np.abs(np.arange(256) - out[:, 0]).max() <= step / 2 + 1
        starts.append(inner[0] % step)
    assert np.ptp(starts) > 0.2 * step, "clips' bands must not coincide"
