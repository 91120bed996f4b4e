"""Declarations: those that people have are taken or answered with the way, others are refused."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from corruptbench.camera import Camera
from corruptbench.datasets import Dataset, open_dataset
from corruptbench.datasets.camera_json import CameraRecord
from corruptbench.datasets.dataset_json import read_record
from corruptbench.datasets.human36m.cameras import camera_of
from corruptbench.datasets.human36m.tables import CAMERAS, official
from corruptbench.errors import InputError
from corruptbench.evaluation.contract import Contract
from corruptbench.manifest import load_manifest
from corruptbench.scorable import check_scorable
from corruptbench.skeleton import JOINT_SETS, SCORED
from corruptbench.video.reader import decode, frame_rate
from corruptbench.video.writer import write_video
from tests.docs.blocks import titled
from tests.fixtures import humaneva
from tests.fixtures.folder import cameras, write_manifest

RIG = cameras(128)
CAM1 = {
    "width": 128, "height": 128, "model": "opencv", "focal_length": [150.0, 151.0],
    "principal_point": [64.0, 63.0], "rotation": RIG["cam1"].rotation.tolist(),
    "position": RIG["cam1"].position.tolist(),
}  # fmt: skip


@pytest.fixture
def mine(mini, tmp_path):
    return shutil.copytree(mini, tmp_path / "data")


def declare(root: Path, **fields: object) -> Path:
    """Other fields of dataset.json."""
    path = root / "dataset.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))
    return root


def camera(**fields: object) -> CameraRecord:
    return CameraRecord.checked(CAM1 | fields, "camera")


def refused(said: str, **fields: object) -> None:
    with pytest.raises(InputError, match=re.escape(said)) as error:
        camera(**fields)
    assert "\n" not in str(error.value)


# -- the lens --------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [4, 5, 8, 12, 14])
def test_coefficients_of_opencv(count):
    """Four have k3 = 0; the longer models with zeros are the one with five."""
    given = ([-0.2, 0.1, 0.001, -0.002, 0.03] + [0.0] * 9)[:count]
    made = camera(distortion=given).camera("cam1")
    points = np.array([[300.0, -200, 1000], [-350, 300, 900]])
    K = np.array([[150, 0, 64.0], [0, 151, 63], [0, 0, 1]])
    wanted, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), K, np.array(given))
    assert np.allclose(made.project(points), wanted[:, 0], atol=1e-9)


@pytest.mark.parametrize("count", [8, 12, 14])
def test_longer_models_are_undistorted_first(count):
    said = f"distortion: {count} numbers, a longer model than k1, k2, p1, p2, k3; undistort the "
    refused(said + "videos first, with cv2.undistort(", distortion=[0.01] * count)
    refused("'Other lenses' in docs/data.md", distortion=[0.01] * count)


@pytest.mark.parametrize(
    ("distortion", "said"),
    [
        ([[0.1, 0.1, 0.0, 0.0]], "np.ravel(distortion).tolist()"),
        ([[0.1], [0.1], [0.0], [0.0]], "np.ravel(distortion).tolist()"),
        ([0.1], "1 numbers; expected k1, k2, p1, p2, k3, or the first four with k3 = 0"),
        ([], "0 numbers; expected"),
        ([0.05, 0.06, -0.18, 0.03], "p1 or p2 beyond 0.1"),
    ],
)
def test_coefficients_that_are_none(distortion, said):
    refused(said, distortion=distortion)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("fisheye", "cv2.fisheye.undistortImage(picture, K, D, Knew=K)"),
        ("kannala-brandt", "cv2.fisheye.undistortImage"),
        ("OPENCV_FISHEYE", "cv2.fisheye.undistortImage"),
        ("omni", "or undistort with the tool that calibrated it"),
        ("FULL_OPENCV", "cv2.undistort(picture, K, distortion)"),
        ("pinhole", "expected 'none', which is the same lens"),
        ("Brown-Conrady", "expected 'opencv', which is the same lens"),
        ("OpenCV", "expected 'opencv', which is the same lens"),
    ],
)
def test_models_of_others(model, said):
    refused(said, model=model)


# -- where the camera stands -----------------------------------------------------------------------


RVEC = np.array([0.3, -0.2, 1.1])
R = cv2.Rodrigues(RVEC)[0]
TVEC = np.array([100.0, 200, 4000])
QUATERNION = [*(np.sin(np.linalg.norm(RVEC) / 2) * RVEC / np.linalg.norm(RVEC)),
              np.cos(np.linalg.norm(RVEC) / 2)]  # fmt: skip
MATRIX = np.vstack([np.column_stack([R, TVEC]), [0, 0, 0, 1]])


def said_of(**fields: object) -> str:
    with pytest.raises(InputError) as error:
        camera(**fields)
    return str(error.value)


@pytest.mark.parametrize(
    ("fields", "line", "names"),
    [
        ({"rotation": RVEC.tolist()}, r"cv2\.Rodrigues\(.*?tolist\(\)", {"rvec": RVEC}),
        ({"rotation": RVEC[None].tolist()}, r"cv2\.Rodrigues\(.*?tolist\(\)", {"rvec": RVEC[None]}),
        (
            {"rotation": RVEC[:, None].tolist()},
            r"cv2\.Rodrigues\(.*?tolist\(\)",
            {"rvec": RVEC[:, None]},
        ),
        (
            {"rotation": QUATERNION},
            r"Rotation\.from_quat.*?tolist\(\)",
            dict(zip("xyzw", QUATERNION, strict=True)),
        ),
        ({"rotation": R.ravel().tolist()}, r"np\.reshape.*?tolist\(\)", {"rotation": R.ravel()}),
        ({"rotation": MATRIX.tolist()}, r"M\[:3, :3\]\.tolist\(\)", {"M": MATRIX}),
        ({"rotation": MATRIX[:3].tolist()}, r"M\[:3, :3\]\.tolist\(\)", {"M": MATRIX}),
        ({"rvec": RVEC.tolist()}, r"cv2\.Rodrigues\(.*?tolist\(\)", {"rvec": RVEC}),
    ],
)
def test_the_line_makes_the_rotation(fields, line, names):
    from scipy.spatial.transform import Rotation

    code = re.search(line, said_of(**fields))[0]
    found = eval(code, {"np": np, "cv2": cv2, "Rotation": Rotation} | names)
    assert np.allclose(camera(rotation=found).rotation, R, atol=1e-9)


@pytest.mark.parametrize("name", ["tvec", "translation", "t", "T"])
def test_the_line_makes_the_position(name):
    """The world's origin is at `tvec` in camera axes."""
    code = re.search(r"\(-R\.T @ tvec\)\.tolist\(\)", said_of(**{name: TVEC.tolist()}))[0]
    made = camera(rotation=R.tolist(), position=eval(code, {"R": R, "tvec": TVEC})).camera("c")
    assert np.allclose(made.world_to_camera(np.zeros(3)), TVEC)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("K", [[150, 0, 64], [0, 150, 64], [0, 0, 1]], "focal_length is [K[0][0], K[1][1]]"),
        ("matrix", [[150, 0, 64], [0, 150, 64], [0, 0, 1]], "[K[0][2] + 0.5, K[1][2] + 0.5]"),
        ("intrinsics", {}, "focal_length is [K[0][0]"),
        ("camera_matrix", {}, "focal_length is [K[0][0]"),
        ("focal_length", 150, "one number; expected [fx, fy] in pixels"),
        ("focal_length", [[1, 0, 0], [0, 1, 0], [0, 0, 1]], "a matrix K; expected two numbers"),
        ("principal_point", [[1, 0, 0], [0, 1, 0], [0, 0, 1]], "a matrix K; expected two numbers"),
        ("position", [[1], [2], [3]], "np.ravel(position).tolist()"),
        ("focalLength", [150, 150], "rename it to focal_length"),
        ("focal_lenght", [150, 150], "did you mean focal_length?"),
        ("fx", 150, "focal_length is [fx, fy] in pixels"),
        ("focalLengthU", 9600, "[focalLengthU / 64, focalLengthV / 64]"),
        ("distortions", [0, 0, 0, 0, 0], "it is distortion"),
        ("dist_coeffs", [0, 0, 0, 0, 0], "it is distortion"),
        ("R", R.tolist(), "it is rotation, 3 x 3, from world to camera axes"),
        (
            "extrinsics",
            MATRIX.tolist(),
            "rotation is M[:3, :3].tolist() and position (-M[:3, :3].T",
        ),
        ("P", MATRIX[:3].tolist(), "cv2.decomposeProjectionMatrix(P)"),
        ("size", [128, 128], "give width and height"),
        ("name", "cam1", "the key of the camera is its name"),
        ("fisheye", False, "remove it if it is false"),
        ("remark", "by the door", "expected width, height, model"),
    ],
)
def test_names_and_forms_of_others(field, value, said):
    refused(said, **{field: value})


