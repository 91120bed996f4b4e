"""Every corruption grows with its severity, and alike at any resolution."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from corruptbench.corruptions import Key, Region, get
from tests.corruptions.properties.corrupted import NAMES, SEVERITIES, covers
from tests.corruptions.scenes import info, scene


def distance(name, severity, size, clips=3, frames=12):
    """Mean squared difference to the clean clip, in (gray levels)^2, over several identities.

    Measured where the person is, in 0.28 of the picture.
    """
    clean, corruption = list(scene(size, frames)), get(name)
    about = info(size, frames, fps=8.0)  # 1.5 s, so that runs come and go
    x0, y0, x1, y1 = (round(size * side) for side in (0.25, 0.15, 0.65, 0.85))
    region, total = Region(x0, y0, x1, y1), 0.0
    for clip in range(clips):
        draws = corruption.prepare(about, severity, Key.of("distance", name, severity, clip))
        for t in range(frames):
            out = corruption.apply(clean, t, draws, region)
            total += cv2.norm(out, clean[t][region.slices], cv2.NORM_L2SQR)
    return total / out.size / frames / clips


@pytest.mark.parametrize(
    ("name", "size"),
    [(name, 250) for name in NAMES]
    # the next test asks the others at its sizes
    + [
        pytest.param(name, 600, marks=pytest.mark.slow)
        for name in NAMES
        if get(name).scope == "clip" or get(name).family == "frame loss"
    ],
)
def test_severity_is_strictly_monotone(name, size):
    # What comes and goes needs a larger sample, and what is drawn for a clip more than one.
    comes_and_goes = covers(name) or get(name).family == "frame loss"
    clips = 8 if comes_and_goes else 1 if get(name).scope == "frame" else 2
    clips *= 4 if name == "occluder" else 1  # and objects differ
    distances = [distance(name, s, size, clips) for s in SEVERITIES]
    assert distances[0] > 0
    assert (np.diff(distances) > 0).all(), distances


@pytest.mark.slow
# Not for lost frames: their effect is the motion of the scene, which these few frames hardly have.
@pytest.mark.parametrize("name", [n for n in NAMES if get(n).family != "frame loss"])
def test_severity_is_the_same_at_any_resolution(name):
    sizes, frames = (400, 800, 1600), 12 if covers(name) else 3
    table = np.array([[distance(name, s, size, 2, frames) for s in SEVERITIES] for size in sizes])
    if get(name).scope == "frame":  # of the others see above
        assert (np.diff(table, axis=1) > 0).all(), table
    # A corruption must not fade with resolution; 15 % for edges that are sharper in larger pictures
    assert (np.abs(table / table.mean(axis=0) - 1) < 0.15).all(), table
