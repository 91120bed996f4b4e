"""HumanEva-I's reader on a miniature in the official layout."""

from __future__ import annotations

import re
import shutil

import cv2
import numpy as np
import pytest
import scipy.io
from scipy.spatial.transform import Rotation, Slerp

from corruptbench.datasets import open_dataset
from corruptbench.datasets.humaneva import HumanEva, mocap
from corruptbench.datasets.humaneva.calibration import read_camera
from corruptbench.datasets.humaneva.partitions import OFFICIAL
from corruptbench.datasets.humaneva.sync import common_clock
from corruptbench.errors import InputError
from corruptbench.evaluation.detections import joint_errors
from corruptbench.manifest import CLEAN, load_manifest
from corruptbench.shards.records import CellDetections
from corruptbench.video.reader import decode, windows
from tests.fixtures import humaneva as fixture


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return fixture.write_dataset(tmp_path_factory.mktemp("humaneva"))


@pytest.fixture
def root(original, tmp_path):
    """A copy that a test may spoil."""
    return shutil.copytree(original, tmp_path / "data")


def opened(root):
    return HumanEva(root, fixture.RECORDINGS, fixture.positions())


def clip(root, name):
    data = opened(root)
    return data.load(next(c for c in data.clip_ids() if str(c) == f"humaneva/{name}"))


def test_calibration_is_opencvs_model(tmp_path):
    for camera in fixture.cameras().values():
        fixture.write_camera(tmp_path / "c.cal", camera)
        numbers = np.array((tmp_path / "c.cal").read_text().split(), dtype=float)
        rotation, translation = numbers[10:19].reshape(3, 3), numbers[19:]
        found = read_camera(tmp_path / "c.cal", camera.name)
        points = fixture.STANDING + np.array([100.0, -250, 30])
        flat = np.eye(3)
        flat[0, 1] = numbers[4]  # cv2 has no skew: u = fx (x + skew y) + cx, by hand
        in_camera = points @ rotation.T + translation
        distorted, _ = cv2.projectPoints(
            in_camera, np.zeros(3), np.zeros(3), np.eye(3), numbers[5:10]
        )
        ones = np.concatenate([distorted[:, 0], np.ones((15, 1))], axis=1) @ flat.T
        expected = ones[:, :2] * numbers[:2] + numbers[2:4]
        assert np.abs(found.project(found.world_to_camera(points)) - expected).max() < 1e-9
        assert np.abs(found.position - camera.position).max() < 0.02
        assert (found.width, found.height) == (640, 480)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 2 3", "3 numbers, expected 22"),
        ("<html>log in</html>", "not a list of numbers"),
        ("1 " * 22, "numbers 11 to 19 are no rotation"),
        ("nan " * 22, "expected 22 finite"),
    ],
)
def test_bad_calibration(root, text, message):
    (root / "S1/Calibration_Data/C1.cal").write_text(text)
    with pytest.raises(InputError, match=rf"C1\.cal: .*{message}"):
        clip(root, "S1/Box_1_Train.C1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "missing; expected the synchronization of a camera"),
        ("1 2", "2 numbers, expected 3 finite ones"),
        ("<html>", "not a list of numbers"),
        ("1 2 0", "0 motion capture frames per video frame, expected about 2"),
    ],
)
def test_bad_synchronization(root, text, message):
    """The official code goes on without that stream; here the clock would be another."""
    write_mocap(root, [fixture.body()] * 60)
    path = root / "S1/Sync_Data/Walking_1_(BW2).ofs"
    path.unlink() if text is None else path.write_text(text)
    said = rf"Walking_1_\(BW2\)\.ofs: {message}.*; apply Critical_Update_OFS_files\.zip"
    with pytest.raises(InputError, match=said):
        clip(root, "S1/Walking_1_Validate.C1")


def test_clock_by_hand():
    """Tie at motion capture frame 60: the streams are there at frames 60, 61.5 and 59.25.

    The third is the earliest, so at first the starts are 1.75, 3.25 and 1, at motion capture frame
    60 - 2 (59.25 - 1) = -56.5. That is before its first frame: 57.5 / 2 = 28.75 frames later it
    begins, at the starts 30.5, 32 and 29.75.
    """
    clock = common_clock([(60, 60, 2), (50, 37, 2), (70, 81.5, 2)])
    assert clock.starts == (31, 32, 30)  # MATLAB rounds 30.5 up, Python to 30
    assert (clock.mocap_start, clock.scale) == (1, 2)
    assert clock.mocap_positions(3, 5).tolist() == [5, 7, 9]
    # The motion capture ran first: frame 1 is that of the later camera, nothing is moved.
    clock = common_clock([(1, 41, 2), (11, 41, 2.5)])
    assert clock.starts == (1, 11)
    assert (clock.mocap_start, clock.scale) == (41, 2.25)


