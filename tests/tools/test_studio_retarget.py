"""Retargeting and joints of the studio generator, on a stick figure."""

from __future__ import annotations

import numpy as np
import pytest

from tools.studio.framing import centred, place_in_room
from tools.studio.joints import JOINT_NAMES, h36m_joints
from tools.studio.retarget import retarget
from tools.studio.rig import Rig, landmarks, skin_transforms, sole_points
from tools.studio.skeleton import Motion, Skeleton

# name: parent, offset from it in the capture (T-pose, y up, faces +z), in our rest pose (A-pose)
_LEFT = {
    "UpLeg": ("HipJoint", (92, -101, 35), (90, 0, -20)),
    "Leg": ("UpLeg", (146, -402, 0), (20, -10, -400)),
    "Foot": ("Leg", (140, -386, 0), (15, 30, -400)),
    "ToeBase": ("Foot", (11, -31, 121), (10, -120, -50)),
    "Shoulder": ("Spine1", (0, 0, 0), (20, 0, 60)),
    "Arm": ("Shoulder", (200, 51, -10), (130, 0, -20)),
    "ForeArm": ("Arm", (275, 0, 0), (180, 0, -190)),
    "Hand": ("ForeArm", (189, 0, 0), (110, -140, -120)),
    "FingerBase": ("Hand", (0, 0, 0), (10, -20, -15)),
}
_MIDDLE = {
    "Hips": ("", (0, 0, 0), (0, 0, 900)),
    "LowerBack": ("Hips", (0, 0, 0), (0, 30, 50)),
    "Spine": ("LowerBack", (1, 116, -8), (0, -20, 150)),
    "Spine1": ("Spine", (1, 116, -3), (0, 10, 140)),
    "Neck": ("Spine1", (0, 0, 0), (0, -10, 140)),
    "Neck1": ("Neck", (0, 88, 8), (0, -20, 50)),
    "Head": ("Neck1", (2, 88, -5), (0, -10, 50)),
}


def _bones() -> dict[str, tuple[str, np.ndarray, np.ndarray]]:
    bones = {
        name: (up, np.array(a) * 1.0, np.array(b) * 1.0) for name, (up, a, b) in _MIDDLE.items()
    }
    for side, sign in (("Left", 1.0), ("Right", -1.0)):
        flip = np.array([sign, 1.0, 1.0])
        bones[f"{side[0]}HipJoint"] = ("Hips", np.zeros(3), np.zeros(3))
        for name, (up, capture, rest) in _LEFT.items():
            parent = f"{side[0]}{up}" if up == "HipJoint" else up if up == "Spine1" else side + up
            bones[side + name] = (parent, np.array(capture) * flip, np.array(rest) * flip)
        bones[f"{side}HandFinger1"] = (f"{side}FingerBase", np.zeros(3), np.zeros(3))
        bones[f"{side[0]}Thumb"] = (f"{side}Hand", np.zeros(3), np.zeros(3))
    for side, sign in (("Left", 1.0), ("Right", -1.0)):  # known to the capture only, so at the end
        tip = np.array([40.0 * sign, 0, 0])
        bones[f"{side}HandIndex1"] = (f"{side}FingerBase", tip, np.zeros(3))
    return bones


BONES = _bones()
NAMES = tuple(BONES)
PARENTS = tuple(NAMES.index(BONES[name][0]) if BONES[name][0] else -1 for name in NAMES)
OURS = len(NAMES) - 2


@pytest.fixture(scope="module")
def rig() -> Rig:
    heads = np.zeros((OURS, 3))
    for bone, parent in enumerate(PARENTS[:OURS]):
        heads[bone] = BONES[NAMES[bone]][2] + (heads[parent] if parent >= 0 else 0)
    head = heads[NAMES.index("Head")]
    soles, weights = np.zeros((2, 4, 3)), np.zeros((2, 4, OURS))
    for foot, side in enumerate(("Left", "Right")):
        ankle = heads[NAMES.index(f"{side}Foot")]
        soles[foot] = [(ankle[0] + x, ankle[1] + y, 0) for x in (-40, 40) for y in (-200, 60)]
        weights[foot, :, NAMES.index(f"{side}Foot")] = 1.0
    return Rig(
        NAMES[:OURS],
        PARENTS[:OURS],
        heads,
        head + [0, -100, 30],
        head + [0, 0, 180],
        soles,
        weights,
    )


def capture(frames: int, rotvec: np.ndarray | None = None) -> Motion:
    skeleton = Skeleton(NAMES, PARENTS, np.array([BONES[name][1] for name in NAMES]))
    turns = np.zeros((frames, len(NAMES), 3)) if rotvec is None else rotvec
    root = np.tile([0.0, 900.0, 0.0], (frames, 1))
    return Motion(skeleton, 50.0, root, turns, np.ones(frames, bool))


