"""Every corruption by its name, its severities, and what kind of change it makes."""

from __future__ import annotations

from functools import cache

import numpy as np

from corruptbench.corruptions import Key, all_corruptions, get
from tests.corruptions.scenes import info

NAMES = list(all_corruptions())
SEVERITIES = range(1, 6)
WITH_COVER = [name for name in NAMES if get(name).cover]


def corrupted(name, severity, frames, about, key=None):
    return get(name).clip(frames, about, severity, key or Key.of("test", name, severity))


def covers(name):
    return get(name).family in ("temporary occlusion", "mask")


@cache
def is_noisy(name):
    """Whether a flat gray picture does not stay smooth: neighboring pixels come to differ."""
    gray = np.full((1, 128, 128, 3), 128, dtype=np.uint8)
    out = corrupted(name, 3, gray, info(128, 1)).astype(int)
    return not covers(name) and np.abs(np.diff(out, axis=2)).mean() > 1


def transmittance(name, severity, about, key):
    """(F, H, W, 3) how much of what is behind a cover is left: 0 where it hides all, 1 beside it.

    Covers mix code values, so the same cover before black and before white tells. Each picture has
    black and white columns in turn, since the levels around a cover may light it.
    """
    one = np.zeros((about.frames, about.height, about.width, 3), dtype=np.uint8)
    one[:, :, ::2] = 255
    outs = (corrupted(name, severity, clip, about, key).astype(np.float64) for clip in (one, ~one))
    return np.subtract(*outs) / (2 * one.astype(np.float64) - 255)
