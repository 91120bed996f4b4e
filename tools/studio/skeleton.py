"""A motion-capture skeleton, a motion on it, and its forward kinematics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation


@dataclass(frozen=True)
class Skeleton:
    """Joint tree in the rest pose.

    `offsets_mm` is (J, 3): each joint relative to its parent, y up, the person faces +z and the
    person's left is at +x. Parents come before their children; the root has the parent -1.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets_mm: np.ndarray

    def index(self, name: str) -> int:
        """Index of the joint called `name`."""
        return self.names.index(name)


@dataclass(frozen=True)
class Motion:
    """Joint rotations over time.

    `root_mm` is (T, 3), y up; `rotvec` is (T, J, 3), each joint relative to its parent, radians;
    `valid` is (T,) bool and False where the capture is damaged and could not be repaired.
    """

    skeleton: Skeleton
    rate_hz: float
    root_mm: np.ndarray
    rotvec: np.ndarray
    valid: np.ndarray

    @property
    def frames(self) -> int:
        """Number of time frames."""
        return len(self.root_mm)


def forward_kinematics(motion: Motion) -> tuple[np.ndarray, np.ndarray]:
    """Joint positions (T, J, 3) in mm and global joint rotations (T, J, 3, 3), y up."""
    skeleton = motion.skeleton
    frames, joints = motion.rotvec.shape[:2]
    local = Rotation.from_rotvec(motion.rotvec.reshape(-1, 3)).as_matrix()
    local = local.reshape(frames, joints, 3, 3)
    turn = np.empty_like(local)
    place = np.empty((frames, joints, 3))
    for joint, parent in enumerate(skeleton.parents):
        if parent < 0:
            turn[:, joint] = local[:, joint]
            place[:, joint] = motion.root_mm
        else:
            turn[:, joint] = turn[:, parent] @ local[:, joint]
            place[:, joint] = place[:, parent] + turn[:, parent] @ skeleton.offsets_mm[joint]
    return place, turn
