"""The studio's cameras: convention of the open folder layout, and framing."""

from __future__ import annotations

import numpy as np
import pytest

from tools.studio.cameras import CAMERAS, HEIGHT, WIDTH, look_at
from tools.studio.framing import margin_px
from tools.studio.seeds import seeded

FRONT = look_at("front", (0, -5000, 1000), (0, 0, 1000), (600.0, 600.0), (256.0, 256.0), 0.0)


def test_convention_by_hand() -> None:
    # Seen from -y: world +x is to the right, world +z is up, so v falls.
    np.testing.assert_allclose(FRONT.project(np.array([0.0, 0.0, 1000.0])), [256, 256])
    np.testing.assert_allclose(FRONT.project(np.array([500.0, 0.0, 1000.0])), [316, 256])
    np.testing.assert_allclose(FRONT.project(np.array([0.0, 0.0, 1500.0])), [256, 196])
    np.testing.assert_allclose(FRONT.rotation, [[1, 0, 0], [0, 0, -1], [0, 1, 0]], atol=1e-12)


def test_points_behind_a_camera_have_no_pixel() -> None:
    assert np.isnan(FRONT.project(np.array([0.0, -6000.0, 1000.0]))).all()


@pytest.mark.parametrize("camera", CAMERAS, ids=lambda camera: camera.name)
def test_cameras_of_the_rig(camera) -> None:
    rotation = camera.rotation
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
    assert rotation[1, 2] < -0.9, "down in the picture is down in the world"
    assert 1400 <= camera.position_mm[2] <= 1800
    assert 5000 <= np.linalg.norm(camera.position_mm[:2]) <= 6000
    u, v = camera.project(np.array([0.0, 0.0, 900.0]))
    assert abs(u - WIDTH / 2) < 15
    assert abs(v - HEIGHT / 2) < 15


def test_the_rig_looks_from_four_corners() -> None:
    corners = {tuple(np.sign(camera.position_mm[:2]).astype(int)) for camera in CAMERAS}
    assert corners == {(1, -1), (1, 1), (-1, -1), (-1, 1)}
    assert [camera.name for camera in CAMERAS] == ["cam1", "cam2", "cam3", "cam4"]


def test_margin_is_positive_in_the_middle_and_negative_far_out() -> None:
    person = np.zeros((1, 17, 3))
    person[0, :, 2] = np.linspace(0, 1800, 17)
    assert margin_px(person)[0] > 100
    assert margin_px(person + np.array([3500.0, 0, 0]))[0] < 0


def test_random_numbers_depend_on_the_name_alone() -> None:
    assert seeded("a").random() == seeded("a").random()
    assert seeded("a").random() != seeded("b").random()
