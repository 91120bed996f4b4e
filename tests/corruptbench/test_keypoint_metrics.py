"""Metrics of keypoints and scores, by loops."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corruptbench.evaluation.detections import quality
from corruptbench.keypoint_evaluation import metrics
from corruptbench.manifest import CLEAN
from corruptbench.skeleton import limb_joints


def test_pck_and_keypoint_error():
    found = np.array([[[0.0, 0.0], [12.0, 16.0], [30.0, 40.0], [np.nan, 0.0]]])
    errors = metrics.keypoint_error(found, np.zeros((1, 4, 2)), np.array([200.0]))
    assert errors[0, :3] == pytest.approx([0, 0.1, 0.25])
    assert metrics.pck(errors, 0.1) == 0.5


def test_the_quality_of_detections_by_loops(drawn_shards):
    """Errors are fractions of the longer side, as in `evaluate_detector`; here boxes are wide."""
    errors, lying = [], []
    for clip, detections in drawn_shards.clips():
        middle = clip.boxes[:, :2].mean(axis=0)
        box = [*middle, *(middle + (200, 50))]
        lying.append((replace(clip, person_boxes=np.tile(box, (len(clip.joints), 1))), detections))
        clean = detections[0].keypoints[:, limb_joints("coco17")]
        for found, target in zip(
            clean, clip.keypoints[:, limb_joints(clip.joint_set)], strict=True
        ):
            errors += [math.dist(f, t) / 200 for f, t in zip(found, target, strict=True)]
    finite = [e for e in errors if math.isfinite(e)]
    shards = SimpleNamespace(clips=lambda: lying, lock=drawn_shards.lock)
    measured = quality(shards)[CLEAN]
    assert measured.joints == len(errors)
    assert measured.mean_error == pytest.approx(np.mean(finite))
    assert measured.median_error == pytest.approx(np.median(finite))
    assert measured.mean_px == pytest.approx(200 * np.mean(finite))
    assert measured.pck == pytest.approx(sum(e <= 0.1 for e in finite) / len(errors))


@given(st.integers(0, 10_000))
def test_auroc_counts_pairs(seed):
    draw = np.random.default_rng(seed)
    scores = draw.integers(0, 5, 30).astype(np.float64)
    correct = draw.random(30) < 0.5
    pairs = [
        (good > bad) + 0.5 * (good == bad) for good in scores[correct] for bad in scores[~correct]
    ]
    assert metrics.auroc(scores, correct) == pytest.approx(
        np.mean(pairs) if pairs else np.nan, nan_ok=True
    )


def test_the_longer_side_of_a_box():
    boxes = np.array([[10.0, 20.0, 40.0, 220.0], [0.0, 0.0, 90.0, 30.0], [np.nan] * 4])
    assert metrics.longer_sides(boxes) == pytest.approx([200, 90, np.nan], nan_ok=True)


@given(st.integers(0, 10_000))
def test_reliability_by_loops(seed):
    draw = np.random.default_rng(seed)
    scores, correct = draw.integers(0, 4097, 40) / 4096, draw.random(40) < 0.6
    scores[:3] = 0, 1, 1 / 15  # ends of bins
    bins = [[] for _ in range(15)]
    for score, is_correct in zip(scores, correct, strict=True):
        bins[max(0, math.ceil(score * 15) - 1)].append((score, is_correct))
    error = sum(
        len(b) / 40 * abs(sum(s for s, _ in b) / len(b) - sum(c for _, c in b) / len(b))
        for b in bins
        if b
    )
    found = metrics.reliability(scores, correct)
    assert found.counts.tolist() == [len(b) for b in bins]
    assert found.calibration_error == pytest.approx(error)
    rows = found.as_rows()
    assert [row["joints"] for row in rows] == [len(b) for b in bins if b]
    assert rows[0]["correct"] == pytest.approx(np.mean([c for _, c in bins[0]]))


def test_perfect_scores_have_no_calibration_error():
    correct = np.array([True, False, True])
    assert metrics.reliability(correct.astype(float), correct).calibration_error == 0
    assert math.isnan(metrics.reliability(np.zeros(0), np.zeros(0, bool)).calibration_error)
