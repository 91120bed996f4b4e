"""Calibration, synchronization and official partition of HumanEva-I."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from corruptbench.datasets.humaneva.calibration import read_camera
from corruptbench.datasets.humaneva.partitions import OFFICIAL
from corruptbench.datasets.humaneva.sync import common_clock
from corruptbench.errors import InputError
from tests.corruptbench.humaneva.conftest import clip, write_mocap
from tests.fixtures import humaneva as fixture


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
