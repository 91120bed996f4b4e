"""From HumanEva-I's files to a row of the leaderboard, with real pixels and the real detector.

The data set is a miniature that shows people of the studio set; the benchmark is the shipped one
with one of its corruptions.
The official partition is told again in one place, `official`, to reader and referee.
"""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch
from torch import nn

from corruptbench.datasets import humaneva, open_dataset
from corruptbench.datasets.humaneva import CAMERAS, HumanEva
from corruptbench.evaluation.detections import joint_errors, quality, quality_of
from corruptbench.leaderboard import check as referee
from corruptbench.manifest import CLEAN, Cell, load_manifest
from corruptbench.shards.shard_set import open_shards
from tests.corruptbench.conftest import contract
from tests.fixtures import miniature
from tests.fixtures import miniature_humaneva as fixture
from tests.fixtures.lifters import script
from tests.fixtures.miniature_run import build, clean_cell, evaluate, limb_distance, same_scores

pytestmark = [pytest.mark.detector, pytest.mark.slow]

LIFTER = "videopose3d-27-humaneva15"
RECORDINGS = {(r.subject, f"{r.name}_Validate"): r for r in fixture.RECORDINGS}
CLIPS = 9 * 3
SHIFTS = range(-6, 7)  # frames
LABELLED = CLIPS + 3  # one frame each; two of one recording by three cameras


@pytest.fixture(scope="module", autouse=True)
def official():
    """The miniature is all of the data set that the benchmark needs."""

    def open_root(root):
        return HumanEva(root, fixture.RECORDINGS, fixture.positions())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(humaneva, "open_root", open_root)
        patch.setattr(humaneva, "OFFICIAL", fixture.RECORDINGS)
        yield


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """Do not write to it."""
    return fixture.write_dataset(tmp_path_factory.mktemp("humaneva"))


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    """humaneva-i-c with one corruption."""
    path = tmp_path_factory.mktemp("manifest") / "mini.toml"
    return miniature.write_manifest(
        path, "humaneva-i-c", ("impulse_noise",), 'actions = ["Walking", "Jog", "Box"]'
    )


@pytest.fixture(scope="module")
def built(original, manifest, tmp_path_factory):
    """A finished build of all its cells; do not write to it."""
    return build(original, manifest, tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def scored(built, original, manifest, tmp_path_factory):
    """The result of the baseline."""
    return evaluate(LIFTER, built, original, manifest, tmp_path_factory.mktemp("scored"))


def checked(root, cli):
    """Exit code, and what the check says of labels that lack one."""
    done = cli("data", "check", "humaneva", "--root", root, "--json")
    findings = json.loads(done.out)
    return done.code, [f["found"] for f in findings if "1 of 2 frames" in f["found"]]


def test_a_whole_copy(original, cli):
    """Labels of Train, and other recordings, are neither there nor needed."""
    lacking = [f"{name} Validate: 1 of 2 frames valid" for name in ("Walking_1", "Box_1")]
    assert checked(original, cli) == (0, [f"{text}, from converted_15j" for text in lacking])


def test_labels_are_the_studios_on_smaller_pictures(original, manifest):
    dataset = open_dataset("humaneva", original)
    for clip_id in load_manifest(str(manifest)).select(dataset.clip_ids()):
        clip = dataset.load(clip_id)
        recording = RECORDINGS[clip_id.subject, clip_id.sequence]
        source = miniature.clip(*fixture.SHOWN[recording], f"cam{clip_id.camera[1]}").camera
        flat = source.project(source.world_to_camera(fixture.labels(recording)))
        expected = flat * 480 / 512 + [80, 0]
        assert np.allclose(clip.keypoints, expected, rtol=0, atol=0.01, equal_nan=True)


def test_from_files_to_a_row(built, scored, manifest, tmp_path, cli):
    cells = load_manifest(str(manifest)).cells
    lock = json.loads((built / "lock.json").read_text())
    assert len(lock["clips"]) == CLIPS
    assert "humaneva/S2/Jog_1_Validate.C3" in lock["clips"]
    done = cli("verify", built)
    assert done.code == 0, done.err
    assert f"{CLIPS * len(cells)} row groups verified against lock.json" in done.out

    result = referee(scored)
    assert result.coverage.n_scored == result.coverage.n_expected == LABELLED * len(cells)
    assert 65 < result.mpjpe.clean < 105
    assert result.mpjpe.corrupted > result.mpjpe.clean + 15

    board, page = tmp_path / "board", tmp_path / "page.html"
    done = cli("submit", scored, "--board", board, "--manifest", manifest)
    assert done.code == 0, done.err
    assert cli("leaderboard", "render", "--board", board, "--out", page).code == 0
    assert "humaneva-i-c-mini" in page.read_text()
    assert LIFTER in page.read_text()


def test_detections_lie_on_the_labels(built, original, manifest):
    """In each clip, so by each camera."""
    for clip, found in clean_cell(built, original, manifest):
        assert quality_of(joint_errors(clip, found, "coco17", clip.heights)).mean_error < 0.08, (
            clip.id
        )
    by_cell = quality(open_shards(built, original, str(manifest)))
    assert by_cell[CLEAN].pck > 0.9
    assert by_cell[CLEAN].median_error < 0.035
    assert by_cell[Cell("impulse_noise", 5)].pck < 0.7


def test_detections_lie_on_no_other_frames_labels(built, original, manifest):
    """By each camera, which began at a moment of its own; people who run move far in a frame."""
    distance = dict.fromkeys(CAMERAS, 0.0)
    for clip, found in clean_cell(built, original, manifest):
        recording = RECORDINGS[clip.id.subject, clip.id.sequence]
        moved = np.stack([fixture.motion(recording, late) for late in SHIFTS])
        target = clip.camera.project(clip.camera.world_to_camera(moved))
        distance[clip.id.camera] += limb_distance(found, target, "humaneva15")
    for name, by_shift in distance.items():
        assert SHIFTS[by_shift.argmin()] == 0, name
        assert by_shift[[0, -1]].min() > 2 * by_shift.min(), name


def test_packaged_labels_give_the_same(built, scored, original, manifest, tmp_path, cli):
    """Two recordings lack a label; the stretches between tell which frame of one it is."""
    labels_only = shutil.ignore_patterns("converted_15j", "*.avi")
    root = shutil.copytree(original, tmp_path / "data", ignore=labels_only)
    fixture.write_package(root)
    code, lacking = checked(root, cli)
    assert code == 1
    assert len(lacking) == 2
    assert all(text.endswith("from data_3d_humaneva15.npz") for text in lacking)
    assert same_scores(evaluate(LIFTER, built, root, manifest, tmp_path), scored)


class FromCoco(nn.Module):
    """17 keypoints in, 15 joints out, at the depth of the picture."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Parameter(torch.linspace(-1, 1, 17 * 15).reshape(15, 17))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.pad(torch.einsum("jk,btkc->btjc", self.mix, x), (0, 1))


def test_a_lifter_of_the_detectors_own_keypoints(built, original, manifest, tmp_path, cli):
    declared = contract(joints="humaneva15", keypoints="coco17", frames=1)
    model = script(tmp_path / "m.pt", FromCoco(), declared)
    words = ("--shards", built, "--root", original, "--manifest", manifest)
    done = cli("evaluate", model, *words, "--out", tmp_path)
    assert done.code == 0, done.err
    result = referee(tmp_path / "tiny.json")
    assert result.lifter.contract["keypoints"] == "coco17"
    done = cli("detections", *words)
    assert done.code == 0, done.err
    assert "impulse_noise 5" in done.out
