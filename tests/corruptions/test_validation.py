"""What is passed in is checked: each error names what was found and what was expected."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from corruptbench.corruptions import ClipInfo, CorruptionError, Key, Region, get
from tests.corruptions.scenes import info, scene

FRAMES, ABOUT, KEY = scene(32, 4), info(32, 4), Key.of("inputs")
BOXES = np.tile([5.0, 4.0, 20.0, 30.0], (4, 1))
NOBODY = [np.nan] * 4


def clip_info(**changed):
    return ClipInfo(
        **{"frames": 4, "height": 32, "width": 32, "fps": 50.0, "boxes": BOXES} | changed
    )


def boxes_with(row):
    return np.vstack([BOXES[:2], row, BOXES[3:]])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"fps": 0.0}, "fps is 0.0, expected a finite number above 0"),
        ({"fps": -25}, "fps is -25, expected"),
        ({"fps": np.inf}, "fps is inf, expected"),
        ({"fps": np.nan}, "fps is nan, expected"),
        ({"fps": "25"}, "fps is '25', expected"),
        ({"frames": 4.0}, "frames is 4.0, expected a whole number"),
        ({"frames": 0}, "frames is 0, expected at least 1"),
        ({"height": -1}, "height is -1, expected at least 1"),
        ({"width": 32.5}, "width is 32.5, expected a whole number"),
        ({"boxes": BOXES[:2]}, r"shape \(2, 4\), expected \(4, 4\): one box for each frame"),
        ({"boxes": "here"}, r"boxes: str, expected an array of numbers, \(4, 4\)"),
        ({"boxes": None}, r"boxes have shape \(\), expected"),
        ({"boxes": boxes_with([20, 4, 5, 30])}, r"frame 2 is \[20.0, 4.0, 5.0, 30.0\].*x0 <= x1"),
        ({"boxes": boxes_with([5, 30, 20, 4])}, "box of frame 2 is .*y0 <= y1"),
        ({"boxes": boxes_with([5, 4, np.nan, 30])}, "box of frame 2 is .*or four NaN"),
        ({"boxes": boxes_with([5, 4, np.inf, 30])}, "box of frame 2 is .*or four NaN"),
        (
            {"joints": np.zeros((4, 17, 3))},
            r"joints have shape \(4, 17, 3\), expected \(4, joints, 2",
        ),
        ({"joints": np.zeros((3, 17, 2))}, r"joints have shape \(3, 17, 2\), expected \(4,"),
        ({"joints": "here"}, "joints and bones: expected an array of numbers"),
        ({"joints": np.zeros((4, 3, 2)), "bones": [(0, 3)]}, r"bone \(0, 3\): .* of 3 joints"),
        ({"bones": [(0, 1)]}, r"bones were given without joints: give joints"),
        ({"joints": np.zeros((4, 3, 2)), "bones": [(0, 1.5)]}, "pairs of whole numbers"),
    ],
)
def test_facts_that_cannot_be_are_refused(changed, message):
    with pytest.raises(CorruptionError, match=message):
        clip_info(**changed)


def test_facts_are_taken_as_lists_and_as_any_type_of_number():
    about = clip_info(
        frames=np.int64(4), fps=Fraction(30000, 1001), boxes=boxes_with(NOBODY).tolist()
    )
    assert type(about.frames) is int
    assert about.fps == 30000 / 1001
    assert about.boxes.dtype == np.float64
    assert np.array_equal(about.boxes, boxes_with(NOBODY), equal_nan=True)
    assert about.person_height == 26
    clip_info(boxes=boxes_with([7, 7, 7, 7]))  # as small as can be


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(CorruptionError, match=r"unknown corruption 'fog'.*erase"):
        get("fog")


@pytest.mark.parametrize("severity", [0, 6, -1, np.int64(7)])
def test_there_are_five_severities(severity):
    with pytest.raises(CorruptionError, match="of erase: expected 1, 2, 3, 4 or 5"):
        get("erase").clip(FRAMES, ABOUT, severity, KEY)


@pytest.mark.parametrize("severity", [3.0, "3", None])
def test_a_severity_is_a_whole_number(severity):
    with pytest.raises(CorruptionError, match=r"severity of erase is .*, expected a whole number"):
        get("erase").prepare(ABOUT, severity, KEY)


@pytest.mark.parametrize(
    ("about", "key", "message"),
    [
        (ABOUT, "a", r"key is 'a', expected Key\.of\(\"a name\"\)"),
        (ABOUT, 7, "key is 7, expected Key"),
        ({"frames": 4}, KEY, r"info is \{'frames': 4\}, expected ClipInfo"),
    ],
)
def test_facts_and_key_are_of_this_package(about, key, message):
    with pytest.raises(CorruptionError, match=message):
        get("erase").prepare(about, 1, key)
    with pytest.raises(CorruptionError):
        get("erase").clip(FRAMES, about, 1, key)


def test_a_severity_may_be_numpys():
    mask = get("mask")
    assert mask.prepare(ABOUT, np.int8(3), KEY).centers == mask.prepare(ABOUT, 3, KEY).centers


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (FRAMES.astype(np.float32), r"float32 \(4, 32, 32, 3\), expected a NumPy array, uint8"),
        (FRAMES[:3], r"uint8 \(3, 32, 32, 3\), expected a NumPy array, uint8 \(4, 32, 32, 3\)"),
        (list(FRAMES), r"frames: list, expected .*: np.array\(...\) makes one"),
        (FRAMES[..., 0], r"\(4, 32, 32\), expected .*: np.repeat\(gray\[..., None\], 3, axis=-1\)"),
        (FRAMES[..., :1], r"\(4, 32, 32, 1\), expected .*: np.repeat\(gray, 3, axis=-1\)"),
    ],
)
def test_frames_of_a_clip(frames, message):
    with pytest.raises(CorruptionError, match=message):
        get("erase").clip(frames, ABOUT, 3, KEY)


def test_gray_made_as_the_error_says_is_taken():
    gray = np.repeat(FRAMES[..., 0][..., None], 3, axis=-1)
    assert get("erase").clip(gray, ABOUT, 3, KEY).shape == FRAMES.shape


@pytest.mark.parametrize("name", ["erase", "long_exposure"])
def test_one_frame_is_that_of_the_clip(name):
    """Of an array or a list; a region is its crop."""
    corruption, region = get(name), Region(3, 5, 20, 31)
    whole = corruption.clip(FRAMES, ABOUT, 4, KEY)
    draws = corruption.prepare(ABOUT, 4, KEY)
    for t in range(4):
        assert np.array_equal(corruption.frame(FRAMES, t, draws), whole[t])
        part = corruption.frame(list(FRAMES), np.int64(t), draws, region)
        assert np.array_equal(part, whole[t][region.slices])


@pytest.mark.parametrize(
    ("frames", "t", "region", "message"),
    [
        (FRAMES, 4, None, "t is 4, expected 0 to 3: there are 4 frames"),
        (FRAMES, -1, None, "t is -1, expected 0 to 3"),
        (FRAMES, 1.0, None, "t is 1.0, expected a whole number"),
        (FRAMES, 1, Region(-1, 0, 5, 5), r"\(-1, 0, 5, 5\), expected 0 <= x0 < x1 <= 32"),
        (FRAMES, 1, Region(0, 0, 5, 33), r"\(0, 0, 5, 33\), .*0 <= y0 < y1 <= 32"),
        (FRAMES, 1, (0, 0, 5, 5), r"region is \(0, 0, 5, 5\), expected Region\(x0, y0, x1, y1\)"),
        (FRAMES, 1, Region(5, 0, 5, 9), r"\(5, 0, 5, 9\), expected"),
        (FRAMES, 1, Region(0.5, 0, 5, 9), "a side of the region is 0.5, expected a whole number"),
        (FRAMES[..., 0], 1, None, r"frame 0: uint8 \(32, 32\), .* makes three channels of one"),
        (FRAMES.astype(float), 1, None, r"frame 0: float64 .*, expected a NumPy array, uint8"),
        (FRAMES.tolist(), 1, None, "frame 0: list, expected a NumPy array"),
        ([FRAMES[0], FRAMES[1], FRAMES[2, :9]], 1, None, r"frame 2: uint8 \(9, 32, 3\), expected"),
    ],
)
def test_what_one_frame_is_made_of(frames, t, region, message):
    shutter = get("long_exposure")  # looks at neighbors
    draws = shutter.prepare(ABOUT, 3, KEY)
    with pytest.raises(CorruptionError, match=message):
        shutter.frame(frames, t, draws, region)


@pytest.mark.parametrize("box", [[-1e4, 0, 1e4, 30], [0, 0, 1e9, 1e9], [-1e300, 0, 20, 30]])
def test_a_box_in_other_units_than_pixels_is_refused(box):
    """Lengths are relative to the box: such a one asks for gigabytes, or for hours."""
    boxes = np.tile(np.array([2.0, 2.0, 20.0, 30.0]), (3, 1))
    boxes[1] = box
    with pytest.raises(CorruptionError, match=r"box of frame 1 .* longer side has 40"):
        ClipInfo(frames=3, height=32, width=40, fps=25.0, boxes=boxes)


@pytest.mark.parametrize(
    "place", [[np.inf, 3], [3, -np.inf], [1e300, 3], [3, -8193], [np.nan, 9e3]]
)
def test_a_joint_that_is_not_in_pixels_is_refused(place):
    joints = np.full((4, 3, 2), 10.0)
    joints[2, 1] = place
    with pytest.raises(
        CorruptionError, match=r"joint 1 of frame 2 .* longer side has 32: give NaN"
    ):
        clip_info(joints=joints, bones=[(0, 1)])


def test_a_joint_may_be_unknown_or_outside_of_the_picture():
    joints = np.full((4, 3, 2), 10.0)
    joints[2, :2] = [[np.nan, np.nan], [-8192, 8192]]
    assert np.array_equal(clip_info(joints=joints).joints, joints, equal_nan=True)
    assert np.array_equal(clip_info(joints=joints * 2, width=4096).joints, joints * 2, True)


@pytest.mark.parametrize("fps", [1e-9, 1e-3, 1e6])
def test_a_rate_that_no_camera_has_is_refused(fps):
    with pytest.raises(CorruptionError, match=r"0\.01 to 100000 frames per second"):
        ClipInfo(frames=1, height=32, width=40, fps=fps, boxes=[[2.0, 2.0, 20.0, 30.0]])
