from __future__ import annotations

import numpy as np
import pytest

from corruptions import Key, get
from corruptions.light import TO_LINEAR
from corruptions.low_light import SEVERITIES
from tests.corruptions.scenes import facts


def light(severity, code, frames=3, size=200):
    clip = np.full((frames, size, size, 3), code, dtype=np.uint8)
    key = Key.of("low light", severity, code)
    return TO_LINEAR[get("low_light").clip(clip, facts(size, frames), severity, key)] / 65535


@pytest.mark.parametrize("severity", range(1, 6))
@pytest.mark.parametrize("code", [255, 190])
def test_mean_and_noise_are_those_of_the_sensor(severity, code):
    seen = light(severity, code)
    row = SEVERITIES[severity - 1]
    truth, gain = TO_LINEAR[code] / 65535, 2.0**-row.stops
    electrons = truth * row.photons
    sigma = gain * np.sqrt(electrons + row.read**2) / row.photons
    assert seen.mean() == pytest.approx(gain * truth, rel=0.01)
    # A little is clipped at black in the most severe rows; 8-bit steps add a little
    assert seen.std() == pytest.approx(sigma, rel=0.05)


def test_noise_depends_on_the_signal():
    for severity in range(1, 6):
        assert light(severity, 255).std() > 1.4 * light(severity, 100).std()


def test_noise_is_fresh_per_pixel_channel_and_frame():
    noise = light(3, 200, frames=2)
    noise = noise - noise.mean()
    first = noise[0].ravel()
    for other in (noise[1], np.roll(noise[0], 1, axis=0), np.roll(noise[0], 1, axis=1)):
        assert abs(np.corrcoef(first, other.ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(noise[0, ..., 0].ravel(), noise[0, ..., 1].ravel())[0, 1]) < 0.02
