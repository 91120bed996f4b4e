from __future__ import annotations

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
    # 1 m to the right and half a metre down at 5 m: 1145 / 5 and 1143.8 / 10 px from the centre
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


def test_screen_normalisation_is_that_of_videopose3d():
    corners = np.array([[0.0, 0.0], [1000.0, 1002.0], [500.0, 501.0]])
    expected = [[-1, -1.002], [1, 1.002], [0, 0]]
    assert normalize_screen(corners, 1000, 1002) == pytest.approx(np.array(expected))
