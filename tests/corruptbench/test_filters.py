"""Filters of keypoints over time, each against plain loops."""

from __future__ import annotations

import math
import statistics
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from corruptbench.cli import names
from corruptbench.datasets.studio import LEARNED_INPUT
from corruptbench.errors import InputError
from corruptbench.lifters.ca_input import AROUND, NEIGHBOR, REACH, load_input
from corruptbench.lifters.filtered import filter_doubt, filtered, row_name
from corruptbench.lifters.filters import median_confidence, one_euro, savitzky_golay
from corruptbench.lifters.filters.frame_rate import window
from corruptbench.lifters.filters.registry import all_filters, get
from corruptbench.lifters.lift import Track

CAMERA = SimpleNamespace(width=640, height=480)
LENGTHS = (1, 2, 3, 4, 5, 12, 30, 31, 60)


def walk(frames, seed=0, joints=3):
    """A person who moves, and scores."""
    random = np.random.default_rng(seed)
    steps = random.normal(0, 5, (frames, joints, 2)).cumsum(axis=0)
    return 300 + 100 * random.random((joints, 2)) + steps, random.random((frames, joints))


def reflected(index, count):
    """The place of a frame outside of a clip that is reflected about its ends."""
    index %= 2 * count
    return index if index < count else 2 * count - 1 - index


def odd(frames, fps):
    """The odd number from 1 that is nearest to a duration, counted in frames."""
    return min(range(1, 1000, 2), key=lambda n: abs(n - frames * fps / 50))


def median_confidence_by_loops(points, scores, fps):
    count, joints, _ = points.shape
    half, sigma = odd(9, fps) // 2, 2 * fps / 50
    reach = int(4 * sigma + 0.5)
    middle, found = np.empty_like(points), np.empty_like(points)
    for t in range(count):
        near = [reflected(t + i, count) for i in range(-half, half + 1)]
        for j in range(joints):
            for axis in range(2):
                middle[t, j, axis] = statistics.median(points[s, j, axis] for s in near)
    for t in range(count):
        near = range(max(0, t - reach), min(count, t + reach + 1))
        for j in range(joints):
            gauss = {s: math.exp(-((s - t) ** 2) / (2 * sigma**2)) for s in near}
            weights = {s: g * scores[s, j] ** 2 for s, g in gauss.items()}
            if not any(weights.values()):
                weights = gauss
            total = sum(weights.values())
            found[t, j] = sum(w * middle[s, j] for s, w in weights.items()) / total
    return found


def one_euro_by_loops(points, scores, fps):
    """Algorithm 1 of the paper, a number at a time; a unit of time is 1/50 s."""
    del scores
    sides = [max(np.ptp(pose[:, 0]), np.ptp(pose[:, 1])) for pose in points]
    size, rate = statistics.median(sides), fps / 50

    def alpha(cutoff):
        return 1 / (1 + (1 / (2 * math.pi * cutoff)) * rate)

    found = np.empty_like(points)
    for j in range(points.shape[1]):
        for axis in range(2):
            value, speed = None, 0.0
            for t, x in enumerate(points[:, j, axis] / size):
                dx = 0.0 if value is None else (x - value) * rate
                speed = alpha(1.0) * dx + (1 - alpha(1.0)) * speed
                a = alpha(0.04 + 5 * abs(speed))
                value = x if value is None else a * x + (1 - a) * value
                found[t, j, axis] = value * size
    return found


