"""`data check` of HumanEva-I finds what is missing or differs."""

from __future__ import annotations

import re
import shutil

import numpy as np
import pytest

from tests.corruptbench.humaneva.conftest import opened
from tests.fixtures import humaneva as fixture


def findings(root):
    return [f for f in opened(root).check() if f.level != "ok"]


def test_check_finds_nothing_amiss(root):
    assert findings(root) == []
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
    (finding,) = findings(root)
    assert (finding.level, finding.what) == (level, what)
    assert re.search(words, finding.found)
    assert finding.remedy
