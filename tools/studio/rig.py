"""The bones of a rendered person, how a pose moves them, and the 17 joints read off them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

JOINT_NAMES = (
    "hip",
    "right_hip",
    "right_knee",
    "right_ankle",
    "left_hip",
    "left_knee",
    "left_ankle",
    "spine",
    "thorax",
    "neck",
    "head",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "right_shoulder",
    "right_elbow",
    "right_wrist",
)
"""The 17 joints of Human3.6M in their usual order."""

_BONE_OF_JOINT = {
    "right_hip": "RightUpLeg",
    "right_knee": "RightLeg",
    "right_ankle": "RightFoot",
    "left_hip": "LeftUpLeg",
    "left_knee": "LeftLeg",
    "left_ankle": "LeftFoot",
    "spine": "Spine",
    "thorax": "Neck",
    "left_shoulder": "LeftArm",
    "left_elbow": "LeftForeArm",
    "left_wrist": "LeftHand",
    "right_shoulder": "RightArm",
    "right_elbow": "RightForeArm",
    "right_wrist": "RightHand",
}


@dataclass(frozen=True)
class Rig:
    """Bones in the rest pose: z up, the person faces -y, the left side is at +x; millimetres.

    `heads_mm` is (B, 3); `nose_mm`, `crown_mm` (3,) move with the bone `Head`;
    `sole_mm` (2, K, 3) and `sole_weights` (2, K, B) are points of the left and right sole.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    heads_mm: np.ndarray
    nose_mm: np.ndarray
    crown_mm: np.ndarray
    sole_mm: np.ndarray
    sole_weights: np.ndarray

    def index(self, name: str) -> int:
        """Index of the bone called `name`."""
        return self.names.index(name)

    def leg_mm(self) -> float:
        """Length of thigh plus shin."""
        chain = self.heads_mm[[self.index(n) for n in ("LeftUpLeg", "LeftLeg", "LeftFoot")]]
        return float(np.linalg.norm(np.diff(chain, axis=0), axis=1).sum())


@dataclass(frozen=True)
class Pose:
    """Where the bones are: `turn` (T, B, 3, 3) from rest to world, `place_mm` (T, B, 3) heads."""

    turn: np.ndarray
    place_mm: np.ndarray

    @property
    def frames(self) -> int:
        """Number of time frames."""
        return len(self.place_mm)

    def moved(self, shift_mm: np.ndarray) -> Pose:
        """Return the rig translated by `shift_mm`, (3,) or (T, 3)."""
        shift = np.broadcast_to(shift_mm, (self.frames, 3))
        return Pose(self.turn, self.place_mm + shift[:, None])

    def turned(self, yaw: float) -> Pose:
        """Rotated about the world's z axis by `yaw` radians, counter-clockwise from above."""
        c, s = np.cos(yaw), np.sin(yaw)
        matrix = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
        return Pose(matrix @ self.turn, self.place_mm @ matrix.T)

    def cut(self, start: int, stop: int) -> Pose:
        """Frames start to stop - 1."""
        return Pose(self.turn[start:stop], self.place_mm[start:stop])


def skin_transforms(rig: Rig, pose: Pose) -> np.ndarray:
    """(T, B, 3, 4) matrices that take rest coordinates to world coordinates, mm."""
    moved_heads = np.einsum("tbij,bj->tbi", pose.turn, rig.heads_mm)
    return np.concatenate([pose.turn, (pose.place_mm - moved_heads)[..., None]], axis=-1)


def sole_points(rig: Rig, pose: Pose) -> np.ndarray:
    """World positions of the sole points, (T, 2, K, 3) mm; left foot first."""
    matrices = skin_transforms(rig, pose)
    points = np.concatenate([rig.sole_mm, np.ones_like(rig.sole_mm[..., :1])], axis=-1)
    blended = np.einsum("fkb,tbij->tfkij", rig.sole_weights, matrices)
    return np.einsum("tfkij,fkj->tfki", blended, points)


def h36m_joints(rig: Rig, pose: Pose) -> np.ndarray:
    """Return the 17 joints, (T, 17, 3) world mm.

    The pelvis is the middle of the hip joints, joint 9 the middle of nose tip and head joint,
    joint 10 the crown of the skull (hair not counted).
    """
    joints = np.empty((pose.frames, len(JOINT_NAMES), 3))
    for name, bone in _BONE_OF_JOINT.items():
        joints[:, JOINT_NAMES.index(name)] = pose.place_mm[:, rig.index(bone)]
    joints[:, 0] = (joints[:, 1] + joints[:, 4]) / 2
    head = rig.index("Head")
    turn, place = pose.turn[:, head], pose.place_mm[:, head]
    nose = place + turn @ (rig.nose_mm - rig.heads_mm[head])
    joints[:, 9] = (nose + place) / 2
    joints[:, 10] = place + turn @ (rig.crown_mm - rig.heads_mm[head])
    return joints
