from __future__ import annotations

import numpy as np
import pytest

from corruptbench.errors import InputError
from corruptbench.skeleton import (
    COCO17,
    H36M17,
    HUMANEVA15,
    LIMB_JOINTS,
    convert,
    joint_set,
    limb_joints,
)


@pytest.mark.parametrize("joints", [H36M17, COCO17, HUMANEVA15])
def test_mirror_exchanges_the_names(joints):
    for name, other in zip(joints.joints, (joints.joints[i] for i in joints.mirror), strict=True):
        swap = {"left": "right", "right": "left"}
        side, _, rest = name.partition("_")
        assert other == (f"{swap[side]}_{rest}" if side in swap else name)


def test_h36m17_is_the_order_of_the_field():
    assert [H36M17.joints.index(n) for n in ("right_hip", "left_hip", "left_shoulder")] == [
        1,
        4,
        11,
    ]
    parents, children = zip(*H36M17.bones, strict=True)
    assert parents == (0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15)
    assert children == tuple(range(1, 17))


def test_coco_to_h36m():
    points = np.arange(34, dtype=np.float64).reshape(1, 17, 2) ** 2
    scores = np.linspace(0.1, 0.9, 17)[None]
    out, confidence = convert(points, scores, "coco17", "h36m17")
    for source, target in LIMB_JOINTS:
        assert COCO17.joints[source] == H36M17.joints[target].replace("hip", "hip")
        assert np.array_equal(out[0, target], points[0, source])
        assert confidence[0, target] == scores[0, source]
    hip, thorax = (points[0, 11] + points[0, 12]) / 2, (points[0, 5] + points[0, 6]) / 2
    assert np.array_equal(out[0, 0], hip)
    assert np.array_equal(out[0, 8], thorax)
    assert np.array_equal(out[0, 7], (hip + thorax) / 2)
    assert np.array_equal(out[0, 9], points[0, 0])
    assert np.array_equal(out[0, 10], (points[0, 1] + points[0, 2]) / 2)
    assert confidence[0, 0] == min(scores[0, 11], scores[0, 12])
    assert confidence[0, 7] == min(scores[0, [5, 6, 11, 12]])


def test_humaneva15_is_the_order_of_videopose3d():
    parents, children = zip(*HUMANEVA15.bones, strict=True)
    assert parents == (0, 1, 2, 3, 1, 5, 6, 0, 8, 9, 0, 11, 12, 1)
    assert children == tuple(range(1, 15))
    names = ("pelvis", "thorax", "left_wrist", "right_wrist", "left_hip", "right_hip", "head")
    assert [HUMANEVA15.joints.index(n) for n in names] == [0, 1, 4, 7, 8, 11, 14]


def test_coco_to_humaneva():
    points = np.arange(34, dtype=np.float64).reshape(1, 17, 2) ** 2
    scores = np.linspace(0.9, 0.1, 17)[None]
    out, confidence = convert(points, scores, "coco17", "humaneva15")
    assert out.shape == (1, 15, 2)
    for source, target in zip((5, 7, 9, 6, 8, 10), range(2, 8), strict=True):
        assert out[0, target].tolist() == points[0, source].tolist()
        assert confidence[0, target] == scores[0, source]
    for source, target in zip((11, 13, 15, 12, 14, 16), range(8, 14), strict=True):
        assert out[0, target].tolist() == points[0, source].tolist()
    for target, (a, b) in {0: (11, 12), 1: (5, 6), 14: (1, 2)}.items():
        assert out[0, target].tolist() == ((points[0, a] + points[0, b]) / 2).tolist()
        assert confidence[0, target] == min(scores[0, a], scores[0, b])


def test_h36m_to_humaneva():
    points = np.arange(51, dtype=np.float64).reshape(1, 17, 3)
    out, _ = convert(points, np.ones((1, 17)), "h36m17", "humaneva15")
    other = {"pelvis": "hip"}
    for i, name in enumerate(HUMANEVA15.joints):
        assert out[0, i].tolist() == points[0, H36M17.joints.index(other.get(name, name))].tolist()


@pytest.mark.parametrize("joints", [H36M17, COCO17, HUMANEVA15])
def test_limb_joints_are_the_same_in_every_set(joints):
    names = [joints.joints[i] for i in limb_joints(joints.name)]
    assert names == [H36M17.joints[target] for _, target in LIMB_JOINTS]
    assert len(set(names)) == 12


@pytest.mark.parametrize("target", [H36M17, HUMANEVA15])
def test_mirroring_and_conversion_commute(target):
    draw = np.random.default_rng(0)
    points, scores = draw.normal(size=(2, 17, 2)), draw.uniform(size=(2, 17))
    there, _ = convert(points[:, COCO17.mirror], scores[:, COCO17.mirror], "coco17", target.name)
    back, _ = convert(points, scores, "coco17", target.name)
    assert np.allclose(there, back[:, target.mirror])


def test_unknown_sets_are_named():
    with pytest.raises(InputError, match=r"unknown joint set 'x'.*h36m17"):
        joint_set("x")
    with pytest.raises(InputError, match="no conversion from h36m17 to coco17"):
        convert(np.zeros((1, 17, 2)), np.zeros((1, 17)), "h36m17", "coco17")
