"""Frames of labels that no body has: found where they are, and nothing found in real motion."""

from __future__ import annotations

import numpy as np
import pytest

from corruptbench.datasets import open_dataset
from corruptbench.datasets.checks.motion import label_problems
from corruptbench.skeleton import H36M17, JointSet
from tests.fixtures import folder, humaneva
from tests.fixtures.folder import motion

FPS = 50.0


def problems(joints, fps=FPS, joint_set=H36M17):
    return label_problems(joints, joint_set, fps)


@pytest.fixture(scope="module")
def walk():
    """A recording of the studio set, (F, 17, 3) world mm."""
    dataset = open_dataset("studio", None)
    return dataset.load(next(c for c in dataset.clip_ids() if c.sequence == "walking_1")).joints


def test_real_motion_passes():
    """All labels of the studio set, which come from motion capture, at full and at half rate."""
    dataset = open_dataset("studio", None)
    recordings = {(c.subject, c.sequence): c for c in dataset.clip_ids()}
    assert len(recordings) == 162
    for clip_id in recordings.values():
        joints = dataset.load(clip_id).joints
        assert not problems(joints), clip_id
        assert not problems(joints[::2], FPS / 2), clip_id


def test_labels_with_noise_pass(walk):
    """Triangulated labels: 20 mm of noise at their own rate, and at rates of fast cameras."""
    draw = np.random.default_rng(0)
    for fps in (25, 50, 100, 240):
        assert not problems(walk + draw.normal(0, 20, walk.shape), fps)


def test_children_pass(walk):
    """The thigh of a child of three years is about 200 mm long."""
    assert not problems(walk * 0.45)


def test_rounded_labels_pass():
    """Labels in whole centimeters stand still in many frames."""
    dataset = open_dataset("studio", None)
    for clip_id in {(c.subject, c.sequence): c for c in dataset.clip_ids()}.values():
        joints = np.round(dataset.load(clip_id).joints / 10) * 10
        assert not [p for p in problems(joints) if "rate" in p.found], clip_id


def test_short_and_empty_labels_pass(walk):
    gaps = walk.copy()
    gaps[20:40, 3:7] = np.nan
    for joints in (walk[:0], walk[:1], walk[:2], walk[:3], walk * np.nan, gaps):
        assert not problems(joints)


def test_the_figures_of_these_tests_pass():
    assert not problems(motion(100, 0.0))
    pose = humaneva.STANDING
    assert not problems(folder.swaying(pose, 100, 30.0), joint_set=humaneva.HUMANEVA15)


def one_joint(joints):
    joints[17, 13] += (0, 300, 500)


def one_coordinate(joints):
    joints[17, 13, 0] += 1e6


def one_frame(joints):
    joints[17] += 800


def another_trial(joints):
    joints[17:] += (700, 0, 0)


def as_columns(joints):
    """Written with its columns first, and read with its rows first: nothing is where it was."""
    joints[:] = joints.reshape(len(joints), -1).T.reshape(joints.shape)


def half_as_columns(joints):
    """The same for the arms only: medians of the thighs are as they were."""
    arms = joints[:, 11:].reshape(len(joints), -1)
    joints[:, 11:] = arms.T.reshape(len(joints), 6, 3)


def frozen(joints):
    joints[20:70] = joints[20]


def filled(joints):
    t = np.linspace(0, 1, 51)[:, None, None]
    joints[20:71] = (1 - t) * joints[20] + t * joints[70]


def twice(joints):
    joints[1::2] = joints[:-1:2]


def four_times(joints):
    joints[:] = joints[np.arange(len(joints)) // 4 * 4]


def between(joints):
    """25 labels a second, interpolated on lines."""
    joints[1:-1:2] = (joints[:-2:2] + joints[2::2]) / 2


def held(joints):
    joints[:] = joints[np.arange(len(joints)) // 10 * 10]


def after_a_gap(joints):
    joints[30] = np.nan
    joints[31:] += (1500, 0, 0)


def beside_gaps(joints):
    joints[1::2] = np.nan
    joints[40:60] += (0, 1500, 0)


def elbows_and_wrists(joints):
    joints[:] = joints[:, [*range(12), 13, 12, 14, 16, 15]]


def knees_and_ankles(joints):
    joints[:] = joints[:, [0, 1, 3, 2, 4, 6, 5, *range(7, 17)]]


def no_forearms(joints):
    joints[:, [13, 16]] = joints[:, [12, 15]]


def centimeters(joints):
    joints /= 10


def other_order(joints):
    joints[:] = joints[:, np.roll(np.arange(17), 3)]


def meters(joints):
    joints /= 1000


@pytest.mark.parametrize(
    ("spoil", "impossible", "said"),
    [
        (one_joint, False, "17"),
        (one_coordinate, True, "left_wrist is 1,000 m from hip in frame 17"),
        (one_frame, True, "hip jumps: in frame 17"),
        (another_trial, False, "hip jumps: in frame 17"),
        (as_columns, True, "a thigh of"),
        (half_as_columns, True, "from hip in frame"),
        (frozen, False, "no joint moves from frame 20 to 69"),
        (filled, False, "from frame 20 to 70 all joints move on straight lines"),
        (twice, False, "every 2 frames: labels at a lower rate than 50"),
        (four_times, False, "every 4 frames: labels at a lower rate"),
        (between, False, "lie on lines, every 2 frames"),
        (held, False, "every 10 frames"),
        (after_a_gap, False, "hip is 1.46 m away after the gap"),
        (beside_gaps, False, "after the gap that ends at frame 40"),
        (elbows_and_wrists, False, "joints in another order?"),
        (knees_and_ankles, False, "joints in another order?"),
        (no_forearms, False, "0 mm apart"),
        (centimeters, True, "(centimeters?)"),
        (other_order, False, "mm apart, "),
        (meters, True, "(meters?)"),
    ],
)
def test_what_no_body_does(spoil, impossible, said, walk):
    joints = walk.copy()
    spoil(joints)
    found = problems(joints)
    assert any(said in problem.found for problem in found), found
    assert any(problem.impossible for problem in found) == impossible
    assert all(problem.expected for problem in found)


def test_frames_are_named(walk):
    joints = walk.copy()
    for first in (5, 20, 40, 60):
        joints[first : first + 2, 16] += 2000
    found = next(p.found for p in problems(joints) if "from hip" in p.found)
    assert found.endswith("(8 frames: 5-6, 20-21, 40-41 and 1 more)")


def test_faults_of_motion_capture_are_found():
    """A joint that leaves its place by half a meter for a frame, in a set with toes."""
    chain = JointSet("chain", ("root", "toe"), ((0, 1),), (), ())
    joints = np.zeros((60, 2, 3))
    joints[:, 0, 0] = joints[:, 1, 0] = np.sin(np.arange(60) / 9) * 300
    joints[:, 1, 2] = -900
    assert not problems(joints, 60, chain)
    joints[30, 1, 1] += 450
    (found,) = problems(joints, 60, chain)
    assert found.found.startswith("toe jumps: in frame 30")
