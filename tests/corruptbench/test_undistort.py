"""The script of the documentation that takes a lens out of a video, against OpenCV."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from fractions import Fraction

import cv2
import numpy as np
import pytest

from corruptbench.camera import Camera
from corruptbench.video.reader import decode, frame_rate
from corruptbench.video.writer import write_video
from tests.docs.blocks import titled
from tests.fixtures.camera_json import camera

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
