"""Gaps in detections are filled from the nearest frame, in memory that grows with the clip."""

from __future__ import annotations

import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest

from corruptbench.lifters.gaps import filled

CAMERA = SimpleNamespace(width=640, height=480)


def nearest(seen):
    """The nearest seen frame by plain loops; the earlier of two."""
    found = [i for i, s in enumerate(seen) if s]
    return [min(found, key=lambda i: (abs(i - t), i)) for t in range(len(seen))]


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_a_gap_repeats_the_nearest_frame(share):
    draw = np.random.default_rng(3)
    for frames in (1, 2, 3, 50, 200):
        keypoints = draw.random((frames, 17, 2))
        seen = draw.random(frames) < share
        seen[draw.integers(frames)] = True
        given = keypoints.copy()
        given[~seen, draw.integers(17)] = np.nan
        assert filled(given, CAMERA).tobytes() == keypoints[nearest(seen)].tobytes()


def test_a_clip_without_detections_shows_the_center():
    found = filled(np.full((3, 17, 2), np.nan), CAMERA)
    assert (found == [320, 240]).all()
    whole = np.zeros((3, 17, 2))
    assert filled(whole, CAMERA) is whole


def test_an_hour_fits_in_memory():
    """One frame of 90,000 has no detection: a pair of frames for each would take 65 GB."""
    keypoints = np.zeros((90_000, 17, 2))
    keypoints[40_000] = np.nan
    tracemalloc.start()
    filled(keypoints, CAMERA)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * keypoints.nbytes
