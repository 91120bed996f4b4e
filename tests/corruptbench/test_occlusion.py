"""What a shard says of the person under cover."""

from __future__ import annotations

import numpy as np

from corruptbench.builder.occlusion import occlusions
from corruptbench.builder.render import CellRenderer
from corruptbench.corruptions import ClipInfo, Corruption
from corruptbench.manifest import Cell

BOXES = [[10, 20, 30, 60], [-10, 20, 10, 60], [np.nan] * 4, [200, 20, 230, 60]]
JOINTS = [
    [[12, 22], [28, 58], [29.9, 59.9], [np.nan, 3]],
    [[-5, 22], [5, 58], [20, 30], [2, 30]],
    [[12, 22]] * 4,
    [[205, 22], [205, 58], [20, 30], [2, 30]],
]


def hidden(level, rows=slice(None), columns=slice(None)):
    """What a corruption hides that covers a part of the picture of 100 x 100 px."""
    picture = np.zeros((100, 100), dtype=np.uint8)
    picture[rows, columns] = level
    corruption = Corruption(
        name="cover", family="temporary occlusion", version=1, scope="clip",
        severities=(None,) * 5, draw=lambda *_: None, apply=lambda frames, t, *_: frames[t],
        cover=lambda *about: picture[about[-1].slices],
    )  # fmt: skip
    info = ClipInfo(4, 100, 100, 25, BOXES, JOINTS)
    return occlusions(CellRenderer(Cell("cover", 1), corruption, None), info)


def test_share_of_the_box_and_joints():
    share, joints = hidden(255, slice(40, None))
    assert share.tolist() == [0.5, 0.5, 0, 0]
    assert joints.tolist() == [0b110, 0b010, 0, 0]
    assert (share.dtype, joints.dtype) == (np.float32, np.uint32)


def test_only_the_part_of_a_box_in_the_picture_counts():
    share, joints = hidden(255, columns=slice(0, 5))
    assert share.tolist() == [0, 0.5, 0, 0]
    assert joints.tolist() == [0, 0b1000, 0, 0b1000]  # the second joint of frame 1 lies at 5


def test_a_joint_is_hidden_by_half_of_the_light():
    assert hidden(127)[1].tolist() == [0] * 4
    assert hidden(128)[1].tolist() == [0b111, 0b1110, 0, 0b1100]
    assert np.allclose(hidden(128)[0][:2], 128 / 255, atol=2e-4)


def test_a_joint_beyond_its_box():
    share, joints = hidden(255, slice(30, 31), slice(20, 21))
    assert np.allclose(share, [1 / 800, 0, 0, 0], atol=2e-4)
    assert joints.tolist() == [0, 0b100, 0, 0b100]


def test_what_hides_nothing():
    render = CellRenderer(Cell("clean", 0), None, None)
    share, joints = occlusions(render, ClipInfo(4, 100, 100, 25, BOXES, JOINTS))
    assert not share.any()
    assert not joints.any()
