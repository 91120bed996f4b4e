from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from corruptbench.camera import Camera, normalize_screen


def camera(rotation: Rotation, position) -> Camera:
    return Camera(
        name="c", width=1000, height=1002, model="none",
        focal_length=np.array([1145.0, 1143.8]), principal_point=np.array([512.5, 515.4]),
        rotation=rotation.as_matrix(), position=np.asarray(position, dtype=np.float64),
    )  # fmt: skip


def test_projection_by_hand():
    flat = camera(Rotation.identity(), [0, 0, 0])
    # 1 m to the right and half a meter down at 5 m: 1145 / 5 and 1143.8 / 10 px from the centre
    assert flat.project(np.array([1000.0, 500.0, 5000.0])) == pytest.approx([741.5, 629.78])


def test_projection_agrees_with_opencv():
    draw = np.random.default_rng(3)
    rotation = Rotation.from_rotvec([0.3, -1.1, 0.4])
    cam = camera(rotation, [1200.0, -4000.0, 1500.0])
    points = cam.camera_to_world(draw.uniform([-900, -900, 3000], [900, 900, 6000], (50, 3)))
    matrix = np.array([[1145.0, 0, 512.5], [0, 1143.8, 515.4], [0, 0, 1]])
    shift = -cam.rotation @ cam.position
    theirs, _ = cv2.projectPoints(points, cv2.Rodrigues(cam.rotation)[0], shift, matrix, None)
    ours = cam.project(cam.world_to_camera(points))
    assert ours == pytest.approx(theirs[:, 0], rel=1e-9)


@given(st.integers(0, 2**32 - 1))
def test_world_camera_world(seed):
    draw = np.random.default_rng(seed)
    cam = camera(Rotation.random(random_state=seed), draw.uniform(-5000, 5000, 3))
    points = draw.uniform(-5000, 5000, (4, 17, 3))
    assert cam.camera_to_world(cam.world_to_camera(points)) == pytest.approx(points, rel=1e-9)


def test_points_behind_the_camera_have_no_picture():
    flat = camera(Rotation.identity(), [0, 0, 0])
    assert np.isnan(flat.project(np.array([[10.0, 10.0, -5.0], [1.0, 1.0, 0.0]]))).all()


def lens(model: str, skew: float = 0.0) -> Camera:
    """k1 = 0.1, p1 = 0.01, p2 = 0.02, 1000 px of focal length, the origin at the axis."""
    return Camera(
        name="c", width=1000, height=1000, model=model,
        focal_length=np.array([1000.0, 1000.0]), principal_point=np.zeros(2),
        rotation=np.eye(3), position=np.zeros(3),
        distortion=np.array([0.1, 0.0, 0.01, 0.02, 0.0]), skew=skew,
    )  # fmt: skip


def test_lenses_by_hand():
    # x = 0.5, y = 0.25: r2 = 0.3125, radial factor 1.03125, p1 y + p2 x = 0.0125,
    # p2 r2 = 0.00625, p1 r2 = 0.003125
    point = np.array([1000.0, 500.0, 2000.0])
    assert lens("human36m").project(point) == pytest.approx([528.125, 264.0625], abs=1e-9)
    assert lens("opencv").project(point) == pytest.approx([534.375, 267.1875], abs=1e-9)
    # a tenth of the distorted y is added to x
    assert lens("opencv", 0.1).project(point) == pytest.approx([561.09375, 267.1875], abs=1e-9)


def test_lens_of_opencv():
    draw = np.random.default_rng(5)
    points = draw.uniform([-900, -900, 3000], [900, 900, 6000], (50, 3))
    distortion = np.array([-0.21, 0.25, -0.0014, -0.001, -0.003])
    ours = replace(lens("opencv"), distortion=distortion).project(points)
    matrix = np.array([[1000.0, 0, 0], [0, 1000.0, 0], [0, 0, 1]])
    theirs, _ = cv2.projectPoints(points, np.zeros(3), np.zeros(3), matrix, distortion)
    assert ours == pytest.approx(theirs[:, 0], abs=1e-9)


def test_lens_of_human36m_by_its_definition():
    """Point by point, in plain arithmetic, with all five coefficients."""
    draw = np.random.default_rng(6)
    points = draw.uniform([-900, -900, 3000], [900, 900, 6000], (20, 3))
    k1, k2, p1, p2, k3 = distortion = (-0.21, 0.25, -0.0014, -0.001, -0.003)
    ours = replace(lens("human36m"), distortion=np.array(distortion)).project(points)
    for (px, py, pz), found in zip(points.tolist(), ours, strict=True):
        x, y = px / pz, py / pz
        r2 = x * x + y * y
        bent = 1 + k1 * r2 + k2 * r2**2 + k3 * r2**3 + (p1 * y + p2 * x)
        expected = [1000 * (x * bent + p2 * r2), 1000 * (y * bent + p1 * r2)]
        assert found == pytest.approx(expected, abs=1e-9)


def test_screen_normalisation_is_that_of_videopose3d():
    corners = np.array([[0.0, 0.0], [1000.0, 1002.0], [500.0, 501.0]])
    expected = [[-1, -1.002], [1, 1.002], [0, 0]]
    assert normalize_screen(corners, 1000, 1002) == pytest.approx(np.array(expected))
