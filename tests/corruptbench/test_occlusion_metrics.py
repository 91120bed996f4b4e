"""Hidden joints, covered frames and recovery after them, against plain loops."""

from __future__ import annotations

import numpy as np
import pytest

from corruptbench.evaluation.occlusion import (
    AFTER,
    COVERED,
    MARGIN,
    STAY,
    hidden_joints,
    recoveries,
    states,
)

FPS = 50.0


def shares(*covers, frames=100):
    hidden = np.zeros(frames, dtype=np.float32)
    for first, last in covers:
        hidden[first : last + 1] = 0.3
    return hidden


def test_hidden_joints_are_the_bits_of_a_mask():
    masks = np.array([[0, 1], [0b101, 1 << 16]], dtype=np.uint32)
    found = hidden_joints(masks, 17)
    for i, row in enumerate(masks.tolist()):
        for j, mask in enumerate(row):
            assert found[i, j].tolist() == [bool(mask >> joint & 1) for joint in range(17)]


@pytest.mark.parametrize("fps", [10.0, 24.0, 50.0])
def test_states_by_loops(fps):
    hidden = np.random.default_rng(1).choice([0.0, COVERED, 0.2], (3, 80), p=[0.7, 0.2, 0.1])
    found = states(hidden, fps)
    for row, covered, after, free in zip(hidden, *found, strict=True):
        for t in range(80):
            since = [t - u for u in range(t + 1) if row[u] > COVERED]
            assert covered[t] == (0 in since)
            assert after[t] == (bool(since) and 0 < min(since) <= round(AFTER * fps))
            assert free[t] == (not covered[t] and not after[t])


def test_a_shard_of_whole_numbers_has_no_border_case():
    """Shares are multiples of 1/4096, none of which is the threshold."""
    assert COVERED * 4096 % 1 != 0


def test_recovery_is_the_time_until_a_frame_is_as_bad_as_on_clean_video():
    clean = np.random.default_rng(2).uniform(30, 200, 100)  # some frames are harder than others
    errors = clean + 1
    errors[20:47] += 60  # a cover of frames 20 to 39, and seven frames more
    errors[60:70] += 60  # a cover, and back at once
    found = recoveries(errors, clean, states(shares((20, 39), (60, 69)), FPS), FPS)
    assert found.seconds.tolist() == [7 / FPS, 0.0]
    assert not found.censored.any()
    assert found.not_recovered == 0.0


def test_a_short_dip_is_no_recovery():
    errors = np.zeros(100)
    errors[20:50] = 50.0
    errors[42:44] = 0.0
    found = recoveries(errors, np.zeros(100), states(shares((20, 39)), FPS), FPS)
    assert found.seconds.tolist() == [10 / FPS]
    assert round(STAY * FPS) > 2


def test_the_search_ends_at_the_next_cover_and_at_the_end():
    errors = np.full(100, 50.0)
    errors[:20] = 0.0
    found = recoveries(errors, np.zeros(100), states(shares((20, 29), (40, 79)), FPS), FPS)
    assert found.seconds.tolist() == [10 / FPS, 20 / FPS]
    assert found.censored.all()
    assert (found.mean, found.not_recovered) == pytest.approx((15 / FPS, 100.0))
    # A cover that lasts to the end is not counted, nor is one after which nothing is scored.
    last = recoveries(errors, np.zeros(100), states(shares((90, 99)), FPS), FPS)
    assert last.seconds.size == last.censored.size == 0
    assert np.isnan([last.mean, last.not_recovered]).all()
    errors[30:40] = np.nan
    found = recoveries(errors, np.zeros(100), states(shares((20, 29), (40, 79)), FPS), FPS)
    assert found.seconds.tolist() == [20 / FPS]


def test_errors_that_stay_are_not_waited_for():
    """A lifter that is worse in all frames of a cell has recovered when it is so as before."""
    errors = np.full(100, 40.0)
    errors[20:45] = 90.0
    errors[46] = np.nan  # not known: neither back nor worse
    found = recoveries(errors, np.zeros(100), states(shares((20, 39)), FPS), FPS)
    assert found.seconds.tolist() == [5 / FPS]
    errors[50:52] += MARGIN + 1  # later frames do not matter
    assert recoveries(errors, np.zeros(100), states(shares((20, 39)), FPS), FPS) == found


def test_without_free_frames_the_error_on_clean_video_counts():
    found = states(shares((0, 9), frames=15), FPS)
    assert not found.free.any()
    errors = np.array([80.0] * 12 + [MARGIN] * 3)
    assert recoveries(errors, np.zeros(15), found, FPS).seconds.tolist() == [2 / FPS]
