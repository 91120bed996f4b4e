"""Human3.6M's labels out of MotionBERT's pickle: cameras' pixels in, the world's joints out."""

from __future__ import annotations

import pickle
from dataclasses import replace

import cv2
import numpy as np
import pandas as pd
import pytest

from corruptbench.camera import Camera
from corruptbench.datasets import ClipId, open_dataset
from corruptbench.datasets.human36m.tables import official
from corruptbench.errors import InputError
from corruptbench.formats.h36m_toolbox import clip_of
from corruptbench.manifest import load_manifest
from corruptbench.triangulation import reprojection_error, triangulate
from tests.corruptbench.test_convert import write_shards
from tests.fixtures.folder import write_manifest
from tests.fixtures.human36m import CAMERAS, KEPT, numbers, poses, to_camera, to_picture

FRAMES = 7
#: No two people have bones of the same lengths.
STATURE = {"S1": 0.96, "S9": 1.0, "S11": 1.03}


def walk(subject, frames=FRAMES, phase=0.0):
    """(F, 17, 3) world mm."""
    return poses(frames, phase)[:, KEPT] * STATURE[subject]


def bent(subject, camera, world):
    """Pixels by Human3.6M's lens."""
    return to_picture(camera, to_camera(subject, camera, world))


def straight(subject, camera, world):
    """Pixels by no lens at all."""
    seen = to_camera(subject, camera, world)
    fx, fy, cx, cy = np.reshape(numbers()[264:], (4, 9))[CAMERAS.index(camera)][:4]
    return seen[..., :2] / seen[..., 2:] * (fx, fy) + (cx, cy)


def source_of(*clip):
    """The name that the toolboxes give to subject, recording and camera."""
    names = (
        f"s_{clip[0][1:]:0>2}_act_{act:02d}_subact_{sub:02d}_ca_{camera:02d}"
        for act in range(2, 17)
        for sub in (1, 2)
        for camera in range(1, 5)
    )
    return next(name for name in names if clip_of(name, official().frames, CAMERAS) == clip)


def columns(worlds, seen=bent, dtype=np.float64, cameras=CAMERAS):
    """The columns that are read, of recordings {(subject, sequence): world}."""
    test = {"joint3d_image": [], "source": [], "camera_name": []}
    for (subject, sequence), world in worlds.items():
        for camera in cameras:
            test["source"] += [source_of(subject, sequence, camera)] * len(world)
            test["camera_name"] += [camera] * len(world)
            depth = np.full((len(world), 17, 1), 1e9)  # not to be looked at
            test["joint3d_image"] += [
                np.concatenate([seen(subject, camera, world), depth], axis=-1)
            ]
    test["joint3d_image"] = np.concatenate(test["joint3d_image"]).astype(dtype)
    return test


def write(tmp_path, test, **splits):
    path = tmp_path / "h36m_sh_conf_cam_source_final.pkl"
    path.write_bytes(pickle.dumps({"test": test, **splits}))
    return path


#: Some other 17 joints: nose and head stand where hips and knees should.
OTHER_ORDER = [0, 9, 10, 3, 9, 10, *range(6, 17)]

TWO = {("S9", "Walking 1"): walk("S9"), ("S11", "Photo"): walk("S11", 9, 2.0)}


def clips(path):
    dataset = open_dataset("human36m", path)
    return {
        (s, q, c): dataset.load(ClipId("human36m", s, q, c, q.partition(" ")[0]))
        for s, q in TWO
        for c in CAMERAS
    }


@pytest.mark.parametrize("seen", [bent, straight])
@pytest.mark.parametrize(("dtype", "mm"), [(np.float64, 1e-6), (np.float32, 1e-3)])
def test_labels_are_the_joints_that_were_projected(seen, dtype, mm, tmp_path):
    found = clips(write(tmp_path, columns(TWO, seen, dtype)))
    for (subject, sequence, camera), clip in found.items():
        world = TWO[subject, sequence]
        assert clip.joints.shape == world.shape
        assert np.abs(clip.joints - world).max() < mm
        # Whatever lens the pickle was made with, the camera is Human3.6M's own.
        expected = bent(subject, camera, world)
        assert np.abs(clip.keypoints - expected).max() < mm
        assert (clip.joint_set, clip.fps, clip.video.exists()) == ("h36m17", 50.0, False)
        with pytest.raises(InputError, match=r"final\.pkl: holds labels only, .*to build, give"):
            clip.require_video()


def test_subjects_and_recordings_are_the_official_ones(tmp_path):
    train = columns({("S1", "Eating 2"): walk("S1")})
    dataset = open_dataset("human36m", write(tmp_path, columns(TWO), train=train))
    ids = dataset.clip_ids()
    assert {c.subject for c in ids} == {"S1", "S9", "S11"}
    assert len(ids) == 4 * sum(len(official().frames[s]) for s in ("S1", "S9", "S11"))
    clip = dataset.load(ClipId("human36m", "S1", "Eating 2", CAMERAS[0], "Eating"))
    assert np.abs(clip.joints - walk("S1")).max() < 1e-6
    with pytest.raises(InputError, match=r"S9: Eating: seen by no camera, expected at least 3 of"):
        dataset.load(ClipId("human36m", "S9", "Eating", CAMERAS[0], "Eating"))


