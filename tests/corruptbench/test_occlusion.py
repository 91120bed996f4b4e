"""What a shard says of the person under cover."""

from __future__ import annotations

from functools import partial

import numpy as np

from corruptbench.builder import occlusion
from corruptbench.builder.occlusion import occlusions
from corruptbench.builder.plan import clip_info
from corruptbench.builder.render import CellRenderer, loose_key, renderer
from corruptbench.corruptions import ClipInfo, Corruption, get
from corruptbench.datasets import open_dataset
from corruptbench.manifest import Cell, load_manifest

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
    return occlusions([CellRenderer(Cell("cover", 1), corruption, None)], info)[0]


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


def test_a_frame_is_looked_at_once_for_all_cells(monkeypatch):
    """And not at all where no cell hides anything."""
    looked = []
    monkeypatch.setattr(occlusion, "_sight", lambda _, t: looked.append(t))
    info = ClipInfo(4, 100, 100, 25, BOXES, JOINTS)
    cells = [CellRenderer(Cell(n, 1), get(n), None) for n in ("erase", "jpeg", "truncation")]
    occlusions(cells[1:2], info)
    assert looked == []
    assert len(occlusions(cells, info)) == 3
    assert looked == [0, 1, 2, 3]


def test_what_hides_nothing():
    render = CellRenderer(Cell("clean", 0), None, None)
    share, joints = occlusions([render], ClipInfo(4, 100, 100, 25, BOXES, JOINTS))[0]
    assert not share.any()
    assert not joints.any()


def unchanged_by_background(render, t, info):
    """(H, W) bool: the pixels of frame t that are the same on black as on white."""
    black, white = (
        render.corruption.apply(
            [np.full((info.height, info.width, 3), level, np.uint8)] * info.frames,
            t, render.draws, info.whole,
        )
        for level in (0, 255)
    )  # fmt: skip
    return (black == white).all(axis=2)


def test_labels_of_a_real_clip_are_what_its_pixels_show():
    """The labels come from `cover`. Here the same is found from `apply`, without `cover`."""
    dataset = open_dataset("studio", None)
    clip = dataset.load(dataset.clip_ids()[0])
    info = clip_info(clip, load_manifest("studio-c"))
    render = renderer(Cell("erase", 5), info, partial(loose_key, name="a clip"))
    share, bits = occlusions([render], info)[0]
    seen = {"shown": 0, "hidden": 0}
    for t in range(0, info.frames, 3):
        hidden = unchanged_by_background(render, t, info)
        x0, y0, x1, y1 = clip.boxes[t]
        columns = [x for x in range(info.width) if x0 < x + 1 and x < x1]
        rows = [y for y in range(info.height) if y0 < y + 1 and y < y1]
        assert abs(share[t] - hidden[np.ix_(rows, columns)].mean()) <= 1 / 255
        for joint, (x, y) in enumerate(clip.keypoints[t]):
            around = hidden[int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2]
            if around.all() or not around.any():
                assert bool(bits[t] >> joint & 1) == around.all(), (t, joint)
                seen["hidden" if around.all() else "shown"] += 1
    assert min(seen.values()) > 50, seen
