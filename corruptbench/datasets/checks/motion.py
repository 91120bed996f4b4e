"""Find labels that do not move as people do: jumps, gaps, stretches that stand still, lower rates.

All limits are our own choice. They were held against the 3D labels of the studio set (74 recordings
at 50 fps) and the 49 sequences of CMU motion capture (60 fps) that it was made from. The comments
give the largest value found there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corruptbench.datasets.checks.body import Problem, body_problems
from corruptbench.frame_runs import frames_in, runs
from corruptbench.progress import short_number
from corruptbench.skeleton import JointSet

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Largest acceleration of the first joint and of any joint, m/s2. Found: 104 and 700, and above
#: 3200 in three sequences whose capture has known faults.
ROOT_ACCELERATION, JOINT_ACCELERATION = 300.0, 1500.0
#: A frame may always be this far, mm, from where its neighbors say. With 20 mm of noise it is 100
#: to 130.
ODD_JUMP_MM = 150.0
#: A person that is this far, mm, from where both neighbors say is somebody else.
IMPOSSIBLE_JUMP_MM = 1000.0
#: Seconds in which no joint moves, or all move on straight lines at one speed. Found: 0.67.
FROZEN_S = 0.75
#: Steps on a straight line differ by no more than this share of the longest one, and are longer
#: than this, mm.
_SAME_STEP, _MOVES = 1e-3, 0.5
#: Labels are at a lower rate if more than this share of their steps is repeated or straight, in so
#: many runs or more, and if this share of the distances between the runs is equal. Found: 0.
LOWER_RATE, _TIMES, _REGULAR = 0.1, 4, 0.8
#: Fastest that a person goes over a gap in the labels, m/s, and how far anybody may be then, mm.
GAP_SPEED, GAP_MM = 25.0, 500.0


def label_problems(joints: Array, joint_set: JointSet, fps: float) -> list[Problem]:
    """Return what is wrong with the labels of a recording, bodies first.

    Args:
        joints: (F, J, 3) world mm; NaN where a label is not valid.
        joint_set: theirs.
        fps: labels per second.
    """
    found = list(body_problems(joints, joint_set))
    if any(problem.remedy for problem in found):
        return found  # in another unit, in which nothing else can be judged
    still, straight = _still_and_straight(joints)
    motion = (
        _jumps(joints, joint_set, fps), _gaps(joints, joint_set, fps),
        _frozen(still, straight, fps), _lower_rate(still, straight, fps),
    )  # fmt: skip
    return found + [problem for problem in motion if problem]


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


def _gaps(joints: Array, joint_set: JointSet, fps: float) -> Problem | None:
    """Compare the place of the person before and after each gap."""
    valid = np.flatnonzero(np.isfinite(joints[:, 0]).all(axis=1))
    frames = np.diff(valid)
    away = np.linalg.norm(np.diff(joints[valid, 0], axis=0), axis=-1)
    odd = (frames > 1) & (away > np.maximum(GAP_MM, GAP_SPEED * 1000 * frames / fps))
    if not odd.any():
        return None
    first = int(np.flatnonzero(odd)[0])
    return Problem(
        False,
        f"{joint_set.joints[0]} is {short_number(away[first] / 1000)} m away after the gap that "
        f"ends at frame {valid[first + 1]}",
        "one person, from one take",
    )


def _frozen(still: Mask, straight: Mask, fps: float) -> Problem | None:
    longest = max(runs(still), key=len, default=range(0))
    if len(longest) >= FROZEN_S * fps:
        first, last = longest[0], longest[-1] + 1
        return Problem(False, f"no joint moves from frame {first} to {last}", "labels that move")
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


def _lower_rate(still: Mask, straight: Mask, fps: float) -> Problem | None:
    """Find labels at a lower rate than the video, given again or interpolated on lines.

    Both make the same pattern again and again. People who stand still do not.
    """
    for mask, how in ((still, "repeat"), (straight, "lie on lines")):
        starts = np.array([run[0] for run in runs(mask)])
        if len(starts) < _TIMES or mask.mean() <= LOWER_RATE:
            continue
        gaps = np.diff(starts)
        if np.mean(np.abs(gaps - np.median(gaps)) <= 1) >= _REGULAR:
            return Problem(
                False,
                f"{mask.mean():.0%} of the labels {how}, every {np.median(gaps):g} frames: labels "
                f"at a lower rate than {fps:g} per second?",
                "labels at the rate of the video",
            )
    return None


def _still_and_straight(joints: Array) -> tuple[Mask, Mask]:
    """Return which steps (F - 1,) move no joint, and which (F - 2,) repeat the one before them."""
    steps = np.diff(joints.reshape(len(joints), joints[0:1].size), axis=0)
    size = np.abs(steps).max(axis=1, initial=0)
    change = np.abs(np.diff(steps, axis=0)).max(axis=1, initial=0)
    return size == 0, (change <= _SAME_STEP * size[1:]) & (size[1:] > _MOVES)
