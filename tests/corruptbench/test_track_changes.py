"""Where the followed person may be another one, on tracks made of numbers."""

from __future__ import annotations

import numpy as np
import pytest

from corruptbench.video.track_changes import Seen, changes, growth, leap

BODY = np.random.default_rng(0).uniform(0, [40, 100], (17, 2))  # px, of a person 100 px high


def walk(frames, speed=0.0, fps=50.0, start=(0.0, 0.0), size=1.0):
    """Boxes and joints of one who moves to the right, in lengths of a body a second."""
    steps = np.arange(frames) / fps * speed * 100
    joints = BODY * size + start + np.stack([steps, np.zeros(frames)], axis=1)[:, None]
    return np.concatenate([joints.min(axis=1), joints.max(axis=1)], axis=1), joints


def joined(*parts):
    return tuple(np.concatenate(values) for values in zip(*parts, strict=True))


def gone(frames):
    return np.full((frames, 4), np.nan), np.full((frames, 17, 2), np.nan)


def found(track, fps=50.0, joints=True):
    return changes(track[0], track[1] if joints else None, list(np.arange(len(track[0])) / fps))


@pytest.mark.parametrize("joints", [True, False])
@pytest.mark.parametrize("fps", [1, 5, 25, 60, 240])
def test_one_who_sprints(fps, joints):
    track = walk(30, 3.9, fps)
    assert found(track, fps, joints) == []


@pytest.mark.parametrize("joints", [True, False])
@pytest.mark.parametrize("away", [(45.0, 0.0), (0.0, -60.0), (300.0, 20.0)])
def test_one_who_is_another(away, joints):
    assert found(joined(walk(10), walk(10, start=away)), joints=joints) == [10]


def test_another_at_the_same_place_is_of_another_size():
    middle = tuple(BODY.mean(axis=0) * (1 - 0.5))
    assert found(joined(walk(10), walk(10, start=middle, size=0.5))) == [10]
    middle = tuple(BODY.mean(axis=0) * (1 - 0.8))
    assert found(joined(walk(10), walk(10, start=middle, size=0.8))) == []


@pytest.mark.parametrize("joints", [True, False])
def test_across_frames_that_show_nobody(joints):
    one, other = walk(10), walk(10, start=(130.0, 0.0))
    assert found(joined(gone(3), one, gone(40), other), joints=joints) == [53]
    assert found(joined(gone(3), one, gone(40), one, gone(2)), joints=joints) == []
    assert found(gone(5), joints=joints) == []


def test_there_and_back_are_two_changes():
    assert found(joined(walk(10), walk(1, start=(90.0, 0.0)), walk(10))) == [10, 11]


def test_joint_by_joint():
    """A third of the joints goes over in each of three frames: no step is a leap of most."""
    one, other = walk(1)[1][0], walk(1, start=(70.0, 0.0))[1][0]
    steps = [one] * 5
    for stop in (6, 12, 17):
        steps.append(np.where(np.arange(17)[:, None] < stop, other, one))
    joints = np.stack([*steps, *[other] * 5])
    boxes = np.concatenate([joints.min(axis=1), joints.max(axis=1)], axis=1)
    assert len(found((boxes, joints))) == 1


@pytest.mark.parametrize("lower", [True, False])
def test_half_a_body_that_is_hidden_is_no_change(lower):
    boxes, joints = walk(20)
    half = (BODY[:, 1] > 50) == lower
    joints[10:, half] = np.nan
    boxes[10:] = [*np.nanmin(joints[10], axis=0), *np.nanmax(joints[10], axis=0)]
    assert found((boxes, joints)) == []
    assert found((boxes, joints), joints=False) == []


def test_measures():
    (box,), (joints,) = walk(1)
    one, moved = Seen(0, 0, box, joints), Seen(1, 0, box + 30, joints + 30)
    length = (box[2:] - box[:2]).max()
    assert leap(one, moved) == pytest.approx(30 * 2**0.5 / length)
    assert growth(one, moved) == pytest.approx(0)
    assert growth(one, Seen(1, 0, box * 2, joints * 2)) == pytest.approx(1)
    few = np.where(np.arange(17)[:, None] < 3, joints + 30, np.nan)
    assert leap(one, Seen(1, 0, box + 10, few)) == pytest.approx(10 * 2**0.5 / length)
    point = Seen(0, 0, np.zeros(4), np.zeros((17, 2)))
    assert (leap(point, point), growth(point, point)) == (0, 0)
