"""Find labels that are not those of a body: units, lengths of bones, order of joints.

All limits are our own choice. They were held against the 3D labels of the studio set (74 recordings
at 50 fps) and the 49 sequences of CMU motion capture (60 fps) that it was made from. The comments
give the largest value found there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corruptbench.datasets.checks.plausibility import THIGHS, likely, median, thighs
from corruptbench.datasets.checks.sides import CHAIN, exchanged_sides
from corruptbench.frame_runs import frames_in, listed_all
from corruptbench.progress import short_number
from corruptbench.skeleton import JointSet

Array = NDArray[np.float64]

#: Farthest that a joint can be from the first one, mm. Found: 1090 (a toe).
REACH_MM = 1600.0
#: A bone whose length differs from its median by this much, mm, is none. Triangulated labels have
#: standard deviations of 10 to 25 mm, and single outliers.
IMPOSSIBLE_BONE_MM = 300.0
#: A bone that differs by this much and by this share of its median is doubtful. Found: 0. Labels
#: with 20 mm of noise in each coordinate reach 100 to 130.
ODD_BONE_MM, ODD_BONE_SHARE = 150.0, 0.4
#: The same bone on the left and on the right may differ by this factor and by this
#: many mm more. Found: 1 and 0.
ODD_SIDES, ODD_SIDES_MM = 1.5, 40.0
#: Limits of a thigh, mm: of any person, children too, and beyond which the unit is another one.
_THIGH_MM, _OTHER_UNIT_MM = (150.0, 650.0), (100.0, 1500.0)
#: Lengths of limb bones as shares of the thigh. Found: shin 1.0, upper arm 0.63, forearm 0.56. In
#: Human3.6M they are 1.03, 0.63 and 0.57.
PROPORTIONS = {
    ("knee", "ankle"): (0.7, 1.4),
    ("shoulder", "elbow"): (0.4, 0.95),
    ("elbow", "wrist"): (0.35, 0.9),
}
#: A bone is longer than this, mm.
SHORTEST_MM = 5.0


class Problem(NamedTuple):
    """Something wrong with labels.

    Attributes:
        impossible: whether they cannot be right.
        found: in words.
        expected: likewise.
        remedy: where it is another one than to correct the labels.
    """

    impossible: bool
    found: str
    expected: str
    remedy: str = ""


def body_problems(joints: Array, joint_set: JointSet) -> Iterator[Problem]:
    """Yield what is wrong with the bodies of a recording.

    Nothing follows labels in another unit, because the other limits are in mm.

    Args:
        joints: (F, J, 3) world mm; NaN where a label is not valid.
        joint_set: theirs.
    """
    unit = _unit(joints, joint_set)
    if unit:
        yield unit
        if unit.impossible:
            return
    # Joints in another order come first: bones that change their length follow from it.
    for check in (_exchanged, _proportions, _sides, _reach, _bones):
        problem = check(joints, joint_set)
        if problem:
            yield problem


def _unit(joints: Array, joint_set: JointSet) -> Problem | None:
    if joint_set.name not in THIGHS:
        return None
    thigh, (low, high) = median(thighs(joints, joint_set.name)), _THIGH_MM
    if np.isnan(thigh) or low <= thigh <= high:
        return None
    expected = f"a thigh of {low:g} to {high:g} mm"
    if _OTHER_UNIT_MM[0] <= thigh <= _OTHER_UNIT_MM[1]:
        return Problem(False, f"a thigh of {short_number(thigh)}", expected)
    return Problem(
        True,
        f"a thigh of {short_number(thigh)}{likely(thigh)}",
        expected,
        "give labels and camera positions in mm",
    )


def _exchanged(joints: Array, joint_set: JointSet) -> Problem | None:
    names = exchanged_sides(joints, joint_set)
    if not names:
        return None
    return Problem(
        False,
        f"left and right of {listed_all(names)} are exchanged, beside those of "
        f"{listed_all([n for n in ('hip', *CHAIN) if n not in names])}",
        f"the joints in the order of {joint_set.name}",
        "correct the order of the joints in the labels",
    )


def _reach(joints: Array, joint_set: JointSet) -> Problem | None:
    away = np.linalg.norm(joints - joints[:, :1], axis=-1)
    far = np.asarray(away > REACH_MM)
    if not far.any():
        return None
    frame, joint = np.unravel_index(np.nanargmax(away), away.shape)
    return Problem(
        True,
        f"{joint_set.joints[joint]} is {short_number(away[frame, joint] / 1000)} m from "
        f"{joint_set.joints[0]} in frame {frame} ({frames_in(np.any(far, axis=1))})",
        f"at most {REACH_MM / 1000:g} m",
    )


def _bones(joints: Array, joint_set: JointSet) -> Problem | None:
    lengths = _lengths(joints, joint_set)
    usual = _medians(lengths)
    change = np.abs(lengths - usual)
    odd = change > np.maximum(ODD_BONE_MM, ODD_BONE_SHARE * usual)
    if not odd.any():
        return None
    frame, bone = np.unravel_index(np.nanargmax(change), change.shape)
    a, b = (joint_set.joints[j] for j in joint_set.bones[bone])
    return Problem(
        bool(change[frame, bone] > IMPOSSIBLE_BONE_MM),
        f"{a} and {b} are {lengths[frame, bone]:.0f} mm apart in frame {frame}, "
        f"{usual[bone]:.0f} mm in the median ({frames_in(np.any(odd, axis=1))})",
        "bones that keep their length",
    )


def _sides(joints: Array, joint_set: JointSet) -> Problem | None:
    """Compare bones with those of the other side: joints in another order differ."""
    usual = dict(zip(joint_set.bones, _medians(_lengths(joints, joint_set)), strict=True))
    mirror = joint_set.mirror
    pairs = (((a, b), (mirror[a], mirror[b])) for a, b in joint_set.bones if b in joint_set.left)
    for left, right in pairs:
        one, other = usual[left], usual[right]
        if max(one, other) > ODD_SIDES * min(one, other) + ODD_SIDES_MM:
            names = [" and ".join(joint_set.joints[j] for j in bone) for bone in (left, right)]
            return Problem(
                False,
                f"{names[0]} are {one:.0f} mm apart, {names[1]} {other:.0f} mm",
                f"equal sides, and the joints in the order of {joint_set.name}",
            )
    return None


def _proportions(joints: Array, joint_set: JointSet) -> Problem | None:
    """Compare limb bones with the thigh, and all bones with nothing."""
    usual = dict(zip(joint_set.bones, _medians(_lengths(joints, joint_set)), strict=True))
    at = {name: joint for joint, name in enumerate(joint_set.joints)}
    for (a, b), length in usual.items():
        if length < SHORTEST_MM:
            return _ill_proportioned(joint_set.joints[a], joint_set.joints[b], length, "apart")
    for side in ("left", "right") if "left_knee" in at else ():
        thigh = usual.get((at[f"{side}_hip"], at[f"{side}_knee"]), np.nan)
        for (upper, lower), (low, high) in PROPORTIONS.items():
            names = (f"{side}_{upper}", f"{side}_{lower}")
            length = usual.get((at[names[0]], at[names[1]]), np.nan)
            if not low <= length / thigh <= high and np.isfinite(length / thigh):
                limits = f"{low:g} to {high:g} thighs ({low * thigh:.0f} to {high * thigh:.0f} mm)"
                return _ill_proportioned(*names, length, limits)
    return None


def _ill_proportioned(a: str, b: str, length: float, limits: str) -> Problem:
    return Problem(
        False, f"{a} and {b} are {length:.0f} mm apart (joints in another order?)", limits
    )


def _lengths(joints: Array, joint_set: JointSet) -> Array:
    """Return the lengths (F, bones), mm."""
    a, b = np.array(joint_set.bones).T
    return np.asarray(np.linalg.norm(joints[:, b] - joints[:, a], axis=-1))


def _medians(lengths: Array) -> Array:
    return np.array([median(column) for column in lengths.T])
