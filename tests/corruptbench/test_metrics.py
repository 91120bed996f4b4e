"""Each metric against an independent implementation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from corruptbench.evaluate import metrics

POSES = st.integers(0, 2**32 - 1)


def poses(seed, frames=4):
    draw = np.random.default_rng(seed)
    return draw.normal(0, 300, (frames, 17, 3)), draw.normal(0, 300, (frames, 17, 3))


def loops(predicted, target):
    """MPJPE by plain loops over plain numbers."""
    out = []
    for p, t in zip(predicted.tolist(), target.tolist(), strict=True):
        distances = [sum((a - b) ** 2 for a, b in zip(x, y)) ** 0.5 for x, y in zip(p, t)]  # noqa: B905
        out.append(sum(distances) / len(distances))
    return np.array(out)


def aligned_by_scipy(predicted, target):
    """Procrustes by scipy's rotation fit (Wahba's problem) and a least-squares scale."""
    out = []
    for p, t in zip(predicted, target, strict=True):
        p0, t0 = p - p.mean(0), t - t.mean(0)
        rotation, _ = Rotation.align_vectors(t0, p0)
        turned = rotation.apply(p0)
        out.append((turned * t0).sum() / (turned * turned).sum() * turned + t.mean(0))
    return np.array(out)


@given(POSES)
def test_mpjpe(seed):
    predicted, target = poses(seed)
    assert metrics.mpjpe(predicted, target) == pytest.approx(loops(predicted, target), rel=1e-9)


@settings(deadline=None)
@given(POSES)
def test_p_mpjpe(seed):
    predicted, target = poses(seed)
    expected = loops(aligned_by_scipy(predicted, target), target)
    assert metrics.p_mpjpe(predicted, target) == pytest.approx(expected, rel=1e-6)


@settings(deadline=None)
@given(POSES, st.floats(0.01, 100))
def test_p_mpjpe_undoes_any_similarity(seed, scale):
    target, _ = poses(seed)
    turned = scale * target @ Rotation.random(random_state=seed).as_matrix() + [10, -5, 3]
    assert metrics.p_mpjpe(turned, target) == pytest.approx(np.zeros(4), abs=1e-9)


def test_p_mpjpe_does_not_reflect():
    target, _ = poses(1)
    mirrored = target * [-1, 1, 1]
    best = loops(aligned_by_scipy(mirrored, target), target)
    assert metrics.p_mpjpe(mirrored, target) == pytest.approx(best, rel=1e-6)
    assert (best > 50).all()


def test_a_collapsed_pose_harms_no_other():
    predicted, target = poses(2)
    alone = metrics.p_mpjpe(predicted[1:], target[1:])
    predicted[0] = 7.0
    together = metrics.p_mpjpe(predicted, target)
    assert together[1:] == pytest.approx(alone, rel=1e-12)
    assert together[0] == pytest.approx(
        np.linalg.norm(target[0] - target[0].mean(0), axis=1).mean()
    )


@given(POSES)
def test_mpjve(seed):
    predicted, target = poses(seed, frames=6)
    steps = loops(predicted[1:] - predicted[:-1], target[1:] - target[:-1])
    assert metrics.mpjve(predicted, target) == pytest.approx(steps, rel=1e-9)
    assert metrics.mpjve(target + 100, target) == pytest.approx(np.zeros(5), abs=1e-9)


def test_root_relative():
    predicted, _ = poses(3)
    assert (metrics.root_relative(predicted, 0)[:, 0] == 0).all()
    assert np.allclose(
        np.diff(metrics.root_relative(predicted, 8), axis=1), np.diff(predicted, axis=1)
    )


def test_pck_and_keypoint_error():
    boxes = np.array([[0.0, 0.0, 30.0, 200.0]])
    found = np.array([[[0.0, 0.0], [12.0, 16.0], [30.0, 40.0], [np.nan, 0.0]]])
    errors = metrics.keypoint_error(found, np.zeros((1, 4, 2)), boxes)
    assert errors[0, :3] == pytest.approx([0, 0.1, 0.25])
    assert metrics.pck(errors, 0.1) == 0.5


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