def test_official_partition():
    """Sums that are published, no overlap, and a first frame after the five that are unusable."""
    assert len(OFFICIAL) == 15
    assert sum(r.count("Validate") for r in OFFICIAL) == 6790
    assert sum(r.count("Train") for r in OFFICIAL) == 6978
    assert all(r.validate[0] == 6 and r.validate[1] + 1 == r.train[0] for r in OFFICIAL)
    assert OFFICIAL[0].starts == (82, 81, 82)


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


def test_no_labels(root):
    shutil.rmtree(root / "converted_15j")
    with pytest.raises(
        InputError, match=r"no 3D labels of S1 Box_1, Train; expected converted_15j/Train/S1/Box_1"
    ):
        clip(root, "S1/Box_1_Train.C1")


MEASURES = {"LShoulderOffset": 800.0, "RShoulderOffset": 800.0}


def captures(folder, frames):
    """A trial of these frames, and a Static trial whose shoulder markers are 1514 mm apart."""
    ends = {"LSHO": np.array([1.0, 0, 1]), "RSHO": np.array([1515.0, 0, 1])}
    fixture.write_capture(folder / "trial.mat", frames)
    fixture.write_capture(folder / "Static.mat", [fixture.body() | ends])
    return [mocap.read_capture(folder / name) for name in ("trial.mat", "Static.mat")]


#: By hand, with 3-4-5 triangles. Torso: 500 long, half the shoulders' width 1514 / 2 - 7 = 750; it
#: leans by atan(375 / 500) from (-50, 0, 900): its upper end is (-350, 0, 1300), midway to the neck
#: (0, 0, 1400) lies the thorax. Arms: 300 long, offset 800 / 2, so they lean by atan(400 / 300):
#: from (0, 200, 1400) to (-240, 200, 1220); the elbow's marker was (180, 0, 60) from the straight
#: arm's end, so the forearm begins at (-60, 200, 1280) and goes 250 along (0.8, 0, -0.6). Legs: the
#: shank is 500 long, along the negative z axis (-0.6, 0, 0.8) that its segment has in `leaning`.
BY_HAND = [
    [-50, 0, 900], [-175, 0, 1350], [0, 200, 1400], [-150, 200, 1250], [140, 200, 1130],
    [0, -200, 1400], [-150, -200, 1250], [140, -200, 1130], [0, 100, 880], [240, 100, 560],
    [540, 100, 160], [0, -100, 880], [240, -100, 560], [540, -100, 160], [0, 0, 1716.103],
]  # fmt: skip


def test_joints_of_motion_capture_by_hand(tmp_path):
    trial, static = captures(tmp_path, [fixture.body()] * 3)
    found = mocap.joints_of(trial, static, MEASURES, np.array([1.0, 1.4, 2.0]))
    assert np.abs(found - BY_HAND).max() < 1e-9


def moved(markers, turn, shift):
    return {name: turn.apply(point) + shift for name, point in markers.items()}


def test_joints_of_motion_capture_move_with_the_body(tmp_path):
    turn, shift = Rotation.from_rotvec([0.3, -0.8, 1.9]), np.array([500.0, -90, 40])
    trial, static = captures(tmp_path, [moved(fixture.body(), turn, shift)] * 2)
    found = mocap.joints_of(trial, static, MEASURES, np.array([1.0]))[0]
    assert np.abs(found - (turn.apply(BY_HAND) + shift)).max() < 1e-9


def test_joints_between_two_frames_of_motion_capture(tmp_path):
    """Axes turn evenly, origins move on a straight line; the head shows both."""
    turn = Rotation.from_rotvec([0.2, 0.7, -0.4])
    shift = np.array([100.0, 0, 0])
    frames = [fixture.body(), moved(fixture.body(), turn, shift), fixture.body()]
    trial, static = captures(tmp_path, frames)
    share = 0.3
    found = mocap.joints_of(trial, static, MEASURES, np.array([1 + share]))[0]
    halfway = Slerp([0, 1], Rotation.concatenate([Rotation.identity(), turn]))(share)
    neck = np.array([0, 0, 1400.0])
    neck = neck + share * (turn.apply(neck) + shift - neck)
    assert found[14] == pytest.approx(neck + halfway.apply([0, 0, 316.103]), abs=1e-9)


