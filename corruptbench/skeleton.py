"""Joint sets and the conversions between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from corruptbench.errors import InputError


@dataclass(frozen=True)
class JointSet:
    """Names and structure of a set of J joints.

    Attributes:
        name: name of the set.
        joints: J names, in order.
        bones: pairs of joint indices, to draw.
        left: indices of the left joints.
        right: indices of the right joints, in the same order.
    """

    name: str
    joints: tuple[str, ...]
    bones: tuple[tuple[int, int], ...]
    left: tuple[int, ...]
    right: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.joints)

    @property
    def mirror(self) -> list[int]:
        """Indices that exchange left and right."""
        pairs = dict(zip(self.left + self.right, self.right + self.left, strict=True))
        return [pairs.get(joint, joint) for joint in range(len(self))]


_H36M_PARENTS = (-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15)

H36M17 = JointSet(
    name="h36m17",
    joints=(
        "hip", "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle",
        "spine", "thorax", "neck_nose", "head", "left_shoulder", "left_elbow", "left_wrist",
        "right_shoulder", "right_elbow", "right_wrist",
    ),
    bones=tuple((p, j) for j, p in enumerate(_H36M_PARENTS) if p >= 0),
    left=(4, 5, 6, 11, 12, 13),
    right=(1, 2, 3, 14, 15, 16),
)  # fmt: skip

COCO17 = JointSet(
    name="coco17",
    joints=(
        "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder",
        "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip",
        "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
    ),
    bones=(
        (0, 1), (0, 2), (1, 3), (2, 4), (5, 6), (5, 7), (7, 9), (6, 8), (8, 10), (5, 11),
        (6, 12), (11, 12), (11, 13), (13, 15), (12, 14), (14, 16),
    ),
    left=(1, 3, 5, 7, 9, 11, 13, 15),
    right=(2, 4, 6, 8, 10, 12, 14, 16),
)  # fmt: skip

_HUMANEVA_PARENTS = (-1, 0, 1, 2, 3, 1, 5, 6, 0, 8, 9, 0, 11, 12, 1)

#: HumanEva's 20 virtual points merged to 15 as VideoPose3D does (Pavllo et al., CVPR 2019): the
#: thorax lies midway between the upper end of the torso and the lower end of the head; the joint
#: "head" is the upper end of the head.
HUMANEVA15 = JointSet(
    name="humaneva15",
    joints=(
        "pelvis", "thorax", "left_shoulder", "left_elbow", "left_wrist", "right_shoulder",
        "right_elbow", "right_wrist", "left_hip", "left_knee", "left_ankle", "right_hip",
        "right_knee", "right_ankle", "head",
    ),
    bones=tuple((p, j) for j, p in enumerate(_HUMANEVA_PARENTS) if p >= 0),
    left=(2, 3, 4, 8, 9, 10),
    right=(5, 6, 7, 11, 12, 13),
)  # fmt: skip

JOINT_SETS = {s.name: s for s in (H36M17, COCO17, HUMANEVA15)}

#: The sets that a lifter may give, so that labels in them can be scored.
ScoredJoints = Literal["h36m17", "humaneva15"]
SCORED: tuple[str, ...] = get_args(ScoredJoints)

#: The joints that are the same point of the body in COCO17 and H36M17: shoulders, elbows, wrists,
#: hips, knees, ankles; as (COCO17 index, H36M17 index).
LIMB_JOINTS = (
    (5, 11), (6, 14), (7, 12), (8, 15), (9, 13), (10, 16),
    (11, 4), (12, 1), (13, 5), (14, 2), (15, 6), (16, 3),
)  # fmt: skip


def limb_joints(name: str) -> list[int]:
    """Return the indices of the 12 joints of `LIMB_JOINTS` in the set of this name, in order."""
    joints = joint_set(name).joints
    return [joints.index(COCO17.joints[source]) for source, _ in LIMB_JOINTS]


def joint_set(name: str) -> JointSet:
    """Return the joint set of this name.

    Raises:
        InputError: there is none; lists the known sets.
    """
    if name not in JOINT_SETS:
        raise InputError(f"unknown joint set '{name:.80}': expected one of {', '.join(JOINT_SETS)}")
    return JOINT_SETS[name]


def scored_joints(name: str) -> str:
    """Return the name of a joint set that can be scored.

    Raises:
        InputError: there is no such set, or no lifter may give it.
    """
    known = " or ".join(SCORED)
    if name not in JOINT_SETS:
        raise InputError(f"unknown joint set '{name:.80}': expected {known}")
    if name not in SCORED:
        raise InputError(
            f"no lifter gives {name}, so that nothing can be scored against it: expected {known} "
            f"(corruptbench.skeleton.convert makes them from {name})"
        )
    return name


#: Keypoints (..., K, 2 or 3) and scores (..., K).
_Points = tuple[NDArray[np.float64], NDArray[np.float64]]

#: For each joint of H36M17 the two COCO17 joints whose midpoint it is; the spine is set below.
_H36M17_OF_COCO17 = (
    (11, 12), (12, 12), (14, 14), (16, 16), (11, 11), (13, 13), (15, 15), (5, 11), (5, 6),
    (0, 0), (1, 2), (5, 5), (7, 7), (9, 9), (6, 6), (8, 8), (10, 10),
)  # fmt: skip

#: The same for HUMANEVA15. COCO has no top of the head: we use the midpoint of the eyes, as for
#: Human3.6M's head above.
_HUMANEVA15_OF_COCO17 = (
    (11, 12), (5, 6), (5, 5), (7, 7), (9, 9), (6, 6), (8, 8), (10, 10),
    (11, 11), (13, 13), (15, 15), (12, 12), (14, 14), (16, 16), (1, 2),
)  # fmt: skip


def _midpoints(
    keypoints: NDArray[np.float64], scores: NDArray[np.float64], pairs: Sequence[tuple[int, int]]
) -> _Points:
    """Compute the midpoints of pairs of joints; a score is the lower one of the two."""
    a, b = np.transpose(pairs)
    points = (keypoints.take(a, axis=-2) + keypoints.take(b, axis=-2)) / 2
    return points, np.minimum(scores.take(a, axis=-1), scores.take(b, axis=-1))


def _coco17_to_h36m17(keypoints: NDArray[np.float64], scores: NDArray[np.float64]) -> _Points:
    points, confidence = _midpoints(keypoints, scores, _H36M17_OF_COCO17)
    # The spine is midway between hip and thorax, as in the conversion of mmpose.
    spine, spine_score = _midpoints(points, confidence, [(0, 8)])
    points[..., 7:8, :], confidence[..., 7:8] = spine, spine_score
    return points, confidence


#: For each joint of HUMANEVA15 the closest H36M17 joint, to train on H36M17 labels. The two sets
#: define pelvis, thorax and head differently: the choice for these is ours.
_HUMANEVA15_OF_H36M17 = (0, 8, 11, 12, 13, 14, 15, 16, 4, 5, 6, 1, 2, 3, 10)

_CONVERSIONS: dict[tuple[str, str], Callable[..., _Points]] = {
    ("coco17", "h36m17"): _coco17_to_h36m17,
    ("coco17", "humaneva15"): partial(_midpoints, pairs=_HUMANEVA15_OF_COCO17),
    ("h36m17", "humaneva15"): partial(_midpoints, pairs=[(j, j) for j in _HUMANEVA15_OF_H36M17]),
}


def convert(
    keypoints: NDArray[np.float64], scores: NDArray[np.float64], source: str, target: str
) -> _Points:
    """Convert keypoints (..., K, 2 or 3) and scores (..., K), float64, to another joint set.

    Raises:
        InputError: there is no conversion between the two sets; lists the known ones.
    """
    if source == target:
        return keypoints, scores
    if (source, target) not in _CONVERSIONS:
        known = ", ".join(f"{a} -> {b}" for a, b in _CONVERSIONS)
        raise InputError(f"no conversion from {source} to {target}: expected one of {known}")
    return _CONVERSIONS[source, target](keypoints, scores)
