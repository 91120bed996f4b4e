"""The study of what a detector costs a lifter: which keypoints it replaces."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.detector_study import Rule, replaced
from corruptbench.keypoint_evaluation.oks import JOINTS
from corruptbench.manifest import CLEAN, Cell
from corruptbench.skeleton import COCO17, H36M17


@pytest.mark.parametrize("rule", [Rule(0.5), Rule(0), Rule(math.inf), Rule(0.5, "clean")], ids=str)
def test_far_limb_joints_are_replaced(rule, drawn_shards):
    clip, (clean, found) = next(drawn_shards.clips([CLEAN, Cell("erase", 3)]))
    new, chosen = replaced(clip, found, clean, "coco17", rule)
    expected = found.keypoints.copy()
    for f, box in enumerate(clip.boxes):
        for place, name in enumerate(JOINTS):
            k, label = COCO17.joints.index(name), clip.keypoints[f, H36M17.joints.index(name)]
            better = label if rule.by == "labels" else clean.keypoints[f, k]
            away = math.dist(found.keypoints[f, k], label) / max(box[2:] - box[:2])
            assert chosen[f, place] == (away > rule.beyond and np.isfinite(better).all())
            if chosen[f, place]:
                expected[f, k] = better
    assert np.array_equal(new.keypoints, expected, equal_nan=True)
    assert (new.scores == found.scores).all()
    assert chosen.any() == (not math.isinf(rule.beyond))
