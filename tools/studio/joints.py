"""The labels: 17 joints with the bones of Human3.6M, laid onto the rendered body.

Each joint has a *target*, a point that one bone of the rig carries along. A person's own bones do
not have Human3.6M's proportions, so a label is not its target: in each frame all joints are moved,
by as little as it takes to give each bone its length. The lengths are Human3.6M's, times one scale
for each person.
"""

from __future__ import annotations

import numpy as np

from .rig import Pose, Rig

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

PARENTS = (-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15)

THIGH_MM = 443.0
_LEG_MM = (133.0, THIGH_MM, 443.0)
_ARM_MM = (152.0, 277.0, 248.0)
BONES_MM = np.array([0.0, *_LEG_MM, *_LEG_MM, 236.0, 255.0, 116.0, 115.0, *_ARM_MM, *_ARM_MM])
"""(17,) length of the bone that ends in each joint: Human3.6M's, for a thigh of `THIGH_MM`."""

# Our own choice, in mm for a thigh of THIGH_MM; x left, y back, z up in the rest pose. With these,
# what a COCO detector finds lies beside the labels as it does in real frames.
_HIP_RISE_MM = 56.0
_SPINE_BACK_MM = 20.0
_NECK_MM = np.array([0.0, -64.0, -22.0])
_HEAD_MM = np.array([0.0, 0.0, 56.0])
_SHOULDER_MM = np.array([-25.0, 0.0, 30.0])

_STEPS = 12


def scale(rig: Rig) -> float:
    """Return a person's size: the label's thigh is this many times `THIGH_MM`.

    The labeled leg, thigh and shank, is the drawn leg and the rise of the hip.
    """
    return rig.leg_mm() / (2 * THIGH_MM - _HIP_RISE_MM)


def rest_targets(rig: Rig) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the bone that carries each joint's target, and the targets (17, 3) mm at rest."""
    size = scale(rig)
    found: dict[str, tuple[str, np.ndarray]] = {}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        found.update(_limbs(rig, side.capitalize(), side, np.array([sign, 1.0, 1.0]), size))
    hip = (found["left_hip"][1] + found["right_hip"][1]) / 2
    thorax = rig.head_mm("Neck")
    share = BONES_MM[7] / (BONES_MM[7] + BONES_MM[8])
    spine = hip + share * (thorax - hip) + np.array([0.0, size * _SPINE_BACK_MM, 0.0])
    found["hip"] = ("Hips", hip)
    found["spine"] = ("Spine", spine)
    found["thorax"] = ("Spine1", thorax)
    found["neck"] = ("Head", rig.head_mm("Head") + size * _NECK_MM)
    found["head"] = ("Head", rig.head_mm("Head") + size * _HEAD_MM)
    bones, points = zip(*(found[name] for name in JOINT_NAMES), strict=True)
    return bones, np.array(points)


def _limbs(
    rig: Rig, bone: str, side: str, mirror: np.ndarray, size: float
) -> dict[str, tuple[str, np.ndarray]]:
    """Return carrier and rest target of each joint of one arm and leg."""
    hip, knee, ankle, arm, elbow, wrist = (
        rig.head_mm(bone + name) for name in ("UpLeg", "Leg", "Foot", "Arm", "ForeArm", "Hand")
    )
    rise = size * _HIP_RISE_MM
    shank = np.linalg.norm(knee - ankle)
    to_middle = (shank - rise - np.linalg.norm(hip - knee)) / 2
    return {
        f"{side}_hip": ("Hips", hip + np.array([0.0, 0.0, rise])),
        f"{side}_knee": (f"{bone}Leg", knee + to_middle * (ankle - knee) / shank),
        f"{side}_ankle": (f"{bone}Foot", ankle),
        f"{side}_shoulder": (f"{bone}Shoulder", arm + size * mirror * _SHOULDER_MM),
        f"{side}_elbow": (f"{bone}ForeArm", elbow),
        f"{side}_wrist": (f"{bone}Hand", wrist),
    }


def targets(rig: Rig, pose: Pose) -> np.ndarray:
    """Return where the bones carry the joints' targets, (T, 17, 3) world mm."""
    bones, points = rest_targets(rig)
    carrier = [rig.index(bone) for bone in bones]
    offset = points - rig.heads_mm[carrier]
    return pose.place_mm[:, carrier] + np.einsum("tjab,jb->tja", pose.turn[:, carrier], offset)


def h36m_joints(rig: Rig, pose: Pose) -> np.ndarray:
    """Return the 17 joints, (T, 17, 3) world mm; every bone has one length in all frames."""
    return with_lengths(targets(rig, pose), scale(rig) * BONES_MM)


def with_lengths(points: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Move joints (T, 17, 3) a little, so that the bones get `lengths` (17,).

    Newton's method on the lengths. Each step is the smallest one that solves the linear equations.
    The hip is no variable: it is the middle of the left and the right hip.
    """
    free = np.delete(np.eye(17), 0, axis=1)
    free[0, [0, 3]] = 0.5
    ends = np.delete(np.arange(17), [0, 4])
    across = free[ends] - free[np.array(PARENTS)[ends]]
    points = points[:, 1:]
    for _ in range(_STEPS):
        bones = np.einsum("bj,tja->tba", across, points)
        found = np.linalg.norm(bones, axis=-1)
        unit = bones / found[..., None]
        gram = (across @ across.T) * (unit @ unit.swapaxes(1, 2))
        pull = np.linalg.solve(gram, (found - lengths[ends])[..., None])
        points = points - np.einsum("bj,tba->tja", across, pull * unit)
    return np.einsum("kj,tja->tka", free, points)