# -- what no camera can be -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"width": 1088, "height": 1920, "focal_length": [9.31, 9.31]}, "span 179 degrees"),
        ({"width": 1920, "height": 1080, "focal_length": [50.0, 50.0]}, "span 174 degrees"),
        ({"focal_length": [1.2, 1.2]}, "span 178 degrees"),
        ({"focal_length": [1e5, 1e5]}, "span 0.0733 degrees"),
        ({"focal_length": [1500.0, 150.0]}, "are too different"),
        ({"principal_point": [0.5, 0.5]}, "is the corner"),
        ({"principal_point": [4110.3, 3980.8]}, "is far outside of 128x128"),
        ({"position": [0, 5.4e9, 0]}, "more than 10 km off"),
        ({"position": [0, float("nan"), 0]}, "finite number"),
    ],
)
def test_cameras_that_cannot_be(fields, said):
    refused(said, **fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"width": 1920, "height": 1080, "focal_length": [500.0, 500.0]},  # 125 degrees
        {"width": 1920, "height": 1080, "focal_length": [60000.0, 60000.0]},  # a telephoto lens
        {"width": 720, "height": 288, "focal_length": [1000.0, 480.0]},  # half of the lines
        {"width": 512, "height": 512, "principal_point": [-1408.0, 300.0]},  # a part of a picture
        {"position": [250_000.0, -40_000.0, 30_000.0]},  # a stadium
    ],
)
def test_cameras_that_people_have(fields):
    assert camera(**fields).camera("cam1").width


