"""Human3.6M's labels as VideoPose3D packs them, against the tree that they come from."""

from __future__ import annotations

import numpy as np
import pytest

from corruptbench.datasets import Needs, open_dataset
from corruptbench.datasets.human36m.tables import official
from corruptbench.errors import InputError
from corruptbench.manifest import load_manifest
from tests.fixtures.human36m import KEPT, poses, to_camera


def packed(root, subjects=("S9", "S11"), change=lambda array: array, frames=7):
    """Writes the file as VideoPose3D does; returns its path and what went in, in mm."""
    world = {
        subject: {
            name: poses(frames + i, phase=i)
            for i, name in enumerate(official().frames[subject])
            if (subject, name) != ("S11", "Directions")
        }
        for subject in subjects
    }
    meters = {
        s: {name: change((array / 1000).astype("float32")) for name, array in recordings.items()}
        for s, recordings in world.items()
    }
    path = root / "data_3d_h36m.npz"
    np.savez_compressed(path, positions_3d=meters)
    return path, world


def test_labels_are_those_of_the_tree(tmp_path):
    path, world = packed(tmp_path)
    dataset = open_dataset("human36m", path)
    ids = [c for c in dataset.clip_ids() if c.sequence == "Walking 1"]
    assert [str(c) for c in ids] == [
        f"human36m/{s}/Walking 1.{c}"
        for s in ("S11", "S9")
        for c in ("54138969", "55011271", "58860488", "60457274")
    ]
    assert len(dataset.clip_ids()) == 2 * 30 * 4
    for clip_id in ids:
        clip = dataset.load(clip_id)
        truth = world[clip_id.subject]["Walking 1"][:, KEPT]
        assert (clip.joint_set, clip.fps, clip.id.action) == ("h36m17", 50.0, "Walking")
        # coordinates below 2.048 m: half of float32's last digit is below 0.00006 mm
        assert np.abs(truth).max() < 2048
        assert 0 < np.abs(clip.joints - truth).max() < 6.2e-5
        expected = to_camera(clip_id.subject, clip_id.camera, truth)
        assert np.abs(clip.joints_camera - expected).max() < 1.1e-4
        assert not clip.video.exists()


def test_far_from_the_origin_rounding_stays_below_a_quarter_of_a_micrometer(tmp_path):
    path, world = packed(tmp_path, ("S9",), lambda a: a + np.float32([6, 6, 0]))
    dataset = open_dataset("human36m", path)
    clip = dataset.load(next(c for c in dataset.clip_ids() if c.sequence == "Photo"))
    assert np.abs(clip.joints - [6000, 6000, 0] - world["S9"]["Photo"][:, KEPT]).max() < 2 * 2.4e-4


def test_the_check_knows_what_is_usual(tmp_path):
    lengths = official().frames
    path = tmp_path / "data_3d_h36m.npz"
    one = poses(1).astype("float32") / 1000
    whole = {
        s: {n: np.repeat(one, lengths[s][n][0], axis=0) for n in lengths[s]} for s in ("S9", "S11")
    }
    del whole["S11"]["Directions"]
    whole["S9"]["Greeting"] = whole["S9"]["Greeting"][:100]
    np.savez_compressed(path, positions_3d=whole)
    needs = Needs(load_manifest("human36m-c").clips.admits, lambda _: False)
    checked = list(open_dataset("human36m", path).check(needs))
    found = [f for f in checked if f.subject in ("S9", "S11")]
    assert [(f.level, f.subject, f.what, f.found) for f in found] == [
        ("ok", "S9", "poses", "30 recordings"),
        ("differs", "S9", "labeled frames", "Greeting: 100"),
        ("ok", "S11", "poses", "29 recordings; not there and not needed: Directions"),
    ]
    assert [(f.subject, f.found) for f in checked if f.what == "subject"] == [
        (s, "not there; not needed") for s in ("S1", "S5", "S6", "S7", "S8")
    ]
    assert not [f for f in checked if f.level == "missing"]


def test_a_recording_that_is_not_there_is_an_error_not_a_clip_fewer(tmp_path):
    path, _ = packed(tmp_path)
    dataset = open_dataset("human36m", path)
    clip_id = next(
        c for c in dataset.clip_ids() if (c.subject, c.sequence) == ("S11", "Directions")
    )
    with pytest.raises(
        InputError, match=r"data_3d_h36m\.npz: positions_3d: no 'Directions' of S11"
    ):
        dataset.load(clip_id)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda a: a * 1000, r"the thigh is 424 long \(millimeters\?\), expected 0\.25 to 0\.65 m"),
        (lambda a: a * 150, r"the thigh is 63\.6 long \(pixels\?\)"),
        (
            lambda a: a[:, KEPT],
            r"float32 \(\d+, 17, 3\) \(17 joints do not tell which of the 32 they are\), "
            r"expected floats \(frames, 32, 3\)",
        ),
        (lambda a: a[..., :2], r"float32 \(\d+, 32, 2\) \(pixels\?\), expected"),
        (lambda a: (a * 1000).astype(int), r"int64 \(\d+, 32, 3\), expected floats"),
        (lambda a: a[:0], r"float32 \(0, 32, 3\), expected floats"),
        (lambda a: a[..., [0, 2, 1]] + np.float32([0, 0, 4]), r"the hips are at z = 4 m .*camera"),
        (lambda a: list(a), "no array, expected floats"),
    ],
)
def test_what_is_not_in_meters_or_not_of_32_joints(change, said, tmp_path):
    path, _ = packed(tmp_path, ("S9",), change)
    remedy = ".*: make it again with VideoPose3D's prepare_data_h36m.py, or use the original files"
    with pytest.raises(
        InputError, match=rf"data_3d_h36m\.npz: positions_3d: S9: Directions: {said}{remedy}"
    ):
        open_dataset("human36m", path)


def test_no_video_can_come_out_of_a_file_of_labels(tmp_path):
    path, _ = packed(tmp_path, ("S9",))
    dataset = open_dataset("human36m", path)
    clip = dataset.load(dataset.clip_ids()[0])
    said = (
        r"data_3d_h36m\.npz: holds labels only, .*the video of human36m/S9/.*: to build, give the"
    )
    with pytest.raises(InputError, match=said):
        clip.require_video()


def test_other_files(tmp_path):
    path = tmp_path / "data_3d_h36m.npz"
    np.savez_compressed(path, positions_2d={"S9": {}}, metadata={})
    with pytest.raises(InputError, match=r"holds positions_2d, metadata \(keypoints in pixels\)"):
        open_dataset("human36m", path)
    np.savez_compressed(path, positions_3d={"Train/S1": {"Walking 1 chunk0": np.zeros((5, 15, 3))}})
    with pytest.raises(
        InputError, match=r"subjects Train/S1; expected some of S1, S5.*another data"
    ):
        open_dataset("human36m", path)
    np.savez_compressed(path, positions_3d={"S1": {"TakingPhoto": poses(3) / 1000}})
    with pytest.raises(InputError, match=r"'TakingPhoto' is no recording.*canonical names"):
        open_dataset("human36m", path)
    path.write_bytes(b"<html>sign in</html>")
    with pytest.raises(InputError, match=r"data_3d_h36m\.npz: a web page"):
        open_dataset("human36m", path)
