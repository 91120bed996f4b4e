from __future__ import annotations

import numpy as np
import pytest

from corruptbench.corruptions import ClipInfo, Key, get
from corruptbench.corruptions.frame_freeze import SEVERITIES, reach


def about(frames, fps):
    return ClipInfo(frames, 4, 4, fps, np.tile([0.0, 0.0, 4.0, 4.0], (frames, 1)))


def sources(severity, frames=1500, fps=50.0, clip=0):
    draws = get("frame_freeze").prepare(about(frames, fps), severity, Key.of("freeze", clip))
    return np.array(draws.source), draws


@pytest.mark.parametrize("severity", range(1, 6))
@pytest.mark.parametrize("fps", [2.0, 8.0, 25.0, 50.0])
def test_a_frozen_frame_shows_the_last_good_one(severity, fps):
    source, draws = sources(severity, fps=fps)
    good = source == np.arange(len(source))
    assert good[0]
    last_good = np.maximum.accumulate(np.where(good, np.arange(len(source)), 0))
    assert np.array_equal(source, last_good)
    longest = 1.5 * SEVERITIES[severity - 1].run
    assert reach(draws) <= np.ceil(longest * fps)


@pytest.mark.parametrize("severity", range(1, 6))
def test_share_and_duration_are_those_of_the_table(severity):
    frozen, runs = 0, 0
    for clip in range(4):
        source, _ = sources(severity, clip=clip)
        stands = source != np.arange(len(source))
        frozen += stands.sum()
        runs += (np.diff(stands.astype(int)) == 1).sum()
    params = SEVERITIES[severity - 1]
    assert frozen / 6000 == pytest.approx(params.frozen, rel=0.1)
    assert frozen / runs / 50 == pytest.approx(params.run, rel=0.1)


def test_the_lag_grows_with_severity():
    lag = []
    for severity in range(1, 6):
        clips = [sources(severity, clip=clip)[0] for clip in range(4)]
        lag.append(np.mean([np.arange(1500) - source for source in clips]))
    assert (np.diff(lag) > 0).all()


def test_pixels_are_those_of_the_source():
    frames = np.arange(60, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), np.uint8)
    info, key = about(60, 50.0), Key.of("pixels")
    out = get("frame_freeze").clip(frames, info, 4, key)
    assert out[:, 0, 0, 0].tolist() == list(get("frame_freeze").prepare(info, 4, key).source)