def savitzky_golay_by_loops(points, scores, fps):
    """A parabola through each window by least squares; at the ends the last whole window's."""
    del scores
    count = len(points)
    length = min(odd(31, fps), count if count % 2 else count - 1)
    if length < 3:
        return points
    found = np.empty_like(points)
    for t in range(count):
        start = min(max(0, t - length // 2), count - length)
        times = np.arange(start, start + length) - t
        for j in range(points.shape[1]):
            for axis in range(2):
                values = points[start : start + length, j, axis]
                found[t, j, axis] = np.polyfit(times, values, 2)[2]
    return found


def learned_confidence_by_loops(points, scores, fps):
    """The weights are those of the network; `test_ca_input.py` has them by loops."""
    del fps
    network, count = load_input(LEARNED_INPUT).double(), len(points)
    wide = np.pad(scores, ((AROUND, AROUND), (0, 0)), mode="edge")
    weights = network.weights(torch.from_numpy(wide)[None])[0].detach().numpy()
    found = np.zeros_like(points)
    for t in range(count):
        near = range(max(0, t - REACH), min(count, t + REACH + 1))
        a = np.array([1.0 if s == t else NEIGHBOR / (s - t) ** 2 for s in near])[:, None]
        shares = a * weights[list(near)]
        found[t] = (shares[..., None] * points[list(near)]).sum(0) / shares.sum(0)[:, None]
    return found


BY_LOOPS = {
    "learned_confidence": learned_confidence_by_loops,
    "median_confidence": median_confidence_by_loops,
    "one_euro": one_euro_by_loops,
    "savitzky_golay": savitzky_golay_by_loops,
}
NAMES = sorted(BY_LOOPS)


def test_all_filters_are_found():
    assert list(all_filters()) == names.filters() == NAMES
    with pytest.raises(InputError, match="no filter 'mean': expected one of learned_conf"):
        get("mean")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fps", [50.0, 25.0, 59.94])
def test_plain_loops_give_the_same(name, fps):
    for frames in LENGTHS:
        points, scores = walk(frames)
        scores[: frames // 2, 0] = 0  # where no frame of a window has a score
        given = points.copy()
        found = get(name)(points, scores, fps)
        assert found.shape == points.shape
        assert np.allclose(found, BY_LOOPS[name](points, scores, fps), rtol=1e-9, atol=1e-6)
        assert (points == given).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_person_who_stands_still_stays(name):
    for frames in LENGTHS:
        pose, scores = walk(frames)
        points = np.broadcast_to(pose[:1], pose.shape).copy()
        assert np.allclose(get(name)(points, scores, 50), points, rtol=1e-12, atol=0)
    nobody = np.full((9, 3, 2), 240.0)  # all points are one: the person has no size
    assert np.allclose(get(name)(nobody, np.zeros((9, 3)), 50), nobody, rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", NAMES)
def test_neither_the_unit_nor_the_place_matters(name):
    points, scores = walk(40)
    found = get(name)(points, scores, 50)
    assert np.allclose(get(name)(points / 1000 - 0.3, scores, 50), found / 1000 - 0.3)


@pytest.mark.parametrize(("name", "spike", "left"), [
    ("median_confidence", 80, 1e-9),
    ("one_euro", 2, 0.5),  # it follows what is fast: a jump of the whole size goes through
    ("savitzky_golay", 80, 0.15),
])  # fmt: skip
def test_a_spike_is_lowered(name, spike, left):
    """The median drops it, and the others leave a share. The person's size is about 100."""
    pose, _ = walk(1)
    points = np.repeat(pose, 60, axis=0)
    points[30, 1] += spike
    found = get(name)(points, np.ones((60, 3)), 50)
    assert np.abs(found - pose).max() <= spike * left


def test_the_median_drops_four_frames_of_nine():
    points = np.zeros((40, 1, 2))
    points[20:24] = 500
    assert not median_confidence.smoothed(points, np.ones((40, 1)), 50).any()
    points[24] = 500
    assert median_confidence.smoothed(points, np.ones((40, 1)), 50).any()


def test_what_the_detector_doubts_counts_less():
    """The weight is the square of the score, relative to the rest of the window."""
    late = np.arange(40)[:, None] >= 20
    points = np.where(late[..., None], 200.0, 0.0) * np.ones((40, 1, 2))

    def after(scores):
        return median_confidence.smoothed(points, scores * np.ones((40, 1)), 50)[20, 0]

    doubted = np.where(late, 0.1, 0.8)
    assert (after(1.0) > 100).all()
    assert (after(doubted) < 10).all()
    assert np.allclose(after(doubted / 100), after(doubted))
    assert np.allclose(after(0.0), after(1.0))
    assert np.allclose(after(np.where(late, -9.0, 0.8)), 0)  # below 0 counts as 0


def test_one_euro_lags_by_a_bounded_share_of_the_size():
    for speed in (0.002, 0.02, 0.2):  # sizes in a frame
        ramp = np.arange(300.0) * speed
        lag = (ramp - one_euro.one_euro(ramp, 1.0))[-1]
        assert 0 < lag < 1 / (2 * math.pi * one_euro.SLOPE)


def test_a_parabola_stays():
    times = np.arange(50.0)
    points = np.stack([3 + times**2, times - times**2 / 7], axis=-1)[:, None]
    found = savitzky_golay.smoothed(points, np.ones((50, 1)), 50)
    assert np.allclose(found, points)


def test_windows_keep_their_duration():
    assert [window(9, fps) for fps in (50, 25, 30, 60, 100, 1)] == [9, 5, 5, 11, 17, 1]
    assert window(31, 50) == 31
    slow, scores = walk(60)
    fast = np.repeat(slow, 2, axis=0)
    for name in NAMES:
        few = get(name)(slow, scores, 50)
        many = get(name)(fast, np.repeat(scores, 2, axis=0), 100)
        assert np.abs(many[::2] - few)[10:-10].mean() < np.abs(slow - few)[10:-10].mean()


def track(points, scores):
    scores = scores.astype(np.float32)
    return Track("a", points.astype(np.float32), scores, "coco17", CAMERA, 50.0)


@pytest.mark.parametrize("name", NAMES)
def test_gaps_are_filled_before_and_have_no_weight(name):
    points, scores = walk(40)
    given = track(points, scores)
    given.keypoints[[3, 20, 21, 39]] = np.nan
    found = filtered(given, name)
    assert np.isfinite(found.keypoints).all()
    assert (found.scores is given.scores, found.fps, found.name) == (True, 50.0, "a")
    assert np.isnan(given.keypoints[3]).all()
    near = np.arange(40)
    near[[3, 20, 21, 39]] = 2, 19, 22, 38
    whole, known = given.keypoints[near].astype(float), given.scores.astype(float)
    known[[3, 20, 21, 39]] = 0
    assert np.allclose(found.keypoints, get(name)(whole, known, 50), rtol=1e-12)
    unseen = track(np.full((4, 3, 2), np.nan), np.zeros((4, 3)))
    assert np.allclose(filtered(unseen, name).keypoints, [320, 240])


def test_a_filter_for_other_scores_is_said():
    assert filter_doubt("learned_confidence", "movenet:lightning") is None
    assert "of movenet:thunder" in (filter_doubt("learned_confidence", "movenet:thunder") or "")
    assert filter_doubt("one_euro", "movenet:thunder") is None
    assert filter_doubt(None, "movenet:thunder") is None


def test_names_of_rows():
    assert row_name("tiny", None) == "tiny"
    assert row_name("tiny", "one_euro") == "tiny+one_euro"
    assert len(row_name("a" * 71, "one_euro")) == 80
    with pytest.raises(InputError, match="81 characters, expected at most 80; give the lifter"):
        row_name("a" * 72, "one_euro")
    with pytest.raises(InputError, match="no filter 'x'"):
        row_name("tiny", "x")