@pytest.mark.parametrize("lost", ["RFIN", "LFRA", "T10", "PELA", "LHUO", "crooked"])
def test_frames_of_motion_capture_that_are_not_valid(tmp_path, lost):
    """A lost marker spoils the frames that it is used for: its own, and those on the way to it."""
    spoilt = fixture.body()
    if lost == "crooked":
        spoilt["HEDA"] = spoilt["HEDA"] + [0, 0, 40.0]
    else:
        spoilt[lost] = np.zeros(3)
    trial, static = captures(tmp_path, [fixture.body()] * 3 + [spoilt] + [fixture.body()] * 2)
    positions = np.array([0.5, 1.0, 2.5, 3.4, 4.0, 4.7, 5.0, 6.0, 6.5])
    found = mocap.joints_of(trial, static, MEASURES, positions)
    valid = np.isfinite(found).all(axis=(1, 2))
    # 6.0 is the last frame: its axes would need the one after it
    assert valid.tolist() == [False, True, True, False, False, False, True, False, False]
    assert np.isnan(found[~valid]).all()


def write_mocap(root, frames):
    shutil.rmtree(root / "converted_15j")
    folder = root / "S1/Mocap_Data"
    fixture.write_capture(folder / "Walking_1.mat", frames)
    fixture.write_capture(folder / "Static.mat", [fixture.body()])
    (folder / "S1.mp").write_text(
        "$LShoulderOffset = 50.5\n$RShoulderOffset = 50\n$Height = 1800\n"
    )


def test_labels_from_motion_capture(root):
    """Frame F of the clock is motion capture frame 1 + 2 (F - 1), as the .ofs files say."""
    steps = [moved(fixture.body(), Rotation.identity(), [0, 7.0 * i, 0]) for i in range(60)]
    write_mocap(root, steps)
    found = clip(root, "S1/Walking_1_Validate.C1").joints
    frames = np.arange(6, 18)
    assert np.allclose(
        found[:, 0], np.stack([-50 + 0 * frames, 14 * (frames - 1), 900 + 0 * frames], 1)
    )
    report = [f for f in opened(root).check() if f.subject == "S1" and "Walking_1" in f.found]
    assert [f.level for f in report] == ["differs", "differs"]
    assert "experimental" in report[0].found
    (root / "S1/Mocap_Data/S1.mp").write_text("$Height = 1800")
    with pytest.raises(InputError, match=r"S1\.mp: no \$LShoulderOffset"):
        clip(root, "S1/Walking_1_Validate.C1")


def test_motion_capture_out_of_time_is_refused(root):
    write_mocap(root, [fixture.body()] * 60)
    fixture.write_offsets(root / "S1/Sync_Data", fixture.RECORDINGS[0], late=3)
    with pytest.raises(
        InputError, match=r"start C1, C2, C3 at \(4, 6, 5\), published.*Critical_Upd"
    ):
        clip(root, "S1/Walking_1_Validate.C1")


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
    with pytest.raises(InputError, match="needs its root"):
        open_dataset("humaneva", None)
    assert open_dataset("humaneva", root).name == "humaneva"


def test_a_missing_subject_is_named(root):
    with pytest.raises(InputError, match=r"clips\.subjects: the data set has no S3; it has S1, S2"):
        load_manifest("humaneva-i-c").select(open_dataset("humaneva", root).clip_ids())


def amiss(root):
    return [f for f in opened(root).check() if f.level != "ok"]


def test_check_finds_nothing_amiss(root):
    assert amiss(root) == []
    kinds = {(f.subject, f.what) for f in opened(root).check()}
    assert kinds == {
        (s, w) for s in ("S1", "S2") for w in ("cameras", "videos", "synchronization", "labels")
    }


def other_camera(root):
    moved_camera = fixture.cameras()["C2"]
    moved_camera.position[0] += 5
    fixture.write_camera(root / "S1/Calibration_Data/C1.cal", moved_camera)


def short_video(root):
    chunks = fixture.encode_mpeg4([np.zeros((480, 640, 3), dtype=np.uint8)] * 19)
    fixture.write_avi(root / "S1/Image_Data/Box_1_(C2).avi", chunks)


def small_video(root):
    chunks = fixture.encode_mpeg4([np.zeros((48, 64, 3), dtype=np.uint8)] * 30)
    fixture.write_avi(root / "S1/Image_Data/Box_1_(C2).avi", chunks, (64, 48))


