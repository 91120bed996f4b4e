"""Find joints of labels whose left and right are exchanged, while those of others are right."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corruptbench.datasets.checks.plausibility import median
from corruptbench.skeleton import JointSet

Array = NDArray[np.float64]

#: Pairs of joints, and which pair each one is compared with. Hips come first.
CHAIN = {
    "knee": "hip", "ankle": "knee", "shoulder": "hip", "elbow": "shoulder", "wrist": "elbow",
}  # fmt: skip
#: A way to the joint of the other side that changes its length by less than this share of the
#: bone's own changes is the bone, if those are at least so many mm. Our own choice. On all studio
#: recordings bones change by less than 1 mm. With noise of 20 mm in each coordinate they change by
#: up to 120 mm, and the other ways by at least 0.8 of that. Drawn figures, whose arms grow and
#: shrink while they swing, have 0.6.
CALMER, CHANGE_MM = 0.4, 20.0
#: Changes are known from so many frames on: our own choice. Of pieces of studio recordings with
#: noise of 10 to 30 mm, 13 % of those of 3 frames look exchanged, and none of 9 or more.
FEWEST = 20


def exchanged_sides(joints: Array, joint_set: JointSet) -> list[str]:
    """Return the joints, such as "elbow", that lie on the other side than the hips do.

    Shoulders are compared with hips: no body turns them against each other in half of all frames.
    All other joints are compared with the next one on their limb: a bone keeps its length, and the
    way to the joint of the other side does not.

    Args:
        joints: (F, J, 3) world mm; NaN where a label is not valid.
        joint_set: theirs; nothing is found in one that lacks these joints.
    """
    at = {name: joint for joint, name in enumerate(joint_set.joints)}
    if any(f"{side}_{name}" not in at for name in ("hip", *CHAIN) for side in ("left", "right")):
        return []
    pairs = {name: joints[:, [at[f"left_{name}"], at[f"right_{name}"]]] for name in ("hip", *CHAIN)}
    other = {"hip": False}
    for name, base in CHAIN.items():
        test = _turned if name == "shoulder" else _crossed
        other[name] = other[base] != test(pairs[base], pairs[name])
    return [name for name, is_other in other.items() if is_other]


def _turned(hips: Array, shoulders: Array) -> bool:
    """Return whether shoulders (F, 2, 3) point against the hips in the median."""
    across = [pair[:, 0] - pair[:, 1] for pair in (hips, shoulders)]
    return median((across[0] * across[1]).sum(axis=-1)) < 0


def _crossed(base: Array, joint: Array) -> bool:
    """Return whether joints (F, 2, 3) lie at the end of the other one's limb."""
    own, across = (
        max(_change(base[:, i], joint[:, k]) for i, k in ends)
        for ends in (((0, 0), (1, 1)), ((0, 1), (1, 0)))
    )
    return own >= CHANGE_MM and across <= CALMER * own


def _change(a: Array, b: Array) -> float:
    """Return how much the distance of two joints changes in 90 % of the frames, mm; 0 for few."""
    lengths = np.linalg.norm(b - a, axis=-1)
    seen = lengths[np.isfinite(lengths)]
    return float(np.ptp(np.quantile(seen, (0.05, 0.95)))) if seen.size >= FEWEST else 0.0