@pytest.mark.parametrize("name", CAMERAS)
def test_the_cameras_of_human36m_can_be_declared(name):
    """In all places in which they stood: none is beyond a limit."""
    for subject in official().heights:
        real = camera_of(official().w0, subject, name)
        values = {k: v for k, v in asdict(real).items() if k != "name"}
        arrays = {k: v.tolist() for k, v in values.items() if isinstance(v, np.ndarray)}
        made = camera(**(values | arrays)).camera(name)
        assert np.array_equal(made.rotation, real.rotation)


# -- dataset.json ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"joints": "coco17"}, "joints: no lifter gives coco17"),
        ({"joints": "coco17"}, "expected h36m17 or humaneva15"),
        ({"fps": 1e9}, "fps: .*less than or equal to 100000"),
        ({"fps": 0.001}, r"fps: .*greater than or equal to 0\.01"),
        ({"cameras": {}}, "cameras: .*at least 1"),
        ({"sequences": {}}, "sequences: .*at least 1"),
        ({"sequences": {"A1": {}}}, r"sequences\.A1: .*at least 1"),
        ({"sequences": {"A1": {"walk": "w", "Walk": "w"}}}, "walk and Walk differ in case only"),
        ({"sequences": {"A1": {"w": "w"}, "a1": {"w": "w"}}}, "A1 and a1 differ in case only"),
        ({"cameras": {"cam1": CAM1, "CAM1": CAM1}}, "cam1 and CAM1 differ in case only"),
        ({"units": "m"}, "units: expected 'mm': multiply .*by 1000 .*found 'm'"),
        ({"license": "CC0"}, r"json: license: no field of dataset\.json; it is licence"),
        ({"frame_rate": 50}, "frame_rate: .*it is fps"),
        ({"subject_cameras": {"B7": {"cam1": CAM1}}}, "B7 is not in sequences; expected .* A1, A2"),
        ({"subject_cameras": {"A1": {"c": CAM1}}}, "subject_cameras.A1: c is not in cameras"),
        (
            {"subject_cameras": {"A1": {"cam1": CAM1 | {"K": 1}}}},
            "A1.cam1: K: no field of a camera",
        ),
    ],
)
def test_what_can_never_be_scored(fields, said, mine):
    with pytest.raises(InputError, match=said):
        read_record(declare(mine, **fields))