def test_rows_after_the_official_labels_are_not_used(tmp_path):
    """S9's "Walking" has fewer labels than its video has frames; the pickle has rows for all."""
    counted = official().frames["S9"]["Walking"][0]
    world = np.repeat(walk("S9", 1), counted + 5, axis=0)
    world[counted:] += 100
    dataset = open_dataset("human36m", write(tmp_path, columns({("S9", "Walking"): world})))
    clip = dataset.load(ClipId("human36m", "S9", "Walking", CAMERAS[1], "Walking"))
    assert len(clip.joints) == counted
    assert np.abs(clip.joints[-1] - world[0]).max() < 1e-6


def late(test):
    """The second camera's rows are a frame late."""
    rows = [i for i, s in enumerate(test["source"]) if s == "s_09_act_14_subact_01_ca_02"]
    test["joint3d_image"][rows[1:]] = test["joint3d_image"][rows[:-1]]


def swapped(test):
    """Two cameras are taken for each other."""
    names = {"ca_01": "ca_02", "ca_02": "ca_01"}
    test["source"] = [s[:-5] + names.get(s[-5:], s[-5:]) for s in test["source"]]
    del test["camera_name"]


def half_a_pixel(test):
    """Another origin of the pixels."""
    test["joint3d_image"][..., :2] += 0.5


def scaled(test):
    """Pictures of another size."""
    test["joint3d_image"][..., :2] *= 0.999


def lost(test):
    """A joint that is not a number."""
    test["joint3d_image"][1, 5, 0] = np.nan


@pytest.mark.parametrize("change", [late, swapped, half_a_pixel, scaled, lost])
def test_what_the_cameras_do_not_agree_on_is_refused(change, tmp_path):
    test = columns(TWO)
    change(test)
    path = write(tmp_path, test)
    said = r"final\.pkl: S9: Walking 1: its 4 cameras disagree.*expected at most 0\.01.*data_3d"
    with pytest.raises(InputError, match=said):
        clips(path)


def test_the_check_states_the_residual(tmp_path, cli):
    path = write(tmp_path, columns(TWO, dtype=np.float32))
    judged = [f for f in open_dataset("human36m", path).check() if f.what == "projection"]
    assert [(f.level, f.subject) for f in judged] == [("ok", "S9"), ("ok", "S11")]
    assert all("lens model 'human36m'" in f.found for f in judged)
    test = columns(TWO)
    half_a_pixel(test)
    done = cli("data", "check", "human36m", "--root", write(tmp_path, test), "--json")
    assert done.code == 2
    assert "cameras disagree" in done.out


def test_too_few_cameras(tmp_path):
    three = clips(write(tmp_path, columns(TWO, cameras=CAMERAS[:3])))
    for (subject, sequence, _), clip in three.items():
        assert np.abs(clip.joints - TWO[subject, sequence]).max() < 1e-6
    with pytest.raises(
        InputError, match=r"Walking 1: seen by 54138969, 55011271, expected at least 3 of"
    ):
        clips(write(tmp_path, columns(TWO, cameras=CAMERAS[:2])))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.pop("source"), r"holds test, .*; expected MotionBERT's pickle"),
        (
            lambda t: t.update(joint3d_image=t["joint3d_image"][:, :15]),
            r"joint3d_image: float64 of shape \(64, 15, 3\), expected numbers \(64, 17, 2 or 3\)",
        ),
        (
            lambda t: t.update(source=t["source"][1:]),
            r"of shape \(64, 17, 3\), expected numbers \(63, 17, 2 or 3\): one row for each name",
        ),
        (
            lambda t: t.update(joint3d_image=t["joint3d_image"].tolist()),
            r"test: joint3d_image: a list, expected numbers \(64, 17, 2 or 3\)",
        ),
        (lambda t: t.update(source=3), r"test: source: a int, expected a list of texts"),
        (
            lambda t: t["camera_name"].pop(),
            r"test: camera_name: 63 rows, expected 64, one for each source",
        ),
        (
            lambda t: t["camera_name"].__setitem__(3, "55011271"),
            r"camera_name of source 's_09_act_14_subact_01_ca_01': 55011271, expected 54138969",
        ),
        (
            lambda t: t.update(joint3d_image=t["joint3d_image"][:, OTHER_ORDER]),
            r"S9: Walking 1: joint3d_image: the thigh is",
        ),
    ],
)
def test_what_is_no_such_file(change, said, tmp_path):
    test = columns(TWO)
    change(test)
    with pytest.raises(InputError, match=said):
        clips(write(tmp_path, test))


