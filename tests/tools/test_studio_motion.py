"""Motion capture of the studio generator: BVH, resampling, glitch repair."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from tools.studio.bvh import read_bvh, write_bvh
from tools.studio.motion import MotionFolder, glitch_frames, repair_glitches, resample
from tools.studio.skeleton import Motion, Skeleton, forward_kinematics

SKELETON = Skeleton(
    ("Hips", "LeftUpLeg", "LeftLeg", "LeftLegEnd", "Spine", "SpineEnd"),
    (-1, 0, 1, 2, 0, 4),
    np.array([[0, 0, 0], [90, -100, 0], [0, -400, 0], [0, -380, 0], [0, 230, 0], [0, 200, 10]])
    * 1.0,
)
LEAVES = [3, 5]


def wobble(frames: int = 61, rate_hz: float = 60.0, speed: float = 1.5) -> Motion:
    """A smooth motion: each joint swings about its own axis."""
    time = np.arange(frames)[:, None, None] / rate_hz
    axes = np.random.default_rng(3).normal(size=(1, 6, 3))
    rotvec = 0.4 * np.sin(speed * time) * axes
    rotvec[:, LEAVES] = 0.0
    root = np.concatenate([700 * time[:, 0], 900 + 0 * time[:, 0], 0 * time[:, 0]], axis=1)
    return Motion(SKELETON, rate_hz, root, rotvec, np.ones(frames, bool))


def test_forward_kinematics_of_a_quarter_turn() -> None:
    rotvec = np.zeros((1, 6, 3))
    rotvec[0, 1] = [np.pi / 2, 0, 0]
    motion = Motion(SKELETON, 60.0, np.zeros((1, 3)), rotvec, np.ones(1, bool))
    place, _ = forward_kinematics(motion)
    np.testing.assert_allclose(place[0, 2], [90, -100, -400], atol=1e-9)
    np.testing.assert_allclose(place[0, 3], [90, -100, -780], atol=1e-9)


def test_bvh_round_trip_keeps_joint_positions(tmp_path) -> None:
    motion = wobble()
    write_bvh(motion, tmp_path / "one.bvh")
    again = read_bvh(tmp_path / "one.bvh")
    assert again.skeleton.names == SKELETON.names
    assert again.skeleton.parents == SKELETON.parents
    assert again.rate_hz == pytest.approx(60.0)
    before, _ = forward_kinematics(motion)
    after, _ = forward_kinematics(again)
    np.testing.assert_allclose(after, before, atol=1e-3)


def test_bvh_reader_takes_channels_in_any_order(tmp_path) -> None:
    (tmp_path / "odd.bvh").write_text(
        "HIERARCHY\nROOT Hips\n{\n OFFSET 0 0 0\n"
        " CHANNELS 6 Yrotation Xrotation Zrotation Zposition Xposition Yposition\n"
        " End Site\n {\n OFFSET 0 1 0\n }\n}\n"
        "MOTION\nFrames: 1\nFrame Time: 0.02\n30 40 50 3 1 2\n"
    )
    motion = read_bvh(tmp_path / "odd.bvh", unit_mm=10.0)
    assert motion.skeleton.names == ("Hips", "HipsEnd")
    assert motion.rate_hz == pytest.approx(50.0)
    np.testing.assert_allclose(motion.root_mm, [[10, 20, 30]])
    expected = Rotation.from_euler("YXZ", [30, 40, 50], degrees=True).as_rotvec()
    np.testing.assert_allclose(motion.rotvec[0, 0], expected)


def test_bvh_reader_refuses_moving_bones(tmp_path) -> None:
    (tmp_path / "bad.bvh").write_text(
        "HIERARCHY ROOT A { OFFSET 0 0 0 CHANNELS 1 Xrotation JOINT B { OFFSET 0 1 0"
        " CHANNELS 1 Xposition } } MOTION Frames: 1 Frame Time: 0.02 1 2"
    )
    with pytest.raises(ValueError, match="bone lengths"):
        read_bvh(tmp_path / "bad.bvh")


def test_folder_reads_packed_and_bvh_motions(tmp_path) -> None:
    motion = wobble()
    header = {
        "rate_hz": 60,
        "names": SKELETON.names,
        "parents": SKELETON.parents,
        "offsets_mm": SKELETON.offsets_mm.tolist(),
        "sequences": [{"key": "walk", "frames": motion.frames}],
    }
    (tmp_path / "cmu_motions.json").write_text(json.dumps(header))
    np.savez(
        tmp_path / "cmu_motions_60hz.npz",
        **{"walk.root_mm": motion.root_mm, "walk.rotvec": motion.rotvec},
    )
    write_bvh(motion, tmp_path / "07_01.bvh")
    folder = MotionFolder(tmp_path)
    assert folder.keys() == ["07_01", "walk"]
    packed, _ = forward_kinematics(folder.read("walk"))
    other, _ = forward_kinematics(folder.read("07_01"))
    np.testing.assert_allclose(other, packed, atol=1e-3)
    with pytest.raises(KeyError, match="no motion called"):
        folder.read("run")


def test_an_empty_folder_is_an_error(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match="holds neither"):
        MotionFolder(tmp_path)


def test_resampling_60_to_50_is_exact_for_constant_speed() -> None:
    frames = 61
    time = np.arange(frames) / 60.0
    rotvec = np.zeros((frames, 6, 3))
    rotvec[:, 1, 0] = 1.2 * time
    root = np.stack([700 * time, 0 * time, 0 * time], axis=1)
    motion = resample(Motion(SKELETON, 60.0, root, rotvec, np.ones(frames, bool)), 50.0)
    assert motion.frames == 51
    at = np.arange(51) / 50.0
    np.testing.assert_allclose(motion.rotvec[:, 1, 0], 1.2 * at, atol=1e-12)
    np.testing.assert_allclose(motion.root_mm[:, 0], 700 * at, atol=1e-9)


def test_resampling_takes_the_shorter_way_round() -> None:
    rotvec = np.zeros((2, 6, 3))
    rotvec[0, 1, 2], rotvec[1, 1, 2] = np.radians(170), np.radians(-170)
    motion = Motion(SKELETON, 1.0, np.zeros((2, 3)), rotvec, np.ones(2, bool))
    middle = resample(motion, 2.0).rotvec[1, 1]
    assert np.linalg.norm(middle) == pytest.approx(np.pi)


def test_a_short_glitch_is_bridged() -> None:
    motion = wobble()
    broken = motion.rotvec.copy()
    broken[30:32, 1] += [2.5, 0.0, 0.0]
    damaged = Motion(SKELETON, 60.0, motion.root_mm, broken, motion.valid)
    assert glitch_frames(damaged)[29:33].any()
    mended = repair_glitches(damaged)
    assert mended.valid.all()
    before, _ = forward_kinematics(motion)
    after, _ = forward_kinematics(mended)
    assert np.abs(after - before).max() < 5.0
    assert not glitch_frames(mended).any()


def test_long_damage_is_marked_and_not_invented() -> None:
    motion = wobble()
    broken = motion.rotvec.copy()
    broken[20:40:2, 1] += [2.5, 0.0, 0.0]
    mended = repair_glitches(Motion(SKELETON, 60.0, motion.root_mm, broken, motion.valid))
    assert not mended.valid[20:39].any()
    assert mended.valid[:15].all()
    assert mended.valid[45:].all()
    assert not resample(mended, 50.0).valid[20:30].any()


def test_a_fast_but_smooth_kick_is_no_glitch() -> None:
    motion = wobble(speed=9.0)
    place, _ = forward_kinematics(motion)
    assert not glitch_frames(motion).any()
    assert repair_glitches(motion) is motion
    assert place.shape == (61, 6, 3)