def test_a_name_that_is_there_twice(mine):
    """JSON takes the last one and is silent about the first."""
    path = mine / "dataset.json"
    path.write_text(path.read_text().replace('"cam2"', '"cam1"'))
    with pytest.raises(InputError, match=r"dataset\.json: cam1 is there twice in one object"):
        read_record(mine)


# -- endings of videos -----------------------------------------------------------------------------


def convert(path: Path, ending: str, codec: str) -> Path:
    """The same pictures at the same rate in another container."""
    target = path.with_name(path.stem + ending)
    with av.open(str(target), "w") as container:
        stream = container.add_stream(codec, rate=frame_rate(path))
        stream.width = stream.height = 128
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for frame in decode(path):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    path.unlink()
    return target


ENDINGS = [
    (".avi", "mjpeg"), (".AVI", "mjpeg"), (".mov", "libx264"), (".MOV", "libx264"),
    (".mkv", "libx264"), (".MKV", "libx264"), (".MP4", "libx264"),
]  # fmt: skip


@pytest.mark.parametrize(("ending", "codec"), ENDINGS)
def test_other_endings(ending, codec, mine, cli):
    made = convert(mine / "videos/A1/step_1.cam1.mp4", ending, codec)
    dataset = open_dataset("folder", mine)
    clip = dataset.load(next(iter(dataset.clip_ids())))
    assert clip.video == made
    clip.require_video()
    assert sum(1 for _ in decode(clip.video)) == 10
    records = json.loads(cli("data", "check", "folder", "--root", mine, "--json").out)
    assert not [r for r in records if r["level"] == "missing"]
    assert {r["found"] for r in records if r["what"] == "videos"} >= {"4 files", "2 files"}


def test_two_videos_of_one_clip(mine, cli):
    video = mine / "videos/A1/step_1.cam1.mp4"
    shutil.copy(video, video.with_suffix(".avi"))
    dataset = open_dataset("folder", mine)
    clip = next(iter(dataset.clip_ids()))
    said = r"videos/A1: 'step_1\.cam1\.mp4' and 'step_1\.cam1\.avi' are both the video of mini/A1"
    with pytest.raises(InputError, match=said):
        dataset.load(clip)
    done = cli("data", "check", "folder", "--root", mine, "--json")
    (bad,) = [r for r in json.loads(done.out) if r["level"] != "ok"]
    assert (done.code, bad["level"], bad["what"]) == (2, "missing", "videos")
    assert "'step_1.cam1.mp4' and 'step_1.cam1.avi'" in bad["found"]


def test_two_names_of_one_file(mine):
    """As on a system that ignores case."""
    video = mine / "videos/A1/step_1.cam1.mp4"
    video.with_suffix(".MP4").hardlink_to(video)
    dataset = open_dataset("folder", mine)
    assert dataset.load(next(iter(dataset.clip_ids()))).video == video


# -- a calibration for each subject ----------------------------------------------------------------


def test_a_camera_of_a_subject(mine):
    """It has another place, lens and size; other subjects and cameras keep theirs."""
    other = CAM1 | {"width": 200, "height": 160, "distortion": [-0.1, 0.0, 0.0, 0.0]}
    dataset = open_dataset("folder", declare(mine, subject_cameras={"A2": {"cam1": other}}))
    found = {(c.subject, c.camera): dataset.load(c).camera for c in dataset.clip_ids()}
    assert {k: v.width for k, v in found.items()} == {
        ("A1", "cam1"): 128, ("A1", "cam2"): 128, ("A2", "cam1"): 200, ("A2", "cam2"): 128,
    }  # fmt: skip
    assert found["A2", "cam1"].distortion.tolist() == [-0.1, 0, 0, 0, 0]


def test_boxes_reach_as_far_as_the_subjects_picture(mine):
    """Boxes are looked at against the size of the picture that they are in."""
    path = mine / "labels/A2.parquet"
    table = pq.read_table(path)
    table = table.append_column("box.cam1", [[[0.0, 0.0, 9000.0, 2000.0]] * table.num_rows])
    pq.write_table(table, path)
    clip = next(c for c in open_dataset("folder", mine).clip_ids() if c.subject == "A2")
    with pytest.raises(InputError, match=r"box\.cam1: the box"):
        open_dataset("folder", mine).load(clip)
    large = CAM1 | {"width": 3000, "height": 2000, "focal_length": [2400.0, 2400.0]}
    declare(mine, subject_cameras={"A2": {"cam1": large}})
    assert open_dataset("folder", mine).load(clip).boxes[0, 2] == 9000