def test_a_universal_skeleton_is_refused(tmp_path):
    worlds = {("S9", "Walking 1"): walk("S9"), ("S11", "Photo"): walk("S9", 9)}
    with pytest.raises(InputError, match=r"bones of two subjects have the same lengths"):
        clips(write(tmp_path, columns(worlds)))


class Evil:
    def __reduce__(self):
        return print, ("run",)


def test_a_pickle_that_would_run_something(tmp_path, capsys):
    path = write(tmp_path, columns(TWO) | {"action": Evil()})
    with pytest.raises(InputError, match=r"final\.pkl: .*print"):
        open_dataset("human36m", path)
    assert "run" not in capsys.readouterr().out


def test_a_result_is_the_same_as_with_the_labels_of_videopose3d(tiny_lifter, tmp_path, cli):
    packed = tmp_path / "data_3d_h36m.npz"
    worlds = {s: {q: poses(FRAMES) * STATURE[s] / 1000} for s, q in TWO}
    np.savez_compressed(packed, positions_3d=worlds)
    names = sorted({q for _, q in TWO})
    others = [f"{s}/{q}" for s in worlds for q in names if (s, q) not in TWO]
    manifest = write_manifest(
        tmp_path / "m.toml",
        **{
            '"folder"': '"human36m"',
            'subjects = ["A1", "A2"]': f'subjects = ["S9", "S11"]\nsequences = {names}\n'
            f"exclude = {others}",
        },
    )
    shards = write_shards(
        open_dataset("human36m", packed), load_manifest(str(manifest)), tmp_path / "shards"
    )
    pickled = write(tmp_path, columns({key: walk(key[0]) for key in TWO}, dtype=np.float32))
    errors = []
    for root in (packed, pickled):
        words = ("--shards", shards, "--root", root, "--manifest", manifest, "--out", tmp_path)
        done = cli("evaluate", tiny_lifter, *words)
        assert done.code == 0, done.err
        errors.append(pd.read_parquet(tmp_path / "tiny.clips.parquet"))
    assert len(errors[0]) == 2 * 4 * 3  # recordings, cameras, cells
    for metric in ("mpjpe", "p_mpjpe", "mpjve"):
        assert np.abs(errors[0][metric] - errors[1][metric]).max() < 1e-3


# -- triangulation ---------------------------------------------------------------------------------


def two_cameras():
    cameras = []
    for camera in CAMERAS[:2]:
        path = ClipId("human36m", "S9", "Walking 1", camera, "Walking")
        cameras.append(open_camera(path))
    return cameras


def open_camera(clip: ClipId) -> Camera:
    from corruptbench.datasets.human36m.cameras import camera_of

    return camera_of(official().w0, clip.subject, clip.camera)


def test_triangulation_agrees_with_opencv():
    """Without a lens, on rays that meet, any method gives the one point; ours and OpenCV's DLT."""
    cameras = [replace(c, model="none") for c in two_cameras()]
    world = walk("S9").reshape(-1, 3)
    pixels = np.stack([c.project(c.world_to_camera(world)) for c in cameras])
    matrices = [
        np.array([[c.focal_length[0], 0, c.principal_point[0]],
                  [0, c.focal_length[1], c.principal_point[1]], [0, 0, 1]])
        @ np.hstack([c.rotation, -c.rotation @ c.position[:, None]])
        for c in cameras
    ]  # fmt: skip
    theirs = cv2.triangulatePoints(*matrices, pixels[0].T, pixels[1].T)
    theirs = (theirs[:3] / theirs[3]).T
    ours = triangulate(cameras, pixels)
    assert np.abs(ours - theirs).max() < 1e-5
    assert np.abs(ours - world).max() < 1e-8


def test_a_point_off_the_rays_lies_between_them():
    """Two rays that pass each other: the middle of the shortest line between them."""

    def looking(position, rotation):
        return Camera("c", 100, 100, "none", np.full(2, 100.0), np.full(2, 50.0),
                      np.array(rotation, float), np.array(position, float))  # fmt: skip

    along_y = looking([0, -1000, 0], [[1, 0, 0], [0, 0, -1], [0, 1, 0]])
    along_x = looking([-1000, 0, 30], [[0, -1, 0], [0, 0, -1], [1, 0, 0]])
    centre = np.full((2, 2), 50.0)
    found = triangulate([along_y, along_x], centre)
    assert found == pytest.approx([0, 0, 15])
    errors = reprojection_error([along_y, along_x], found, centre)
    assert errors == pytest.approx([1.5, 1.5])  # 15 mm at 1000 mm, of 100 px


@pytest.mark.parametrize("model", ["none", "human36m", "opencv"])
def test_unproject_inverts_project(model):
    grid = np.stack(np.meshgrid(np.linspace(0, 1000, 21), np.linspace(0, 1000, 21)), axis=-1)
    for camera in two_cameras():
        bent_camera = replace(camera, model=model, skew=0.003)
        flat = bent_camera.unproject(grid)
        points = np.concatenate([flat, np.ones_like(flat[..., :1])], axis=-1) * 4000
        assert np.abs(bent_camera.project(points) - grid).max() < 1e-9
