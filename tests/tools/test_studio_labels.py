"""The labels of the studio set: Human3.6M's bones, on the body, beside what a detector finds."""

from __future__ import annotations

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from corruptbench.builder.plan import boxes_of
from corruptbench.datasets import Clip
from corruptbench.datasets.studio import ALL_TRAIN_SHARDS, open_root
from corruptbench.shards.shard_set import open_shards
from corruptbench.skeleton import H36M17
from tools.data_card import HUMAN36M_BONES_MM, TEST, detection_offsets, label_bones
from tools.studio.joints import BONES_MM, JOINT_NAMES, PARENTS, with_lengths
from tools.studio.people import SUBJECTS

STUDIO = open_root(None)
IDS = STUDIO.clip_ids()


def test_the_generator_has_the_joints_of_the_joint_set() -> None:
    assert H36M17.bones == tuple((p, j) for j, p in enumerate(PARENTS) if p >= 0)
    assert H36M17.joints == tuple("neck_nose" if n == "neck" else n for n in JOINT_NAMES)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_bones_have_the_proportions_of_human36m(subject: str) -> None:
    bones = label_bones(subject).mean(axis=0)
    ratios = bones / bones[H36M17.joints.index("right_knee") - 1]
    wanted = np.array(HUMAN36M_BONES_MM) / 443
    np.testing.assert_allclose(ratios, wanted, rtol=0.02)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_bones_are_rigid(subject: str) -> None:
    assert np.ptp(label_bones(subject), axis=0).max() < 1


def test_detections_lie_beside_the_labels_as_in_real_frames() -> None:
    """Medians over the training split, % of the box's height, positive below the label."""
    found = detection_offsets()
    assert found["hip"] == pytest.approx(2.4, abs=0.5)
    assert found["thorax"] == pytest.approx(2.5, abs=0.6)
    assert found["neck_nose"] == pytest.approx(-2.0, abs=0.8)
    assert found["head"] == pytest.approx(1.9, abs=0.5)


def test_labels_lie_in_the_box_of_the_person() -> None:
    for clip in map(STUDIO.load, IDS):
        low, high = clip.boxes[:, None, :2], clip.boxes[:, None, 2:]
        outside = np.maximum(low - clip.keypoints, clip.keypoints - high)
        assert outside.max() < 5, f"{clip.id}: {outside.max()} px"


def test_labels_lie_on_the_person_in_the_picture() -> None:
    """The room stands still: the person and the shadow are where a frame differs from it."""
    clips = [STUDIO.load(c) for c in IDS if c.subject in TEST and c.camera == "cam1"]
    moving = [c for c in clips if c.id.action in ("walking", "running")]
    room = np.median(np.concatenate([_frames(c, 16)[0] for c in moving]), axis=0)
    kernel = np.ones((5, 5), np.uint8)
    hit = []
    for clip in clips:
        frames, seen = _frames(clip, 25)
        for frame, points in zip(frames, clip.keypoints[seen], strict=True):
            person = (np.abs(frame - room).max(axis=-1) > 12).astype(np.uint8)
            person = cv2.dilate(cv2.morphologyEx(person, cv2.MORPH_CLOSE, kernel), kernel)
            x, y = np.floor(points).astype(int).T
            hit.append(person[y, x])
    assert np.mean(hit, axis=0).min() > 0.95
    assert np.mean(hit) > 0.98


def _frames(clip: Clip, step: int) -> tuple[NDArray[np.int16], NDArray[np.intp]]:
    """Return every step-th frame (N, H, W, 3), and the indices (N,)."""
    seen = np.arange(0, len(clip.joints), step)
    with av.open(str(clip.video)) as video:
        frames = [f.to_ndarray(format="rgb24") for f in video.decode(video=0)]
    return np.stack([frames[i] for i in seen]).astype(np.int16), seen


def test_boxes_are_those_of_the_stored_detections() -> None:
    """Labels may be defined anew; crops, and so what was detected in them, stay as they are."""
    for folder in ALL_TRAIN_SHARDS:
        shard_set = open_shards(folder, None)
        for clip, (clean,) in shard_set.clips():
            boxes = boxes_of(clip, shard_set.manifest).astype(np.float32)
            np.testing.assert_array_equal(boxes, clean.boxes)


def test_joints_move_as_little_as_the_lengths_ask_for() -> None:
    rng = np.random.default_rng(7)
    points = rng.normal(scale=300, size=(6, 17, 3))
    points[:, 0] = (points[:, 1] + points[:, 4]) / 2
    bones = points - points[:, np.array(PARENTS)]
    own = np.linalg.norm(bones, axis=-1)[0]
    np.testing.assert_allclose(with_lengths(points[:1], own), points[:1], atol=1e-9)

    stretched = np.repeat(_straight(), 6, axis=0) + rng.normal(scale=15, size=(6, 17, 3))
    stretched[:, 0] = (stretched[:, 1] + stretched[:, 4]) / 2
    found = with_lengths(stretched, BONES_MM)
    lengths = np.linalg.norm(found - found[:, np.array(PARENTS)], axis=-1)[:, 1:]
    np.testing.assert_allclose(lengths, np.repeat(BONES_MM[None, 1:], 6, axis=0), atol=1e-6)
    np.testing.assert_allclose(found[:, 0], (found[:, 1] + found[:, 4]) / 2)
    assert np.linalg.norm(found - stretched, axis=-1).max() < 60


def _straight() -> NDArray[np.float64]:
    """Return (1, 17, 3) a person whose bones have their lengths: legs down, arms sidewards."""
    sides = {1: -1, 4: 1, 11: 1, 12: 1, 13: 1, 14: -1, 15: -1, 16: -1}
    points = np.zeros((17, 3))
    for joint, parent in list(enumerate(PARENTS))[1:]:
        down = joint in (2, 3, 5, 6)
        axis = (sides[joint], 0, 0) if joint in sides else (0, 0, -1 if down else 1)
        points[joint] = points[parent] + BONES_MM[joint] * np.array(axis)
    return points[None]