def test_the_check_uses_the_subjects_cameras(mine, cli):
    """For the size of videos, and for what the camera sees."""
    away = CAM1 | {"width": 200, "position": [0, 90_000, 0]}
    declare(mine, subject_cameras={"A2": {"cam1": away}})
    done = cli("data", "check", "folder", "--root", mine, "--json")
    bad = {(r["subject"], r["what"]) for r in json.loads(done.out) if r["level"] != "ok"}
    assert bad >= {("A2", "videos"), ("A2", "cameras")}
    assert {subject for subject, _ in bad} == {"A2"}


# -- manifests -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"h36m17"', '"coco17"', r"scoring\.joints: no lifter gives coco17"),
        ('"h36m17"', '"smpl24"', r"scoring\.joints: unknown joint set"),
        ("root_joint = 0", "root_joint = 17", r"scoring\.root_joint: found 17, expected .*0 to 16"),
        ("root_joint = 0", "root_joint = -1", r"scoring\.root_joint"),
        ('["A1", "A2"]', "[]", r"clips\.subjects: .*at least 1"),
        ("[crop]", "sequences = []\n[crop]", r"clips\.sequences: .*at least 1"),
        ("[crop]", "actions = []\n[crop]", r"clips\.actions: .*at least 1"),
        ("[crop]", "cameras = []\n[crop]", r"clips\.cameras: .*at least 1"),
    ],
)
def test_manifests_that_can_never_be_scored(old, new, said, tmp_path):
    with pytest.raises(InputError, match=said):
        load_manifest(str(write_manifest(tmp_path / "mine.toml", **{old: new})))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"h36m17"', '"humaneva15"', r"scoring\.joints: found 'humaneva15', .*mini are 'h36m17'"),
        ('"ground-truth"', '"published"', r"crop\.boxes: found 'published', but mini publishes no"),
        ("[crop]", 'exclude = ["A1/Step_1"]\n[crop]', r"no 'A1/Step_1'; .*mean 'A1/step_1'\?"),
        ("[crop]", 'exclude = ["A1/step_1.3"]\n[crop]', r"no 'A1/step_1\.3'"),
        ("[crop]", 'exclude = ["A1"]\n[crop]', r"clips\.exclude: .*<subject>/<sequence>"),
    ],
)
def test_a_manifest_that_does_not_fit_the_data(old, new, said, mini, tmp_path):
    manifest = load_manifest(str(write_manifest(tmp_path / "mine.toml", **{old: new})))
    with pytest.raises(InputError, match=f"manifest mini-c: .*{said}"):
        check_scorable(manifest, open_dataset("folder", mini))


def test_a_build_looks_first(mini, tmp_path, cli):
    path = write_manifest(tmp_path / "mine.toml", **{'"h36m17"': '"humaneva15"'})
    done = cli("build", "--manifest", path, "--root", mini, "--out", tmp_path / "out")
    assert done.code == 2
    assert "scoring.joints: found 'humaneva15'" in done.err


def test_manifests_that_fit(mini, mini_manifest, tmp_path):
    text = 'exclude = ["A1/step_1", "A1/sway_1.cam2"]\n[crop]'
    mine = load_manifest(str(write_manifest(tmp_path / "mine.toml", **{"[crop]": text})))
    folder, studio = open_dataset("folder", mini), open_dataset("studio", None)
    eva: Dataset = open_dataset("humaneva", humaneva.write_dataset(tmp_path / "eva"))
    for manifest, dataset in (
        (mine, folder), (load_manifest(str(mini_manifest)), folder),
        (load_manifest("studio-c"), studio), (load_manifest("humaneva-i-c"), eva),
    ):  # fmt: skip
        check_scorable(manifest, dataset)


def test_one_list_of_joint_sets():
    """A set can be scored exactly if a contract may declare it."""
    allowed = Contract.model_json_schema()["properties"]["joints"]["enum"]
    assert list(SCORED) == allowed
    assert set(SCORED) < set(JOINT_SETS)


