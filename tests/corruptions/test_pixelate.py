from __future__ import annotations

import numpy as np
import pytest

from corruptbench.corruptions import ClipInfo, Key, get
from corruptbench.corruptions._srgb import FROM_LINEAR, TO_LINEAR
from corruptbench.corruptions.pixelate import SEVERITIES, UNIT, borders
from tests.corruptions.scenes import info


def noise(size, frames=1):
    return np.random.default_rng(3).integers(0, 256, (frames, size, size, 3), dtype=np.uint8)


@pytest.mark.parametrize("severity", range(1, 6))
def test_every_block_is_the_mean_of_its_light(severity):
    """Against block means by brute force, with borders rounded from the regular lattice."""
    size = 160
    clip, about = noise(size), info(size, 1)
    pixelate, key = get("pixelate"), Key.of("clip", severity)
    draws = pixelate.prepare(about, severity, key)
    side = draws.side / UNIT
    assert side == pytest.approx(SEVERITIES[severity - 1].side * 0.6 * size, abs=1e-4)
    # Block of a pixel's center: the number of borders floor(i * side - place + 1/2) at or below it
    index = [
        np.array(
            [
                sum(np.floor(i * side - place / UNIT + 0.5) <= x for i in range(size))
                for x in range(size)
            ]
        )
        for place in draws.place
    ]
    block = index[1][:, None] * 10000 + index[0][None, :]
    out = pixelate.clip(clip, about, severity, key)[0]
    light = TO_LINEAR[clip[0]].astype(np.float64)
    for value in np.unique(block)[:: 1 + severity]:
        where = block == value
        mean = light[where].mean(axis=0)
        assert (out[where] == FROM_LINEAR[np.floor(mean + 0.5).astype(int)]).all()
    assert len(np.unique(block)) == pytest.approx((size / side + 1) ** 2, rel=0.1)


def test_light_is_kept():
    clip = noise(300)
    out = get("pixelate").clip(clip, info(300, 1), 4, Key.of("clip"))
    assert TO_LINEAR[out].mean() == pytest.approx(TO_LINEAR[clip].mean(), rel=0.01)


def test_the_lattice_stands_still():
    """It does not follow the person, and an unchanged picture stays unchanged."""
    clip = np.repeat(noise(120), 5, axis=0)
    boxes = np.array([[10.0 + 7 * t, 20, 50 + 7 * t, 100] for t in range(5)])
    out = get("pixelate").clip(clip, ClipInfo(5, 120, 120, 50.0, boxes), 3, Key.of("clip"))
    assert (out == out[0]).all()


@pytest.mark.parametrize("side", [UNIT, UNIT + 1, 3 * UNIT // 2, 7 * UNIT, 1000 * UNIT])
def test_borders_cut_a_line_without_gaps(side):
    for place in (0, side // 3, side - 1):
        whole = borders(side, place, 0, 97, 97)
        assert whole[0] == 0
        assert whole[-1] == 97
        assert (np.diff(whole) > 0).all()
        for low in range(0, 97, 5):
            part = borders(side, place, low, low + 1, 97)
            assert part[0] <= low < part[-1]
            assert len(part) == 2
            assert set(part) <= set(whole)
