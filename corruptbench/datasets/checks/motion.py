"""Find frames of 3D labels that no body can have, or that real motion does not have.

All limits are our own choice. They were held against the 3D labels of the studio set (74 recordings
at 50 fps) and the 49 sequences of CMU motion capture (60 fps) that it was made from. The comments
give the largest value found there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from corruptbench.datasets.checks.plausibility import THIGH_MM, THIGHS, likely, median, thighs
from corruptbench.skeleton import JointSet

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Farthest that a joint can be from the first one, mm. Found: 1090 (a toe).
REACH_MM = 1600.0
#: A bone whose length differs from its median by this much, mm, is none. Triangulated labels have
#: standard deviations of 10 to 25 mm, and single outliers.
IMPOSSIBLE_BONE_MM = 300.0
#: A bone that differs by this much and by this share of its median is doubtful. Found: 0. Labels
#: with 20 mm of noise in each coordinate reach 100.
ODD_BONE_MM, ODD_BONE_SHARE = 120.0, 0.4
#: The same bone on the left and on the right may differ by this factor and by this
#: many mm more. Found: 1 and 0.
ODD_SIDES, ODD_SIDES_MM = 1.5, 40.0
#: Largest acceleration of the first joint and of any joint, m/s2. Found: 104 and 700, and above
#: 3200 in three sequences whose capture has known faults.
ROOT_ACCELERATION, JOINT_ACCELERATION = 300.0, 1500.0
#: A frame may always be this far, mm, from where its neighbors say. With 20 mm of noise it is 100.
ODD_JUMP_MM = 120.0
#: A person that is this far, mm, from where both neighbors say is somebody else.
IMPOSSIBLE_JUMP_MM = 1000.0
#: Seconds in which no joint moves, or all move on straight lines at one speed. Found: 0.67.
FROZEN_S = 0.75
#: Steps on a straight line differ by no more than this share of the longest one, and are longer
#: than this, mm.
_STRAIGHT, _MOVES = 1e-3, 0.5
#: Share of frames that may repeat the frame before them while those around them move. Found: 0.
REPEATED = 0.1
#: At most so many repetitions of a label one after the other are those of a lower rate.
_IN_A_ROW = 4
#: A thigh outside of these lengths, mm, is in another unit.
_OTHER_UNIT_MM = (100.0, 1500.0)


class Problem(NamedTuple):
    """Something wrong with labels: whether they cannot be right, what was found, what expected."""

    impossible: bool
    found: str
    expected: str


def motion_problems(joints: Array, joint_set: JointSet, fps: float) -> Iterator[Problem]:
    """Yield what is wrong with the labels of a recording.

    Args:
        joints: (F, J, 3) world mm; NaN where a label is not valid.
        joint_set: theirs.
        fps: labels per second.
    """
    unit = _unit(joints, joint_set)
    if unit:
        yield unit
        if unit.impossible:
            return  # all limits below are in mm
    for problem in (
        _reach(joints, joint_set), _bones(joints, joint_set), _sides(joints, joint_set),
        _jumps(joints, joint_set, fps), _frozen(joints, fps), _repeated(joints, fps),
    ):  # fmt: skip
        if problem:
            yield problem


def _unit(joints: Array, joint_set: JointSet) -> Problem | None:
    if joint_set.name not in THIGHS:
        return None
    thigh, (low, high) = median(thighs(joints, joint_set.name)), THIGH_MM
    if np.isnan(thigh) or low <= thigh <= high:
        return None
    impossible = not _OTHER_UNIT_MM[0] <= thigh <= _OTHER_UNIT_MM[1]
    guess = likely(thigh) if impossible else ""
    return Problem(
        impossible, f"a thigh of {thigh:.3g}{guess}", f"a thigh of {low:g} to {high:g} mm"
    )


def _reach(joints: Array, joint_set: JointSet) -> Problem | None:
    away = np.linalg.norm(joints - joints[:, :1], axis=-1)
    far = np.asarray(away > REACH_MM)
    if not far.any():
        return None
    frame, joint = np.unravel_index(np.nanargmax(away), away.shape)
    return Problem(
        True,
        f"{joint_set.joints[joint]} is {away[frame, joint] / 1000:.3g} m from "
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


def _jumps(joints: Array, joint_set: JointSet, fps: float) -> Problem | None:
    """Compare each frame with the middle of its two neighbors."""
    if len(joints) < 3:
        return None
    away = np.linalg.norm(joints[1:-1] - (joints[2:] + joints[:-2]) / 2, axis=-1)
    half = 1000 / (2 * fps**2)  # mm from the middle at 1 m/s2
    limits = np.full(len(joint_set), max(ODD_JUMP_MM, JOINT_ACCELERATION * half))
    limits[0] = max(ODD_JUMP_MM, ROOT_ACCELERATION * half)
    odd = away > limits
    if not odd.any():
        return None
    frame, joint = np.unravel_index(np.nanargmax(away / limits), away.shape)
    return Problem(
        bool(np.nanmax(away[:, 0]) > max(IMPOSSIBLE_JUMP_MM, 2 * limits[0])),
        f"{joint_set.joints[joint]} jumps: in frame {frame + 1} it is {away[frame, joint]:.0f} mm "
        f"from the middle of the frames beside it ({frames_in(np.any(odd, axis=1), 1)})",
        f"at most {limits[joint]:.0f} mm at {fps:g} fps",
    )


def _frozen(joints: Array, fps: float) -> Problem | None:
    steps = np.diff(joints, axis=0)
    size = np.abs(steps).max(axis=(1, 2), initial=0)
    still = size == 0
    longest = max(runs(still), key=len, default=range(0))
    if len(longest) >= FROZEN_S * fps:
        first, last = longest[0], longest[-1] + 1
        return Problem(False, f"no joint moves from frame {first} to {last}", "labels that move")
    change = np.abs(np.diff(steps, axis=0)).max(axis=(1, 2), initial=0)
    straight = (change <= _STRAIGHT * size[1:]) & (size[1:] > _MOVES)
    longest = max(runs(straight), key=len, default=range(0))
    if len(longest) < FROZEN_S * fps:
        return None
    first, last = longest[0], longest[-1] + 2
    return Problem(
        False,
        f"from frame {first} to {last} all joints move on straight lines at one speed (a gap that "
        "was filled?)",
        "labels, or NaN where there are none",
    )


def _repeated(joints: Array, fps: float) -> Problem | None:
    """Find single labels that were given twice: labels at a lower rate than the video."""
    still = np.abs(np.diff(joints, axis=0)).max(axis=(1, 2), initial=0) == 0
    short = sum(len(run) for run in runs(still) if len(run) <= _IN_A_ROW)
    share = short / max(len(still), 1)
    if share <= REPEATED:
        return None
    return Problem(
        False,
        f"{share:.0%} of the labels are the one before again: labels at {fps * (1 - share):.3g} "
        f"per second?",
        f"{fps:g} labels per second, as the video",
    )


def _lengths(joints: Array, joint_set: JointSet) -> Array:
    """Return the lengths (F, bones), mm."""
    a, b = np.array(joint_set.bones).T
    return np.asarray(np.linalg.norm(joints[:, b] - joints[:, a], axis=-1))


def _medians(lengths: Array) -> Array:
    return np.array([median(column) for column in lengths.T])


def runs(mask: Mask) -> list[range]:
    """Return the stretches of successive true values."""
    found = np.flatnonzero(mask)
    parts = np.split(found, np.flatnonzero(np.diff(found) > 1) + 1)
    return [range(int(p[0]), int(p[-1]) + 1) for p in parts if p.size]


def frames_in(mask: Mask, first: int = 0) -> str:
    """Return which frames are meant, such as "3 frames: 4-5, 90"."""
    stretches = [(r[0] + first, r[-1] + first) for r in runs(mask)]
    names = [f"{a}" if a == b else f"{a}-{b}" for a, b in stretches[:3]]
    count = int(mask.sum())
    more = ", ..." if len(stretches) > 3 else ""
    return f"{count} frame{'s' * (count > 1)}: {', '.join(names)}{more}"