# -- other lenses: the script of the documentation -------------------------------------------------


SIZE = (320, 240)
MATRIX_K = np.array([[260.0, 0, 162.3], [0, 262.0, 118.6], [0, 0, 1]])
LENSES = {
    "eight": (False, np.array([0.21, -0.08, 0.0009, -0.0016, 0.01, 0.5, -0.1, 0.02])),
    "fourteen": (False, np.array([-0.2, 0.05, 0, -0.001, 0, 0, 0, 0.1, .002, 0, 0, 0, .01, 0])),
    "fisheye": (True, np.array([0.08, -0.02, 0.01, -0.002])),
}  # fmt: skip


def bent(points: np.ndarray, fisheye: bool, lens: np.ndarray) -> np.ndarray:
    """(N, 2) px of OpenCV of points (N, 3) in camera axes."""
    project = cv2.fisheye.projectPoints if fisheye else cv2.projectPoints
    shaped = points[:, None] if fisheye else points
    return project(shaped, np.zeros(3), np.zeros(3), MATRIX_K, lens)[0].reshape(-1, 2)


def spot(at: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8: a smooth spot, its center at px of OpenCV."""
    y, x = np.mgrid[: SIZE[1], : SIZE[0]]
    light = 30 + 200 * np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * 4.0**2))
    return np.repeat(light.astype(np.uint8)[..., None], 3, axis=2)


def center(picture: np.ndarray) -> np.ndarray:
    """(2,) px from the picture's corner: the middle of the light."""
    light = np.clip(picture.mean(axis=2) - 60, 0, None)
    y, x = np.mgrid[: SIZE[1], : SIZE[0]] + 0.5
    return np.array([(light * x).sum(), (light * y).sum()]) / light.sum()


@pytest.mark.parametrize("lens", LENSES)
def test_undistorted_videos_have_the_printed_camera(lens, tmp_path):
    fisheye, numbers = LENSES[lens]
    points = np.array([[0, 0, 1], [0.3, 0.2, 1], [-0.3, 0.1, 1], [0.25, -0.3, 1], [-0.4, -0.3, 1]])
    pictures = [spot(at) for at in bent(points, fisheye, numbers)]
    write_video(tmp_path / "in.mp4", pictures, Fraction(30000, 1001))
    script = titled("docs/data.md", "undistort.py")
    for name, value in (
        ("FISHEYE", fisheye), ("SIZE", SIZE),
        ("K", f"np.array({MATRIX_K.tolist()})"), ("DISTORTION", f"np.array({numbers.tolist()})"),
    ):  # fmt: skip
        script, count = re.subn(rf"(?m)^{name} = .*$", f"{name} = {value}", script)
        assert count == 1, name
    (tmp_path / "undistort.py").write_text(script)
    words = [sys.executable, tmp_path / "undistort.py", tmp_path / "in.mp4", tmp_path / "out.mp4"]
    done = subprocess.run(words, capture_output=True, check=True, text=True)
    entry = json.loads(done.stdout)
    made: Camera = camera(**entry).camera("cam1")
    wanted = made.project(points)
    found = list(decode(tmp_path / "out.mp4"))
    assert frame_rate(tmp_path / "out.mp4") == Fraction(30000, 1001)
    assert len(found) == len(points)
    apart = np.linalg.norm([center(p) for p in found] - wanted, axis=1)
    assert np.linalg.norm(bent(points, fisheye, numbers) + 0.5 - wanted, axis=1).max() > 2
    assert apart.max() < 0.15, apart


def test_labels_are_where_the_docs_say():
    """The converted camera gives OpenCV's own pixels: half a pixel is added, and no more."""
    wanted, _ = cv2.projectPoints(np.zeros((1, 3)), RVEC, TVEC, MATRIX_K, np.zeros(5))
    made = camera(
        rotation=R.tolist(), position=(-R.T @ TVEC).tolist(),
        focal_length=[MATRIX_K[0][0], MATRIX_K[1][1]],
        principal_point=[MATRIX_K[0][2] + 0.5, MATRIX_K[1][2] + 0.5],
    ).camera("cam1")  # fmt: skip
    assert np.allclose(made.project(made.world_to_camera(np.zeros(3))), wanted[0, 0] + 0.5)
