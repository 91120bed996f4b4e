"""Labels of HumanEva-I from the package that VideoPose3D makes."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from corruptbench.errors import InputError
from tests.corruptbench.humaneva.conftest import clip
from tests.fixtures import humaneva as fixture


def write_package(root, chunks, gaps=None):
    """VideoPose3D's packages: ``chunks`` and ``gaps`` map a stretch's number to its frames."""
    shutil.rmtree(root / "converted_15j")
    joints = fixture.motion(fixture.RECORDINGS[0], "Validate").astype(np.float32) / 1000
    stretches = {f"Walking 1 chunk{i}": joints[frames] for i, frames in chunks.items()}
    np.savez_compressed(root / "data_3d_humaneva15.npz", positions_3d={"Validate/S1": stretches})
    if gaps is not None:
        unseen = {f"Walking 1 chunk{i}": [np.zeros((n, 17, 2))] * 3 for i, n in gaps.items()}
        np.savez_compressed(
            root / "data_2d_humaneva15_detectron_pt_coco.npz",
            positions_2d={"Validate/S1": {}, "Unlabeled/Validate/S1": unseen},
            metadata={"layout_name": "coco"},
        )
    return joints * 1000


@pytest.mark.parametrize(
    ("chunks", "gaps"),
    [
        ({0: range(12)}, None),
        ({0: range(7)}, None),  # the rest is one gap
        ({1: range(2, 12)}, {0: 2}),
        ({0: range(3), 2: range(4, 6), 4: range(11, 12)}, {1: 1, 3: 5}),
        ({1: range(1, 4), 3: range(6, 7)}, {0: 1, 2: 2, 4: 5}),
    ],
)
def test_package_where_its_frames_are_certain(root, chunks, gaps):
    joints = write_package(root, chunks, gaps)
    found = clip(root, "S1/Walking_1_Validate.C1").joints
    labeled = np.zeros(12, dtype=bool)
    labeled[[t for frames in chunks.values() for t in frames]] = True
    assert np.isfinite(found).all(axis=(1, 2)).tolist() == labeled.tolist()
    assert np.allclose(found[labeled], joints[labeled], atol=0.01)


@pytest.mark.parametrize(
    ("chunks", "gaps"),
    [
        ({1: range(2, 12)}, None),  # before it, or after it as well?
        ({0: range(3), 2: range(4, 11)}, None),
        ({0: range(3), 2: range(4, 11)}, {1: 1}),  # one frame is missing
        ({0: range(3), 1: range(3, 12)}, None),  # two stretches that touch
        ({0: [*range(12), 5]}, None),  # more than the partition has
    ],
)
def test_package_whose_frames_are_unknown_is_refused(root, chunks, gaps):
    write_package(root, chunks, gaps)
    with pytest.raises(
        InputError, match=r"data_3d_humaneva15\.npz: Validate/S1, Walking 1: .*data_2d"
    ):
        clip(root, "S1/Walking_1_Validate.C1")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda a: a * 1000,
            r"800,250 mm apart in the median \(millimeters, where meters belong",
        ),
        (lambda a: a * 200, r"160,050 mm apart in the median \(pixels, or other joints\?\)"),
        (
            lambda a: a[..., :2],
            r"Walking 1 chunk0: float32 \(12, 15, 2\) \(pixels\?\), expected floats",
        ),
        (
            lambda a: a[:, :14],
            r"\(12, 14, 3\) \(14 joints do not tell which of the 15 they are\), expected",
        ),
        (lambda a: a.astype(int), r"int64 \(12, 15, 3\), expected floats"),
        (lambda a: a.tolist(), r"no array, expected floats"),
        (
            lambda a: np.concatenate([a[:, :4], a[:, 4:5] + 300, a[:, 5:]], axis=1),
            r"a joint is 5\d\d,\d+ mm from the pelvis",
        ),
    ],
)
def test_package_in_other_units(root, change, said):
    joints = write_package(root, {0: range(12)}) / 1000
    np.savez(
        root / "data_3d_humaneva15.npz",
        positions_3d={"Validate/S1": {"Walking 1 chunk0": change(joints)}},
    )
    remedy = ".*[:;] make it again with VideoPose3D's prepare_data_humaneva.py"
    with pytest.raises(InputError, match=rf"data_3d_humaneva15\.npz: .*{said}{remedy}"):
        clip(root, "S1/Walking_1_Validate.C1")


@pytest.mark.parametrize("content", [{"Validate/S1": 3}, {3: {}}, {"Validate/S1": {3: 4}}, [1]])
def test_package_of_other_content(root, content):
    write_package(root, {0: range(12)})
    np.savez(root / "data_3d_humaneva15.npz", positions_3d=content)
    with pytest.raises(
        InputError, match=r"npz: positions_3d: no table of subjects and .*: make it again"
    ):
        clip(root, "S1/Walking_1_Validate.C1")
