"""The bones of a rendered person, and how a pose moves them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_LANDMARKS = (
    "LeftUpLeg", "LeftLeg", "LeftFoot", "RightUpLeg", "RightLeg", "RightFoot", "Spine", "Neck",
    "LeftArm", "LeftForeArm", "LeftHand", "RightArm", "RightForeArm", "RightHand",
)  # fmt: skip


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

    def head_mm(self, name: str) -> np.ndarray:
        """Head (3,) of the bone called `name` in the rest pose."""
        return self.heads_mm[self.index(name)]

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


def landmarks(rig: Rig, pose: Pose) -> np.ndarray:
    """Return 16 points by which a person is framed and boxed, (T, 16, 3) world mm.

    They are the heads of bones, the crown of the skull (hair not counted), and the middle of the
    tip of the nose and the head of bone `Head`. The labels are other points: see `joints.py`.
    """
    bones = pose.place_mm[:, [rig.index(name) for name in _LANDMARKS]]
    head = rig.index("Head")
    turn, place = pose.turn[:, head], pose.place_mm[:, head]
    nose = place + turn @ (rig.nose_mm - rig.heads_mm[head])
    crown = place + turn @ (rig.crown_mm - rig.heads_mm[head])
    return np.concatenate([bones, ((nose + place) / 2)[:, None], crown[:, None]], axis=1)
