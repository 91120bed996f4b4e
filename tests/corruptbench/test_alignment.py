"""The fast alignment against one by a decomposition of each pose, on ordinary and odd poses."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from corruptbench.evaluation import alignment
from corruptbench.evaluation.alignment import align

COUNT = 300


def standing(draw, count=COUNT):
    """Poses of the proportions of a standing person, mm."""
    return draw.normal(0, 1, (count, 17, 3)) * [120, 450, 80]


def rotations(draw, count=COUNT):
    return Rotation.random(count, random_state=int(draw.integers(2**31))).as_matrix()


def by_kabsch(predicted, target):
    """Distances (J,) of one pose, by its own decomposition."""
    p, t = predicted - predicted.mean(axis=0), target - target.mean(axis=0)
    u, _, vt = np.linalg.svd(p.T @ t)
    rotation = u @ np.diag([1, 1, np.linalg.det(u) * np.linalg.det(vt)]) @ vt
    turned = p @ rotation
    return np.linalg.norm((turned * t).sum() / (p * p).sum() * turned - t, axis=1)


def by_scipy(predicted, target):
    """The same by scipy's fit of a rotation."""
    p, t = predicted - predicted.mean(axis=0), target - target.mean(axis=0)
    turned = Rotation.align_vectors(t, p)[0].apply(p)
    return np.linalg.norm((turned * t).sum() / (p * p).sum() * turned - t, axis=1)


def realistic(draw):
    target = standing(draw)
    return target + draw.normal(0, 40, target.shape), target


def lifted(draw):
    """Errors mostly in depth, another scale, away from the origin."""
    predicted, target = realistic(draw)
    return 1.3 * predicted + draw.normal(0, 60, (COUNT, 17, 1)) * [0, 0, 1] + [
        500,
        -200,
        4000,
    ], target


def unrelated(draw):
    return draw.normal(0, 300, (COUNT, 17, 3)), draw.normal(0, 300, (COUNT, 17, 3))


def mirrored(draw):
    target = draw.normal(0, 1, (COUNT, 17, 3)) * [100, 450, 250]
    return target * [-1, 1, 1] + draw.normal(0, 10, target.shape), target


def planar(draw):
    target = standing(draw) * [1, 1, 0]
    return target + draw.normal(0, 40, target.shape), target


def planar_both(draw):
    predicted, target = planar(draw)
    return predicted * [1, 1, 0], target @ rotations(draw)


def identical(draw):
    return (standing(draw),) * 2


def half_turn(draw):
    target = standing(draw)
    axes = np.eye(3)[draw.integers(3, size=COUNT)]
    return target @ Rotation.from_rotvec(np.pi * axes).as_matrix(), target


def turned(draw):
    target = standing(draw)
    return 0.01 * target @ rotations(draw) + 100, target


def few_joints(draw):
    return draw.normal(0, 300, (COUNT, 4, 3)), draw.normal(0, 300, (COUNT, 4, 3))


KINDS = [
    realistic, lifted, unrelated, mirrored, planar, planar_both, identical, half_turn, turned,
    few_joints,
]  # fmt: skip


@pytest.mark.parametrize("by", [by_kabsch, by_scipy])
@pytest.mark.parametrize("kind", KINDS)
def test_distances_are_those_of_a_decomposition(kind, by):
    predicted, target = kind(np.random.default_rng(1))
    found = align(predicted, target)
    expected = np.array([by(p, t) for p, t in zip(predicted, target, strict=True)])
    # scipy's own rotations are good to about 1e-9 mm
    assert found.distances == pytest.approx(expected, abs=1e-9 if by is by_kabsch else 1e-7)
    assert found.degenerate.mean() < 0.05
    if kind in (identical, half_turn, turned):
        assert found.distances.max() < 1e-9


def test_mirrored_poses_are_not_reflected():
    target = np.random.default_rng(2).normal(0, 1, (COUNT, 17, 3)) * [150, 450, 250]
    assert (align(target * [-1, 1, 1], target).distances.mean(axis=-1) > 30).all()


