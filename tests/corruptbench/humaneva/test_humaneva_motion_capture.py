"""Labels of HumanEva-I from its motion capture."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation, Slerp

from corruptbench.datasets.humaneva import mocap
from corruptbench.errors import InputError
from tests.corruptbench.humaneva.conftest import clip, opened, write_mocap
from tests.fixtures import humaneva as fixture

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
