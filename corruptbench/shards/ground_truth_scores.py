"""Meaning of scores where the keypoints are projected labels and not detections."""

from __future__ import annotations

import re

#: Family of the names of such keypoints.
FAMILY = "ground-truth"
#: Of labels as they are.
PROJECTED = "1 for every projected label: ground truth, not a detection"
_REPLAYED = re.compile(rf"{FAMILY}:noise of (?P<detector>.+) \(replay [0-9]+\)")


def replayed(detector: str) -> str:
    """Return what the scores of labels with the noise of a detector mean."""
    return (
        "ground truth with replayed noise: the factor by which corruption changed a score of "
        f"{detector}, at most 1"
    )


def ground_truth_meaning(name: str) -> str | None:
    """Return what the scores of such keypoints mean, by their name; None for other names."""
    if name == f"{FAMILY}:projected":
        return PROJECTED
    found = _REPLAYED.fullmatch(name)
    return replayed(found["detector"]) if found else None
