"""What holds for every temporary occlusion: when the person is covered, and when free.

All is read from `Corruption.cover`: a frame is covered if more than 5 % of the person's box is.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from corruptbench.corruptions import Key, Region, all_corruptions, get
from tests.corruptions.scenes import skeleton

NAMES = [
    name
    for name, corruption in all_corruptions().items()
    if corruption.family == "temporary occlusion"
]
SHARES = (0.2, 0.3, 0.4, 0.5, 0.6)  # of the frames, at severities 1 to 5: our own choice
SEVERITIES = range(1, 6)
CLIPS = {"still": (0.0, True), "walking": (0.8, True), "walking, box only": (0.8, False)}
SIZE = 160


@cache
def person(seconds, fps, kind):
    speed, joints = CLIPS[kind]
    return skeleton(SIZE, seconds * fps, fps, speed, joints)


def hidden(name, severity, about, *key):
    """(F,) which part of the person's box is hidden."""
    draws = get(name).prepare(about, severity, Key.of("episodes", name, severity, *key))
    sides = np.rint(about.boxes).astype(int).tolist()
    cover = get(name).cover
    parts = [(cover(t, draws, Region(*box)) > 127).mean() for t, box in enumerate(sides)]
    # The median of three frames: a slow object's edge is over the limit, under it and over it again
    # where the box swings by a pixel.
    near = np.pad(parts, 1, mode="edge")
    return np.median([near[:-2], near[1:-1], near[2:]], axis=0)


def runs(there):
    """Lengths of the runs of True."""
    edges = np.flatnonzero(np.diff(there.astype(int), prepend=0, append=0))
    return edges[1::2] - edges[::2]


@pytest.mark.parametrize("kind", CLIPS)
@pytest.mark.parametrize("fps", [25, 50, 60])
@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("name", NAMES)
def test_share_episodes_and_free_stretches(name, severity, fps, kind):
    """Of four clips of 5 s. An episode may lose two frames at its ends where the person moves."""
    about = person(5, fps, kind)
    covered = [hidden(name, severity, about, fps, clip) > 0.05 for clip in range(4)]
    assert np.mean(covered) == pytest.approx(SHARES[severity - 1], abs=0.012)
    for there in covered:
        assert runs(there).min() >= 0.2 * fps - 2
        assert runs(there).max() <= 1.2 * fps + 2
        assert runs(~there).min() >= 0.3 * fps - 2
        assert not there[0]
        assert not there[-1]


@pytest.mark.parametrize("fps", [25, 50, 60])
@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("name", NAMES)
def test_a_clip_of_one_second_has_one_episode(name, severity, fps):
    about = person(1, fps, "walking")
    covered = [hidden(name, severity, about, fps, clip) > 0.05 for clip in range(8)]
    assert np.mean(covered) == pytest.approx(SHARES[severity - 1], abs=0.03)
    assert all(len(runs(there)) == 1 for there in covered)


@pytest.mark.parametrize("fps", [25, 50, 60])
@pytest.mark.parametrize("severity", [1, 5])
@pytest.mark.parametrize("name", NAMES)
def test_a_minute_is_as_a_few_seconds(name, severity, fps):
    there = hidden(name, severity, person(60, fps, "walking"), fps) > 0.05
    assert there.mean() == pytest.approx(SHARES[severity - 1], abs=0.01)
    lengths, free = runs(there), runs(~there)
    assert lengths.min() >= 0.2 * fps - 2
    assert lengths.max() <= 1.2 * fps + 2
    assert free.min() >= 0.3 * fps - 2
    assert len(lengths) > 10


@pytest.mark.parametrize("name", NAMES)
def test_cover_within_an_episode_grows_with_severity(name):
    about = person(5, 25, "walking")
    parts = [
        np.concatenate([hidden(name, severity, about, clip) for clip in range(12)])
        for severity in SEVERITIES
    ]
    means = [part[part > 0.05].mean() for part in parts]
    assert (np.diff(means) > 0).all(), means


@pytest.mark.parametrize("name", NAMES)
def test_a_single_picture_is_covered_as_often_as_a_frame(name):
    about = skeleton(SIZE, 1, 25.0)
    for severity, share in zip(SEVERITIES, SHARES, strict=True):
        covered = [hidden(name, severity, about, clip)[0] > 0.05 for clip in range(300)]
        assert np.mean(covered) == pytest.approx(share, abs=0.09)
