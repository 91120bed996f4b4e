"""Episodes: their share, their lengths and the free stretches, whatever the clip."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corruptbench.corruptions import ClipInfo, Key
from corruptbench.corruptions._episodes import episode_at, episodes

SHARES = (0.2, 0.3, 0.4, 0.5, 0.6)


def clip(frames, fps):
    return ClipInfo(frames, 40, 40, fps, np.tile([5.0, 5.0, 15.0, 35.0], (frames, 1)))


def stretches(found, frames):
    """The numbers of free frames before, between and after the episodes."""
    ends = [0, *(end for episode in found for end in (episode.start, episode.stop)), frames]
    return [after - before for before, after in zip(ends[::2], ends[1::2], strict=True)]


@given(
    frames=st.integers(1, 4000),
    fps=st.one_of(st.sampled_from([0.01, 8.0, 25.0, 29.97, 50.0, 60.0, 1e5]), st.floats(0.01, 1e5)),
    share=st.sampled_from(SHARES),
    seed=st.integers(0, 9),
)
@settings(max_examples=150, deadline=None)
def test_limits_hold_in_every_clip(frames, fps, share, seed):
    found = episodes(clip(frames, fps), share, Key.of("limits", seed))
    free = stretches(found, frames)
    assert min(free) >= 0
    assert all(len(episode) >= min(0.2 * fps - 1e-6, frames) for episode in found)
    assert all(len(episode) <= max(1.2 * fps + 1e-6, 3) for episode in found)
    if frames >= max(1.5 * fps + 1, 5):
        assert not found or min(free) >= max(0.3 * fps - 1e-6, 1)
    else:
        assert len(found) <= 1


@pytest.mark.parametrize("fps", [24.0, 25.0, 29.97, 50.0, 60.0, 240.0])
@pytest.mark.parametrize("seconds", [0.5, 1.0, 1.5, 1.6, 1.9, 2.5, 5.0, 60.0])
@pytest.mark.parametrize("share", SHARES)
def test_the_share_is_exact_as_far_as_frames_allow(fps, seconds, share):
    """To one frame, and for the free stretches of a short clip to one more."""
    frames = round(seconds * fps)
    if share * seconds < 0.2:
        return  # see the next test
    for seed in range(3):
        found = episodes(clip(frames, fps), share, Key.of("share", seed))
        assert abs(sum(map(len, found)) - share * frames) < (2.5 if seconds == 1.6 else 1)


@pytest.mark.parametrize(("frames", "fps"), [(1, 25.0), (1, 0.01), (3, 50.0), (12, 50.0)])
def test_a_short_clip_is_covered_with_the_probability_of_the_share(frames, fps):
    for share in SHARES:
        covered = [
            sum(map(len, episodes(clip(frames, fps), share, Key.of("short", seed))))
            for seed in range(700)
        ]
        assert np.mean(covered) / frames == pytest.approx(share, abs=0.06)


def covered(frames, fps):
    """The part of a clip that is covered for a share of 60 %."""
    return sum(map(len, episodes(clip(frames, fps), 0.6, Key.of("no room")))) / frames


def test_what_has_no_room_is_a_little_less():
    """The numbers of docs/corruptions.md."""
    assert covered(105, 50.0) == 60 / 105  # 57 % of 2.1 s
    least = {
        fps: min(covered(frames, fps) for frames in range(int(1.6 * fps), int(3 * fps)))
        for fps in (24.0, 25.0, 29.97, 50.0, 60.0)
    }
    assert least[24.0] == min(least.values()) == 28 / 52  # 53.8 %


def test_lengths_places_and_numbers_vary_with_the_key_and_within_a_clip():
    many = [episodes(clip(3000, 50.0), 0.4, Key.of("vary", seed)) for seed in range(20)]
    assert len(set(many)) == 20
    assert len({len(found) for found in many}) > 1
    lengths = np.array([len(episode) for found in many for episode in found])
    assert np.percentile(lengths, [10, 90]) == pytest.approx([15, 55], abs=5)
    free = np.concatenate([stretches(found, 3000) for found in many])
    assert free.std() > 0.3 * free.mean()
    first = [episodes(clip(250, 50.0), 0.2, Key.of("first", seed))[0].start for seed in range(99)]
    assert np.ptp(first) > 80


def test_hours_take_no_time_and_each_frame_finds_its_episode():
    found = episodes(clip(90_000, 25.0), 0.6, Key.of("hour"))
    assert len(found) > 2000
    covered = {t for episode in found for t in episode}
    assert len(covered) == 54_000
    for t in range(0, 90_000, 37):
        index = episode_at(found, t)
        assert (index is not None) == (t in covered)
        assert index is None or t in found[index]
    assert episode_at((), 3) is None