def test_collinear_poses_are_degenerate():
    draw = np.random.default_rng(3)
    target = draw.normal(0, 300, (COUNT, 17, 1)) * [1.0, 2.0, -0.5]
    predicted = target @ rotations(draw) + draw.normal(0, 30, (COUNT, 17, 1)) * [0.0, 1.0, 0.0]
    found = align(predicted, target)
    assert found.degenerate.all()
    expected = np.array([by_kabsch(p, t) for p, t in zip(predicted, target, strict=True)])
    assert found.distances.mean(axis=-1) == pytest.approx(expected.mean(axis=-1), abs=1e-6)


@pytest.mark.parametrize("size", [1e-9, 1e-3, 1e6, 1e12, 1e-40, 1e40])
def test_any_size(size):
    """The distances grow with the poses; those that are far too small or large are decomposed."""
    predicted, target = realistic(np.random.default_rng(4))
    found = align(size * predicted, size * target)
    assert found.distances / size == pytest.approx(align(predicted, target).distances, rel=1e-9)
    assert found.degenerate.all() == (size in (1e-40, 1e40))


def near_ties(draw):
    """Poses for which two rotations fit almost equally well, by any amount."""
    target = standing(draw)
    noise = 10 ** draw.uniform(-9, 2, (COUNT, 1, 1))
    return target * [-1, 1, 1] + noise * draw.normal(0, 1, target.shape), target


def thin(draw):
    target = standing(draw) * (10 ** draw.uniform(-6, 0, (COUNT, 1, 1))) ** [1, 0, 1]
    return (target + draw.normal(0, 1, target.shape)) @ rotations(draw), target


@pytest.mark.parametrize("kind", [near_ties, thin])
def test_nearly_degenerate_poses(kind):
    """Where the quick way loses digits, the decomposition is used; there the two are the same."""
    predicted, target = kind(np.random.default_rng(5))
    found = align(predicted, target)
    slow = alignment._by_decomposition(predicted, target)
    assert 0 < found.degenerate.sum() < COUNT
    assert (found.distances == slow)[found.degenerate].all()
    assert np.abs(found.distances - slow).max() < 1e-9


def test_a_pose_that_is_one_point_is_none():
    """Sums of its coordinates about their mean are what rounding leaves, and not 0."""
    draw = np.random.default_rng(6)
    predicted, target = realistic(draw)
    points = np.broadcast_to(draw.normal(0, 3000, (COUNT, 1, 3)), target.shape)
    for pair in ((points, target), (predicted, points), (points, points)):
        found = align(*pair)
        assert np.isnan(found.distances).all()
        assert not found.degenerate.any()


def test_a_pose_does_not_depend_on_the_others():
    """Across the ends of chunks, with poses that are not finite between them."""
    draw = np.random.default_rng(7)
    target = standing(draw, 2 * alignment.CHUNK + 3)
    predicted = target + draw.normal(0, 40, target.shape)
    predicted[5], predicted[alignment.CHUNK, 3, 1] = np.nan, np.inf
    found = align(predicted, target).distances
    assert np.isnan(found).all(axis=1).nonzero()[0].tolist() == [5, alignment.CHUNK]
    for i in (0, 4, 6, alignment.CHUNK - 1, alignment.CHUNK + 1, len(target) - 1):
        assert found[i] == pytest.approx(align(predicted[i], target[i]).distances, abs=1e-11)


def test_several_cells_of_a_clip_at_once():
    predicted, target = realistic(np.random.default_rng(8))
    cells = np.stack([predicted, 2 * predicted[::-1]])
    found = align(cells, target)
    assert (found.distances.shape, found.degenerate.shape) == ((2, COUNT, 17), (2, COUNT))
    for cell, distances in zip(cells, found.distances, strict=True):
        assert distances == pytest.approx(align(cell, target).distances, abs=1e-10)
    assert align(predicted[:0], target[:0]).distances.shape == (0, 17)