@pytest.mark.parametrize(
    ("spoil", "level", "what", "words"),
    [
        (lambda r: shutil.rmtree(r / "S2"), "missing", "subject", "not there"),
        (lambda r: (r / "S1/Calibration_Data/C3.cal").unlink(), "missing", "cameras", "missing"),
        (other_camera, "differs", "cameras", "C1 is .* mm from where it should"),
        (
            lambda r: (r / "S1/Image_Data/Box_1_(C1).avi").unlink(),
            "missing", "videos", r"5 files; not Box_1_\(C1\)",
        ),
        (
            lambda r: (r / "S1/Image_Data/Box_1_(C1).avi").write_text("<html>"),
            "missing", "videos", "no readable",
        ),
        (short_video, "missing", "videos", "19 frames"),
        (small_video, "missing", "videos", "64x48"),
        (
            lambda r: (r / "S1/Sync_Data/Box_1_(BW4).ofs").unlink(),
            "differs", "synchronization", "6 .ofs files",
        ),
        (
            lambda r: (r / "S1/Sync_Data/Box_1_(BW4).ofs").write_text("1 2"),
            "differs", "synchronization", "2 numbers",
        ),
        (
            lambda r: fixture.write_offsets(r / "S1/Sync_Data", fixture.RECORDINGS[0], late=2),
            "differs", "synchronization", r"Walking_1: C1, C2, C3 start at \(4, 5, 5\)",
        ),
        (
            lambda r: (r / "converted_15j/Train/S1/Box_1.mat").unlink(),
            "missing", "labels", "Box_1 Train: .*no 3D labels",
        ),
    ],
)  # fmt: skip
def test_check_names_what_is_amiss(root, spoil, level, what, words):
    spoil(root)
    (finding,) = amiss(root)
    assert (finding.level, finding.what) == (level, what)
    assert re.search(words, finding.found)
    assert finding.remedy


def grey(count):
    return [np.full((48, 64, 3), 40 + 8 * i, dtype=np.uint8) for i in range(count)]


def levels(path):
    return [round((float(f.mean()) - 40) / 8) for f in decode(path)]


def kind(packet):
    return "IPB"[packet[packet.index(b"\0\0\1\xb6") + 4] >> 6]


def empty(time):
    """A frame that holds no picture: a VOP that is "not coded" (ISO 14496-2)."""
    bits = f"0101{time % 60:06b}100111"  # P, time, marker, vop_coded = 0, padding
    return b"\0\0\1\xb6" + int(bits, 2).to_bytes(2, "big")


def packed(packets):
    """B-frames as DivX and XviD pack them: with the frame before, an empty frame in their place."""
    start = packets[0].index(b"\0\0\1\xb2")
    end = packets[0].index(b"\0\0\1", start + 4)
    out = [packets[0][:start] + b"\0\0\1\xb2DivX503b1393p" + packets[0][end:]]
    for packet in packets[1:]:
        if kind(packet) == "B":
            out[-1] += packet
            out.append(empty(0))
        else:
            out.append(packet)
    return out


def test_avi_frames_are_counted_as_the_file_does(tmp_path):
    """Plain, with B-frames, with packed ones; and with empty frames, which repeat a picture."""
    path, all_of_them = tmp_path / "x.avi", list(range(20))
    plain, with_b = fixture.encode_mpeg4(grey(20)), fixture.encode_mpeg4(grey(20), 1)
    assert [kind(p) for p in with_b[:4]] == ["I", "P", "B", "P"]
    for chunks in (plain, with_b, packed(with_b)):
        fixture.write_avi(path, chunks, (64, 48))
        assert len(chunks) == 20
        assert levels(path) == all_of_them
        window = next(iter(windows(path, 3, (48, 64), 0, 16)))
        assert round((float(window[0].mean()) - 40) / 8) == 16
    repeated = [0, 0, 0, 0, 1, 2, 3, 3, *range(4, 20)]
    holes = [empty(1), empty(2), empty(3)]
    fixture.write_avi(path, [plain[0], *holes, *plain[1:4], empty(7), *plain[4:]], (64, 48))
    assert levels(path) == repeated
    for chunks in (with_b, packed(with_b)):
        fixture.write_avi(path, [chunks[0], *holes, *chunks[1:]], (64, 48))
        assert levels(path) == [0, 0, 0, *all_of_them]