def joint(joints: np.ndarray, name: str) -> np.ndarray:
    return joints[:, JOINT_NAMES.index(name)]


def test_the_t_pose_stretches_the_arms_and_keeps_the_sides(rig: Rig) -> None:
    joints = h36m_joints(rig, retarget(capture(3), rig))
    left = joint(joints, "left_wrist") - joint(joints, "left_elbow")
    right = joint(joints, "right_wrist") - joint(joints, "right_elbow")
    np.testing.assert_allclose(
        left / np.linalg.norm(left, axis=1)[:, None], [[1, 0, 0]] * 3, atol=0.05
    )
    np.testing.assert_allclose(
        right / np.linalg.norm(right, axis=1)[:, None], [[-1, 0, 0]] * 3, atol=0.05
    )
    assert (joint(joints, "left_hip")[:, 0] > joint(joints, "right_hip")[:, 0]).all()
    assert (joint(joints, "head")[:, 2] > joint(joints, "hip")[:, 2] + 400).all()
    assert (joint(joints, "neck")[:, 1] < joint(joints, "head")[:, 1]).all(), "the nose is in front"


def test_bones_never_stretch(rig: Rig) -> None:
    rotvec = np.random.default_rng(0).normal(scale=0.5, size=(20, len(NAMES), 3))
    pose = retarget(capture(20, rotvec), rig)
    for bone, parent in enumerate(rig.parents):
        if parent >= 0:
            length = np.linalg.norm(rig.heads_mm[bone] - rig.heads_mm[parent])
            measured = np.linalg.norm(pose.place_mm[:, bone] - pose.place_mm[:, parent], axis=1)
            np.testing.assert_allclose(measured, length, atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(pose.turn), 1.0)


def test_a_bent_knee_brings_the_heel_back(rig: Rig) -> None:
    rotvec = np.zeros((2, len(NAMES), 3))
    rotvec[:, NAMES.index("LeftLeg")] = [np.pi / 2, 0, 0]
    joints = h36m_joints(rig, retarget(capture(2, rotvec), rig))
    assert joint(joints, "left_ankle")[0, 1] > joint(joints, "left_knee")[0, 1] + 250
    assert abs(joint(joints, "right_ankle")[0, 1] - joint(joints, "right_knee")[0, 1]) < 60


def test_the_sole_lies_flat_where_the_captured_foot_stands(rig: Rig) -> None:
    tilted = np.zeros((30, len(NAMES), 3))
    tilted[:, NAMES.index("LeftFoot")] = [np.radians(8), 0, 0]
    soles = sole_points(rig, retarget(capture(30, tilted), rig))
    assert np.ptp(soles[:, 0, :, 2], axis=1).max() < 1e-6


def test_skin_transforms_move_bone_heads_to_their_place(rig: Rig) -> None:
    rotvec = np.random.default_rng(1).normal(scale=0.3, size=(4, len(NAMES), 3))
    pose = retarget(capture(4, rotvec), rig)
    matrices = skin_transforms(rig, pose)
    moved = np.einsum("tbij,bj->tbi", matrices[..., :3], rig.heads_mm) + matrices[..., 3]
    np.testing.assert_allclose(moved, pose.place_mm, atol=1e-9)


def test_a_clip_is_centred_and_its_heading_comes_from_its_name(rig: Rig) -> None:
    motion = capture(40)
    motion.root_mm[:, 2] = np.linspace(0, 1500, 40)
    pose = retarget(motion, rig)
    placed, kept = place_in_room(rig, pose, "S1/walking_1")
    assert kept == slice(0, 40)
    ground = landmarks(rig, placed)[..., :2].reshape(-1, 2)
    np.testing.assert_allclose(ground.min(axis=0) + ground.max(axis=0), 0.0, atol=1e-6)
    again, _ = place_in_room(rig, pose, "S1/walking_1")
    other, _ = place_in_room(rig, pose, "S1/walking_2")
    np.testing.assert_array_equal(again.place_mm, placed.place_mm)
    assert np.abs(other.place_mm - placed.place_mm).max() > 10


def test_a_path_that_is_too_long_is_shortened(rig: Rig) -> None:
    motion = capture(200)
    motion.root_mm[:, 2] = np.linspace(0, 9000, 200)
    placed, kept = place_in_room(rig, retarget(motion, rig), "S1/running_1")
    assert 20 < placed.frames < 199
    assert kept.stop - kept.start == placed.frames


def test_centring_keeps_heights(rig: Rig) -> None:
    pose = retarget(capture(2), rig)
    points = landmarks(rig, pose)
    _, moved = centred(pose, points)
    np.testing.assert_array_equal(moved[..., 2], points[..., 2])
