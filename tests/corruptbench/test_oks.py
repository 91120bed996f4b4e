"""OKS and AP: by loops, and as pycocotools gives them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corruptbench.keypoint_evaluation.oks import (
    COCO_SIGMAS,
    JOINTS,
    SIGMAS,
    average_precision,
    similarity,
)
from corruptbench.skeleton import COCO17


def people(seed, count):
    """Made-up people: distances (N, 12) px, some joints not scored, every 15th person not found."""
    draw = np.random.Generator(np.random.Philox(seed))
    target, areas = draw.uniform(0, 400, (count, 12, 2)), draw.uniform(2000, 60000, count)
    spread = draw.choice([2.0, 10.0, 30.0, 120.0], count)
    found = target + draw.normal(0, 1, (count, 12, 2)) * spread[:, None, None]
    scores = draw.uniform(0, 1, count)
    scored = draw.random((count, 12)) < 0.8
    scored[:, 0] = True
    distances = np.linalg.norm(found - target, axis=-1)
    distances[::15], scores[::15] = np.inf, 0
    distances[~scored] = np.nan
    return distances, areas, scores


def test_sigmas_are_those_of_the_named_joints():
    by_name = dict(zip(COCO17.joints, COCO_SIGMAS, strict=True))
    assert [by_name[name] for name in JOINTS] == SIGMAS.tolist()
    assert (by_name["left_hip"], by_name["right_ankle"]) == (0.107, 0.089)


def test_as_pycocotools():
    """``COCOeval`` of pycocotools 2.0.11 gave these: 60 images, kpt_oks_sigmas set to our 12."""
    distances, areas, scores = people(7, 60)
    found = similarity(distances, areas)
    expected = [0.0, 0.018577, 0.218045, 0.014827, 0.959146, 0.005718, 0.995012, 0.98189]
    assert found[:8] == pytest.approx(expected, abs=1e-6)
    assert average_precision(found, scores) == pytest.approx(0.2683473940668858, abs=1e-12)


def test_similarity_by_loops():
    distances, areas, _ = people(3, 20)
    for row, area, found in zip(distances, areas, similarity(distances, areas), strict=True):
        terms = [
            math.exp(-(d**2) / (2 * area * (2 * sigma) ** 2))
            for d, sigma in zip(row, SIGMAS, strict=True)
            if not math.isnan(d)
        ]
        assert found == pytest.approx(sum(terms) / len(terms), rel=1e-12)
    assert np.isnan(similarity(np.full((1, 12), np.nan), np.ones(1))).all()


def plain_ap(similarities, scores):
    """AP by its definition: the best precision at or beyond each recall."""
    order = sorted(range(len(scores)), key=lambda i: -scores[i])
    total = 0.0
    for threshold in (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95):
        points, hits = [], 0
        for rank, i in enumerate(order, start=1):
            hits += similarities[i] >= threshold
            points.append((hits / len(order), hits / rank))
        total += sum(
            max((p for r, p in points if r >= recall / 100), default=0) for recall in range(101)
        )
    return total / 1010


@given(st.integers(0, 10_000))
def test_average_precision_by_loops(seed):
    draw = np.random.default_rng(seed)
    similarities, scores = draw.uniform(0.3, 1, 23), draw.integers(0, 6, 23) / 6
    assert average_precision(similarities, scores) == pytest.approx(plain_ap(similarities, scores))


def test_ends_of_average_precision():
    assert average_precision(np.ones(5), np.arange(5.0)) == 1
    assert average_precision(np.zeros(5), np.arange(5.0)) == 0
    assert np.isnan(average_precision(np.zeros(0), np.zeros(0)))
