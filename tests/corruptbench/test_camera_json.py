"""Cameras as other tools write them are taken or answered with the way; others are refused."""

from __future__ import annotations

import re
from dataclasses import asdict

import cv2
import numpy as np
import pytest

from corruptbench.datasets.human36m.cameras import camera_of
from corruptbench.datasets.human36m.tables import CAMERAS, official
from corruptbench.errors import InputError
from tests.fixtures.camera_json import camera


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


def test_labels_are_where_the_docs_say():
    """The converted camera gives OpenCV's own pixels: half a pixel is added, and no more."""
    K = np.array([[260.0, 0, 62.3], [0, 262.0, 58.6], [0, 0, 1]])
    wanted, _ = cv2.projectPoints(np.zeros((1, 3)), RVEC, TVEC, K, np.zeros(5))
    made = camera(
        rotation=R.tolist(), position=(-R.T @ TVEC).tolist(),
        focal_length=[K[0][0], K[1][1]],
        principal_point=[K[0][2] + 0.5, K[1][2] + 0.5],
    ).camera("cam1")  # fmt: skip
    assert np.allclose(made.project(made.world_to_camera(np.zeros(3))), wanted[0, 0] + 0.5)


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
