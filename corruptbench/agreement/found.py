"""The detections of a clip that labels are compared with: the limb joints, where they were seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corruptbench.skeleton import convert, limb_joints

Array = NDArray[np.float64]

#: A person is upright in the picture if hips to shoulders point upwards within this angle, degrees.
#: Detectors are unreliable on others: on a sound camera that hangs upside down, errors are 0.11,
#: less with the sides exchanged. Our own choice: people who bend stay in, a camera rolled by 90
#: degrees does not.
UPRIGHT = 60.0
#: In the order of `skeleton.LIMB_JOINTS`.
_SHOULDERS, _HIPS = [0, 1], [6, 7]


@dataclass(frozen=True)
class Found:
    """Detections of the 12 limb joints in n frames of a clip; see `found_limbs`.

    Attributes:
        frames: (n,) int, indices into the labels.
        points: (n, 12, 2) px.
        weights: (n, 12), 1 on average in each frame.
        heights: (n,) px, of the person's box.
    """

    frames: NDArray[np.intp]
    points: Array
    weights: Array
    heights: Array

    def __len__(self) -> int:
        return len(self.frames)

    def thinned(self, most: int) -> Found:
        """Return at most this many of the frames, evenly spread."""
        if len(self) <= most:
            return self
        kept = np.linspace(0, len(self) - 1, most).round().astype(int)
        return self.at(kept)

    def at(self, kept: NDArray[np.intp] | NDArray[np.bool_]) -> Found:
        """Return the frames that an index or a mask selects."""
        return Found(self.frames[kept], self.points[kept], self.weights[kept], self.heights[kept])


def found_limbs(
    frames: NDArray[np.intp],
    keypoints: Array,
    scores: Array,
    layout: str,
    joints: str,
    heights: Array,
) -> Found:
    """Return the limb joints of detections, without frames in which nobody was detected.

    Args:
        frames: (n,) indices into the labels.
        keypoints: (n, K, 2) px; NaN where the detector did not look.
        scores: (n, K), at least 0; only their ratios count.
        layout: joint set of the keypoints.
        joints: joint set of the labels.
        heights: (n,) px, of the person's box; NaN where there is nobody.

    Raises:
        InputError: the layout cannot be converted to the joint set.
    """
    points, weights = convert(keypoints, scores, layout, joints)
    limbs = limb_joints(joints)
    points, weights = points[:, limbs], weights[:, limbs]
    total = weights.mean(axis=1)
    seen = np.isfinite(points).all(axis=(1, 2)) & (total > 0) & (heights > 0)
    weights = weights / np.where(total > 0, total, 1)[:, None]
    return Found(frames, points, weights, heights).at(seen)


def with_labels(found: Found, labels: Array) -> Found:
    """Return the frames that have labels of all joints, (F, 12, 2) px."""
    inside = found.at(found.frames < len(labels))
    return inside.at(np.asarray(np.isfinite(labels[inside.frames]).all(axis=(1, 2))))


def with_upright(found: Found, labels: Array) -> Found:
    """Return the frames in which the labels (F, 12, 2) px show the person upright in the picture.

    Every frame has labels, see `with_labels`.
    """
    given = labels[found.frames]
    right, down = (given[:, _SHOULDERS].mean(axis=1) - given[:, _HIPS].mean(axis=1)).T
    return found.at(-down >= np.cos(np.radians(UPRIGHT)) * np.hypot(right, down))
