"""The labels that all cells of a group have in common."""

from __future__ import annotations

import numpy as np

from corruptbench.evaluation.scored import Labels


def labels(clips, frames):
    poses = np.zeros((len(clips), 3, 3))
    return Labels(poses, np.array(clips), np.array(frames), (0, 1, 2), ((0, 1),), (0, 2, 1), 0)


def test_a_run_ends_with_its_clip_and_before_a_missing_frame():
    """The next clip can begin with the number that would follow."""
    found = labels([0, 0, 0, 1, 1, 1], [0, 1, 3, 4, 5, 7])
    assert found.runs.tolist() == [0, 0, 1, 2, 2, 3]
    assert found.where(np.array([1, 0, 1, 1, 1, 1], bool)).runs.tolist() == [0, 1, 2, 2, 3]
