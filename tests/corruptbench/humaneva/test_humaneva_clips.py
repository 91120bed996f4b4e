"""Clips of HumanEva-I: their frames, labels and boxes, and roots that hold none."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import scipy.io

from corruptbench.datasets import open_dataset
from corruptbench.errors import InputError
from corruptbench.evaluation.detections import joint_errors
from corruptbench.manifest import CLEAN, load_manifest
from corruptbench.shards.records import CellDetections
from corruptbench.video.reader import windows
from tests.corruptbench.humaneva.conftest import clip, opened
from tests.fixtures import humaneva as fixture


def test_clips(root):
    ids = [str(c) for c in opened(root).clip_ids()]
    assert ids == sorted(ids)
    assert len(ids) == 3 * 2 * 3
    assert ids[0] == "humaneva/S1/Box_1_Train.C1"
    found = clip(root, "S1/Walking_1_Validate.C3")
    assert (found.id.action, found.fps, found.joint_set) == ("Walking", 60, "humaneva15")
    # C3 starts at frame 5 of the video, the partition at 6 of the clock; both count from 1
    assert found.first_frame == 5 - 1 + 6 - 1
    assert clip(root, "S2/Walking_1_Train.C1").first_frame == 2 - 1 + 9 - 1


def test_labels_lie_on_the_pictures(root):
    """Each labeled frame shows the limbs where the labels are; the frames beside it do not."""
    found = clip(root, "S1/Walking_1_Validate.C1")
    size, points = (480, 640), found.keypoints
    dark = np.zeros((3, len(points)))
    for i, shift in enumerate((-2, 0, 2)):
        start = found.first_frame + shift
        for t, window in enumerate(windows(found.video, len(points), size, 0, start)):
            if np.isfinite(points[t]).all():
                x, y = np.rint((points[t, 9] + points[t, 10]) / 2).astype(int)  # left shank
                dark[i, t] = window[t][y, x].astype(int) @ [-1, 0, 1]  # blue limbs, grey wall
    assert (dark[1, [1, 2, 5, 6, 7, 8, 9, 10, 11]] > 50).all()
    assert dark[[0, 2]].sum() < dark[1].sum()


def test_gaps_have_boxes(root):
    """Frames 0, 3 and 4 have no label: nearest, then thirds of the way between 2 and 5."""
    found = clip(root, "S1/Walking_1_Validate.C2")
    valid = np.isfinite(found.joints).all(axis=(1, 2))
    assert np.flatnonzero(~valid).tolist() == [0, 3, 4]
    boxes, points = found.boxes, found.keypoints
    assert np.allclose(boxes[2], [*points[2].min(axis=0), *points[2].max(axis=0)])
    assert np.allclose(boxes[0], boxes[1])
    assert np.allclose(boxes[3], boxes[2] + (boxes[5] - boxes[2]) / 3)
    assert np.allclose(boxes[4], boxes[2] + (boxes[5] - boxes[2]) * 2 / 3)


def test_detections_count_only_where_there_are_labels(root):
    """The person is in view in all 12 frames, but 3 have nothing to compare with."""
    found = clip(root, "S1/Walking_1_Validate.C2")
    points = np.random.default_rng(0).uniform(0, 480, (12, 17, 2)).astype(np.float32)
    boxes = found.boxes.astype(np.float32)
    free = np.zeros(len(boxes), np.float32), np.zeros(len(boxes), np.uint32)
    cell = CellDetections(CLEAN, points, points[..., 0] / 480, boxes, *free, "")
    errors = joint_errors(found, cell, "coco17", found.heights)
    assert errors.shape == (9 * 12, 3)
    assert np.isfinite(errors).all()
    wrist = np.linalg.norm(points[1, 9] - found.keypoints[1, 4])  # left, in both sets
    assert errors[4, 0] == pytest.approx(wrist)


def test_nobody_is_valid(root):
    path = root / "converted_15j/Validate/S1/Walking_1.mat"
    scipy.io.savemat(path, {"poses_3d": np.full((12, 15, 3), np.nan)})
    assert np.isnan(clip(root, "S1/Walking_1_Validate.C1").boxes).all()


@pytest.mark.parametrize(
    ("poses", "message"),
    [
        (fixture.STANDING[None].repeat(11, 0), r"shape \(11, 15, 3\), expected \(12, 15, 3\)"),
        (np.zeros((12, 20, 3)), r"shape \(12, 20, 3\)"),
        (
            fixture.STANDING[None].repeat(12, 0) / 1000,
            r"0\.8 mm apart in the median \(meters\?\), .*; convert them again",
        ),
        (None, "holds no poses_3d; it has other"),
    ],
)
def test_bad_converted_labels(root, poses, message):
    path = root / "converted_15j/Validate/S1/Walking_1.mat"
    scipy.io.savemat(path, {"other": 1} if poses is None else {"poses_3d": poses})
    with pytest.raises(InputError, match=rf"Walking_1\.mat: .*{message}"):
        clip(root, "S1/Walking_1_Validate.C1")


def test_converted_labels_that_are_no_matlab_file(root):
    path = root / "converted_15j/Validate/S1/Walking_1.mat"
    for content in (b"<html>", path.read_bytes()[:300], b""):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"Walking_1\.mat: cannot be read"):
            clip(root, "S1/Walking_1_Validate.C1")


def test_no_labels(root):
    shutil.rmtree(root / "converted_15j")
    with pytest.raises(
        InputError, match=r"no 3D labels of S1 Box_1, Train; expected converted_15j/Train/S1/Box_1"
    ):
        clip(root, "S1/Box_1_Train.C1")


def test_pictures_instead_of_a_video(root):
    path = root / "S1/Image_Data/Box_1_(C1).avi"
    path.unlink()
    (root / "S1/Image_Data/Box_1_(C1)").mkdir()
    with pytest.raises(InputError, match=r"a folder of pictures, expected the video .*ffmpeg"):
        clip(root, "S1/Box_1_Train.C1")


def test_wrong_roots(root, tmp_path):
    for near in (root / "S1", root / "S1/Image_Data", root.parent):
        with pytest.raises(InputError, match=rf"give {root}$"):
            open_dataset("humaneva", near)
    (tmp_path / "other/S1/Videos").mkdir(parents=True)
    with pytest.raises(InputError, match="no folder S1 or S2 or S3 of HumanEva-I in it"):
        open_dataset("humaneva", tmp_path / "other")
    with pytest.raises(InputError, match=r"npz: no such file; expected the root .* belong into it"):
        open_dataset("humaneva", tmp_path / "data_3d_humaneva15.npz")
    (tmp_path / "data_3d_humaneva15.npz").touch()
    with pytest.raises(InputError, match=r"npz: a file; expected the root of HumanEva-I, a folder"):
        open_dataset("humaneva", tmp_path / "data_3d_humaneva15.npz")
    with pytest.raises(InputError, match="no such folder"):
        open_dataset("humaneva", tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"is licensed, .* and give the root"):
        open_dataset("humaneva", None)
    assert open_dataset("humaneva", root).name == "humaneva"


def test_a_missing_subject_is_named(root):
    with pytest.raises(InputError, match=r"clips\.subjects: the data set has no S3; it has S1, S2"):
        load_manifest("humaneva-i-c").select(open_dataset("humaneva", root).clip_ids())
