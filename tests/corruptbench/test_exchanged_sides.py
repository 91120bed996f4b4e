"""Joints of labels whose left and right are exchanged are named without any detection."""

from __future__ import annotations

import numpy as np
import pytest

from corruptbench.datasets import open_dataset
from corruptbench.datasets.checks.body import body_problems
from corruptbench.datasets.checks.sides import exchanged_sides
from corruptbench.datasets.studio import ALL_TRAIN_SHARDS
from corruptbench.shards.shard_set import open_shards
from corruptbench.skeleton import COCO17, H36M17, HUMANEVA15
from tests.corruptbench.test_agreement import exchanged


@pytest.fixture(scope="module")
def recordings():
    dataset = open_dataset("studio", None)
    clips = {(c.subject, c.sequence): c for c in dataset.clip_ids()}
    return [dataset.load(clip).joints for clip in clips.values()]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("wrist",), ["wrist"]),
        (("elbow", "wrist"), ["elbow", "wrist"]),
        (("shoulder", "elbow", "wrist"), ["shoulder", "elbow", "wrist"]),
        (("knee", "ankle"), ["knee", "ankle"]),
        (("ankle",), ["ankle"]),
        (("hip", "knee", "ankle"), ["shoulder", "elbow", "wrist"]),
    ],
)
def test_exchanged_limbs(names, said, recordings):
    """An arm that hangs still is not told from the other one."""
    found = [exchanged_sides(exchanged(*names)(joints), H36M17) for joints in recordings]
    assert found.count(said) >= 0.8 * len(recordings)
    assert found.count(said) + found.count([]) == len(recordings)
    joints = exchanged(*names)(recordings[found.index(said)])
    first = next(iter(body_problems(joints, H36M17)))
    assert first.found.startswith("left and right of"), "the cause comes first"
    assert said[-1] in first.found


@pytest.mark.parametrize("noise", [0, 20])
def test_sound_recordings_give_no_false_alarm(noise):
    draw = np.random.default_rng(0)
    dataset = open_dataset("studio", None)
    clips = [dataset.load(clip) for clip in dataset.clip_ids()]
    clips += [clip for shards in ALL_TRAIN_SHARDS for clip, _ in open_shards(shards, None).clips()]
    for joints in {(c.id.subject, c.id.sequence): c.joints for c in clips}.values():
        shaken = joints + draw.normal(0, noise, joints.shape)
        assert exchanged_sides(shaken, H36M17) == []


def test_pieces_of_a_few_noisy_frames_give_no_false_alarm(recordings):
    draw = np.random.default_rng(0)
    for joints in recordings:
        for frames in (1, 2, 3, 5, 8, 20):
            shaken = joints[:frames] + draw.normal(0, 20, (frames, 17, 3))
            assert exchanged_sides(shaken, H36M17) == []


def test_gaps_and_other_joint_sets(recordings):
    joints = exchanged("shoulder", "elbow", "wrist")(recordings[0]).copy()
    joints[::3] = np.nan
    assert exchanged_sides(joints, H36M17) == ["shoulder", "elbow", "wrist"]
    assert exchanged_sides(np.full_like(joints, np.nan), H36M17) == []
    for other in (COCO17, HUMANEVA15):
        still = np.zeros((4, len(other), 3))
        assert exchanged_sides(still, other) == []
