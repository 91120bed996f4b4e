"""Putting a captured motion onto a person of another build.

Only rotations are transferred, so bones keep their lengths; the path of the hips is scaled by the
ratio of leg lengths.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from .rig import Pose, Rig
from .skeleton import Motion, forward_kinematics

TO_WORLD = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
"""From the capture's axes (y up, rest pose faces +z) to ours (z up, rest pose faces -y)."""

_LEG = (("UpLeg", "Leg", "Leg"), ("Leg", "Foot", "Foot"))
_ARM = (
    ("Arm", "ForeArm", "ForeArm"),
    ("ForeArm", "Hand", "Hand"),
    ("Hand", "FingerBase", "HandIndex1"),
)
"""Per limb bone: its name, then the joint at its far end in our rig and in the capture."""
_SPINE = ("Hips", "LowerBack", "Spine", "Spine1", "Neck", "Neck1", "Head")
_STILL_MM_S = 250.0
_LARGEST_SOLE_TURN = np.radians(14.0)
_CLAVICLE_SHARE = 0.2
_CLAVICLE_FROM = np.radians(35.0)


def retarget(motion: Motion, rig: Rig) -> Pose:
    """Pose of `rig` that follows `motion`; world axes, height above the floor not yet settled."""
    place, turn = forward_kinematics(motion)
    skeleton = motion.skeleton
    world_turn = TO_WORLD @ turn @ TO_WORLD.T
    rest = skeleton.offsets_mm @ TO_WORLD.T
    source = {name: index for index, name in enumerate(skeleton.names)}

    turns: dict[str, np.ndarray] = {bone: world_turn[:, source[bone]] for bone in _SPINE}
    for side in ("Left", "Right"):
        letter = side[0]
        turns[f"{letter}HipJoint"] = turns["Hips"]
        for limb in (_LEG, _ARM):
            align = np.eye(3)
            for bone, end, source_end in limb:
                target = rest[source[side + source_end]]
                align = _aligned(rig, side + bone, side + end, target, align)
                turns[side + bone] = world_turn[:, source[side + bone]] @ align
        turns.update(_foot_turns(motion, rig, side, place, world_turn))
        for finger in (f"{side}FingerBase", f"{side}HandFinger1", f"{letter}Thumb"):
            turns[finger] = turns[f"{side}Hand"]
        clavicle = world_turn[:, source[f"{side}Shoulder"]]
        arm = turns[f"{side}Arm"] @ _bone_direction(rig, f"{side}Arm", f"{side}ForeArm")
        turns[f"{side}Shoulder"] = _lifted(clavicle, arm, side)

    scale = rig.leg_mm() / _source_leg_mm(motion)
    middle = (place[:, source["LeftUpLeg"]] + place[:, source["RightUpLeg"]]) / 2
    return _chain(rig, turns, middle @ TO_WORLD.T * scale)


def _chain(rig: Rig, turns: dict[str, np.ndarray], hip_middle_mm: np.ndarray) -> Pose:
    """Bone positions from rotations, with the middle of the hip joints at `hip_middle_mm`."""
    turn = np.stack([turns[name] for name in rig.names], axis=1)
    place = np.zeros((*turn.shape[:2], 3))
    for bone, parent in enumerate(rig.parents):
        if parent >= 0:
            offset = rig.heads_mm[bone] - rig.heads_mm[parent]
            place[:, bone] = place[:, parent] + turn[:, parent] @ offset
    hips = (place[:, rig.index("LeftUpLeg")] + place[:, rig.index("RightUpLeg")]) / 2
    return Pose(turn, place + (hip_middle_mm - hips)[:, None])


def _source_leg_mm(motion: Motion) -> float:
    skeleton = motion.skeleton
    ends = [skeleton.index(name) for name in ("LeftLeg", "LeftFoot")]
    return float(np.linalg.norm(skeleton.offsets_mm[ends], axis=1).sum())


def _bone_direction(rig: Rig, bone: str, end: str) -> np.ndarray:
    vector = rig.heads_mm[rig.index(end)] - rig.heads_mm[rig.index(bone)]
    return vector / np.linalg.norm(vector)


def _aligned(rig: Rig, bone: str, end: str, target: np.ndarray, parent: np.ndarray) -> np.ndarray:
    """Turn our rest bone into the capture's rest direction, starting from its parent's turn."""
    return _shortest_turn(parent @ _bone_direction(rig, bone, end), target) @ parent


def _shortest_turn(start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Smallest rotation matrix that takes the direction `start` to `stop`."""
    start, stop = start / np.linalg.norm(start), stop / np.linalg.norm(stop)
    axis = np.cross(start, stop)
    sine = np.linalg.norm(axis)
    if sine < 1e-9:
        return np.eye(3)
    return Rotation.from_rotvec(axis / sine * np.arctan2(sine, start @ stop)).as_matrix()


def _foot_turns(
    motion: Motion, rig: Rig, side: str, place: np.ndarray, world_turn: np.ndarray
) -> dict[str, np.ndarray]:
    """World turns of foot and toes, such that the sole lies flat when the captured foot stands."""
    source = motion.skeleton.index
    foot, toe = source(f"{side}Foot"), source(f"{side}ToeBase")
    forward = TO_WORLD @ motion.skeleton.offsets_mm[toe]
    up = np.array([0.0, 0.0, 1.0])

    speed = np.linalg.norm(np.gradient(place[:, [foot, toe]], axis=0), axis=-1).max(1)
    still = speed * motion.rate_hz < _STILL_MM_S
    still &= place[:, foot, 1] < np.percentile(place[:, foot, 1], 10) + 60.0
    if still.sum() >= 5:
        measured = np.median(world_turn[still, foot].transpose(0, 2, 1)[..., 2], axis=0)
        turn = Rotation.from_matrix(_shortest_turn(up, measured)).as_rotvec()
        angle = np.linalg.norm(turn)
        turn *= min(1.0, _LARGEST_SOLE_TURN / max(angle, 1e-9))
        up = Rotation.from_rotvec(turn).apply(up)

    ours = _bone_direction(rig, f"{side}Foot", f"{side}ToeBase")
    align = _frame(forward, up) @ _frame(ours, np.array([0.0, 0.0, 1.0])).T
    return {
        f"{side}Foot": world_turn[:, foot] @ align,
        f"{side}ToeBase": world_turn[:, toe] @ align,
    }


def _frame(forward: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Orthonormal matrix with columns (forward made square to up, up, side)."""
    up = up / np.linalg.norm(up)
    forward = forward - (forward @ up) * up
    forward /= np.linalg.norm(forward)
    return np.stack([forward, up, np.cross(forward, up)], axis=1)


def _lifted(clavicle: np.ndarray, arm: np.ndarray, side: str) -> np.ndarray:
    """Raise the collar bone by a share of the arm's elevation, as shoulders do; (T, 3, 3)."""
    across = clavicle @ np.array([1.0 if side == "Left" else -1.0, 0.0, 0.0])
    up = clavicle @ np.array([0.0, 0.0, 1.0])
    height = np.einsum("ti,ti->t", arm, up)
    elevation = np.arctan2(height, np.linalg.norm(arm - height[:, None] * up, axis=1))
    angle = _CLAVICLE_SHARE * np.maximum(elevation + np.pi / 2 - _CLAVICLE_FROM, 0.0)
    axis = np.cross(across, up)
    return Rotation.from_rotvec(axis * angle[:, None]).as_matrix() @ clavicle
