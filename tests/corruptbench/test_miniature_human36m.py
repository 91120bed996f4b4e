"""From Human3.6M's files to a row of the leaderboard, with real pixels and the real detector.

The data set is a miniature that shows people of the studio set. What the official data holds is
told again in one place, `official`: the numbers of frames, and the built-in cameras.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

from corruptbench.datasets import open_dataset
from corruptbench.datasets.human36m import tables
from corruptbench.evaluation.detections import joint_errors, quality, quality_of
from corruptbench.leaderboard import check as referee
from corruptbench.lifters.lifter import load_lifter
from corruptbench.manifest import CLEAN, Cell
from corruptbench.shards.shard_set import open_shards
from tests.fixtures import miniature
from tests.fixtures import miniature_human36m as fixture
from tests.fixtures.human36m import CAMERAS
from tests.fixtures.miniature_run import build, clean_cell, evaluate, limb_distance, same_scores

pytestmark = [pytest.mark.detector, pytest.mark.slow]

LIFTER = "videopose3d-27"
ACTIONS = 'actions = ["Directions", "Greeting", "Walking"]'
SHIFTS = range(-6, 7)  # frames
CLIPS = {
    f"human36m/{recording}.{camera}"
    for recording in ("S9/Walking 1", "S9/Greeting", "S11/Walking 1")
    for camera in CAMERAS
}


@pytest.fixture(scope="module", autouse=True)
def official():
    """The miniature is the whole data set; returns the true cameras."""
    table = vars(tables.official())
    cameras = table["w0"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(table, "frames", fixture.official_frames())
        patch.setitem(table, "w0", tuple(fixture.numbers()))
        yield cameras


@pytest.fixture(scope="module")
def downloaded(tmp_path_factory):
    """Do not write to it."""
    return fixture.write_dataset(tmp_path_factory.mktemp("downloaded"))


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    """human36m-c with one corruption and the three actions that are there."""
    path = tmp_path_factory.mktemp("manifest") / "mini.toml"
    return miniature.write_manifest(path, "human36m-c", ("erase",), ACTIONS)


@pytest.fixture(scope="module")
def built(downloaded, manifest, tmp_path_factory):
    """A finished build of all its cells; do not write to it."""
    return build(downloaded, manifest, tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def scored(built, downloaded, manifest, tmp_path_factory):
    """The result of the baseline."""
    return evaluate(LIFTER, built, downloaded, manifest, tmp_path_factory.mktemp("scored"))


def test_a_whole_copy(downloaded, manifest, cli, official, monkeypatch):
    """Though S1 is there in part, and the damaged video of S11 is: neither is needed."""
    words = ("data", "check", "human36m", "--root", downloaded, "--manifest", manifest)
    done = cli(*words)
    assert done.code == 0, done.out
    assert "12 needed" in done.out
    assert "0 differs, 0 missing" in done.out
    monkeypatch.setitem(vars(tables.official()), "w0", official)
    done = cli(*words)
    assert done.code == 1
    assert "metadata.xml, other numbers than the" in done.out
    assert "1 differs, 0 missing" in done.out


def test_the_damaged_video_is_left_out_by_its_name(downloaded, tmp_path, cli):
    less = {'exclude = ["S11/Directions"]': ""}
    manifest = miniature.write_manifest(tmp_path / "m.toml", "human36m-c", (), ACTIONS, **less)
    done = cli("data", "check", "human36m", "--root", downloaded, "--manifest", manifest)
    assert done.code == 2
    assert "1 missing" in done.out
    assert "S11/Videos/Directions.54138969.mp4" in done.out


def test_labels_are_the_studios_on_larger_pictures(downloaded, official, monkeypatch):
    """By the cameras of metadata.xml, whatever the built-in ones are."""
    monkeypatch.setitem(vars(tables.official()), "w0", official)
    dataset = open_dataset("human36m", downloaded)
    found = {i.sequence for i in dataset.clip_ids() if i.subject == "S1"}
    assert found == {"Photo 1", "WalkDog"}
    for clip_id in dataset.clip_ids():
        clip, name = dataset.load(clip_id), clip_id.sequence
        stem = {"Photo 1": "TakingPhoto 1", "WalkDog": "WalkingDog"}.get(name, name)
        joints = fixture.motion(clip_id.subject, stem)
        assert np.array_equal(clip.joints, joints)
        if clip_id.subject != "S1":
            shown = fixture.SHOWN[clip_id.subject, stem]
            camera = miniature.clip(*shown, fixture.studio_camera(clip_id.camera)).camera
            flat = camera.project(camera.world_to_camera(joints)) * 1000 / 512
            assert clip.keypoints == pytest.approx(flat, abs=1e-6)


def test_from_files_to_a_row(built, scored, manifest, tmp_path, cli):
    lock = json.loads((built / "lock.json").read_text())
    assert set(lock["clips"]) == CLIPS  # no Directions of S11
    done = cli("verify", built)
    assert done.code == 0, done.err
    assert f"{12 * 6} row groups verified against lock.json" in done.out

    result = referee(scored)
    assert result.coverage.n_scored == result.coverage.n_expected == 12 * fixture.FRAMES * 6
    assert 55 < result.mpjpe.clean < 95  # 69 mm on the studio set
    assert result.mpjpe.corrupted > result.mpjpe.clean + 10

    board = tmp_path / "board"
    done = cli("submit", scored, "--board", board, "--manifest", manifest)
    assert done.code == 0, done.err
    page = tmp_path / "page.html"
    assert cli("leaderboard", "render", "--board", board, "--out", page).code == 0
    assert "human36m-c-mini" in page.read_text()
    assert "videopose3d-27" in page.read_text()


def test_a_lifter_learns_from_a_split_of_ones_own(built, downloaded, manifest, tmp_path, cli):
    """With the noise of the same clips, and an input that learned from it."""
    where = ("--shards", built, "--root", downloaded, "--manifest", manifest)
    noise, model = tmp_path / "noise.parquet", tmp_path / "mine.pt2"
    assert cli("measure-noise", *where, "--out", noise).code == 0
    words = ("--tagn", noise, "--ca-conv", "--epochs", "1", "--out", model)
    done = cli("train", "videopose3d", *where, *words)
    assert done.code == 0, done.err
    assert "are scored by human36m-c" in done.err  # these are test people
    contract = load_lifter(model, "cpu").contract
    assert (contract.channels, contract.joints) == ("xyc", "h36m17")


def test_detections_lie_on_the_labels(built, downloaded, manifest):
    """In each clip, so of each camera."""
    for clip, found in clean_cell(built, downloaded, manifest):
        q = quality_of(joint_errors(clip, found, "coco17", clip.heights))
        assert q.mean_error < 0.09, clip.id
        assert q.pck > 0.7, clip.id
    by_cell = quality(open_shards(built, downloaded, str(manifest)))
    assert by_cell[CLEAN].pck > 0.9
    assert by_cell[CLEAN].median_error < 0.03
    assert by_cell[Cell("erase", 5)].pck < by_cell[CLEAN].pck - 0.1


def test_detections_lie_on_no_other_frames_labels(built, downloaded, manifest):
    """By each camera, whose videos have frames beyond the labels in numbers of their own."""
    distance = dict.fromkeys(CAMERAS, 0.0)
    for clip, found in clean_cell(built, downloaded, manifest):
        moved = [fixture.motion(clip.id.subject, clip.id.sequence, late) for late in SHIFTS]
        target = clip.camera.project(clip.camera.world_to_camera(np.stack(moved)))
        distance[clip.id.camera] += limb_distance(found, target, "h36m17")
    for name, by_shift in distance.items():
        assert abs(SHIFTS[by_shift.argmin()]) <= 1, name
        assert by_shift[[0, -1]].min() > 1.5 * by_shift.min(), name
    assert SHIFTS[sum(distance.values()).argmin()] == 0


def test_the_extracted_tree_gives_the_same(downloaded, built, manifest, tmp_path, cli):
    """Without metadata.xml: the built-in cameras are those that it holds."""
    root = fixture.extract(downloaded, tmp_path / "extracted")
    assert cli("data", "check", "human36m", "--root", root, "--manifest", manifest).code == 0
    less = ("--corruption", "erase", "--severity", "3")
    shards = build(root, manifest, tmp_path / "shards", *less)
    done = cli("verify", shards, "--against", built / "lock.json")
    assert done.code == 0, done.err
    assert "pixels: the same in all 24 row groups" in done.out
    assert "detections: the same bytes in 24 of 24 row groups" in done.out


def test_packaged_labels_give_the_same(built, scored, manifest, tmp_path):
    package = fixture.write_package(tmp_path / "data_3d_h36m.npz")
    assert same_scores(evaluate(LIFTER, built, package, manifest, tmp_path), scored)


def test_published_boxes(downloaded, tmp_path, cli):
    """The bounds of the labels in whole pixels, from the masks of S9's Walking 1."""
    other = {'boxes = "ground-truth"': 'boxes = "published"', '"S9", "S11"': '"S9"'}
    walking = 'actions = ["Walking"]'
    manifest = miniature.write_manifest(tmp_path / "m.toml", "human36m-c", (), walking, **other)
    words = ("--root", downloaded, "--manifest", manifest)
    assert cli("data", "check", "human36m", *words).code == 0
    shards = build(downloaded, manifest, tmp_path / "shards")
    for clip, found in clean_cell(shards, downloaded, manifest):
        assert 0 < np.abs(found.boxes - clip.boxes).max() <= 1
    assert quality(open_shards(shards, downloaded, str(manifest)))[CLEAN].pck > 0.9
