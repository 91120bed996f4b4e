"""Ground truth in place of a detector: projected labels, without any picture."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from corruptbench.api import evaluate
from corruptbench.builder import ground_truth
from corruptbench.builder.ground_truth import Projected
from corruptbench.camera import Camera
from corruptbench.cli import main, names
from corruptbench.datasets import Clip, ClipId
from corruptbench.evaluation.detections import quality
from corruptbench.evaluation.label_checks import label_evidence, rows
from corruptbench.leaderboard.ranking.reference_shards import GROUND_TRUTH
from corruptbench.lifters.export import export
from corruptbench.manifest import CLEAN, load_manifest
from corruptbench.shards.lock import read_lock
from corruptbench.shards.shard_set import open_shards
from corruptbench.training.measure import measured
from tests.corruptbench.conftest import build_arguments, contract
from tests.fixtures.folder import motion, write_labels, write_manifest

NOTHING = hashlib.sha256(b"").hexdigest()
PROJECTED = ("--detector", "ground-truth:projected", "--workers", 1)
SHARD = "keypoints/mini/A1/step_1.cam1.parquet"


@pytest.fixture(scope="module")
def labels(mini, tmp_path_factory):
    """The miniature set without its videos; do not write to it."""
    root = shutil.copytree(mini, tmp_path_factory.mktemp("labels") / "mini")
    shutil.rmtree(root / "videos")
    return root


@pytest.fixture(scope="module")
def built(labels, mini_manifest, tmp_path_factory):
    """A finished build of all cells; do not write to it."""
    out = tmp_path_factory.mktemp("projected") / "shards"
    main(build_arguments(labels, mini_manifest, out, *PROJECTED))
    return out


@pytest.fixture
def opened(built, labels, mini_manifest):
    return open_shards(built, labels, str(mini_manifest))


def bent(**changes):
    """A clip that a lens with strong distortion saw."""
    camera = Camera(
        name="cam1", width=1000, height=800, model="opencv",
        focal_length=np.array([900.0, 950.0]), principal_point=np.array([480.0, 410.0]),
        rotation=np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),
        position=np.array([100.0, -3000.0, 900.0]),
        distortion=np.array([-0.3, 0.1, 0.004, -0.003, 0.05]),
    )  # fmt: skip
    clip = Clip(
        id=ClipId("mini", "A1", "step_1", "cam1", "step"), video="no such video", fps=50,
        camera=camera, joint_set="h36m17", joints=motion(20, 0.0),
    )  # fmt: skip
    return replace(clip, **changes)


def detected(clip, manifest, cells=(CLEAN,)):
    return Projected("h36m17").detect(clip, cells, manifest, lambda _: None, {})


def test_keypoints_are_those_of_opencv(mini_manifest):
    clip, manifest = bent(), load_manifest(str(mini_manifest))
    (found,) = detected(clip, manifest)
    turn, _ = cv2.Rodrigues(clip.camera.rotation)
    shift = -clip.camera.rotation @ clip.camera.position
    matrix = np.array([[900.0, 0, 480], [0, 950, 410], [0, 0, 1]])
    wanted, _ = cv2.projectPoints(
        clip.joints.reshape(-1, 3), turn, shift, matrix, clip.camera.distortion
    )
    assert np.abs(found.keypoints.reshape(-1, 2) - wanted[:, 0]).max() <= 1 / 128 + 1e-4
    assert np.array_equal(found.scores, np.ones((20, 17), np.float32))
    assert np.abs(found.boxes - clip.boxes).max() <= 1 / 128 + 1e-4


def test_what_has_no_valid_label_is_not_detected(mini_manifest):
    joints = motion(20, 0.0)
    joints[3] = np.nan
    joints[5, 2] = np.nan
    joints[7, :, 1] -= 9000  # behind the camera
    (found,) = detected(bent(joints=joints), load_manifest(str(mini_manifest)))
    absent = np.zeros((20, 17), bool)
    absent[[3, 7]] = absent[5, 2] = True
    assert np.array_equal(np.isnan(found.keypoints).all(axis=2), absent)
    assert np.array_equal(found.scores, (~absent).astype(np.float32))


def test_labels_are_enough_and_the_lock_says_what_was_built(built, cli):
    lock = read_lock(built / "lock.json")
    assert lock.detector.name == "ground-truth:projected"
    assert (lock.detector.layout, lock.detector.weights_sha256) == ("h36m17", NOTHING)
    assert "ground truth" in lock.detector.score_meaning
    assert {c.pixels_sha256 for cells in lock.clips.values() for c in cells} == {NOTHING}
    assert cli("verify", built).code == 0


def test_every_cell_of_the_manifest_is_there_and_they_are_alike(opened):
    assert opened.cells == opened.manifest.cells
    for clip, cells in opened.clips():
        for d in cells:
            assert np.array_equal(d.keypoints, cells[0].keypoints)
            assert np.abs(d.keypoints - clip.keypoints).max() <= 1 / 128 + 1e-4
            assert not d.hidden.any()


def test_the_build_says_that_cells_are_alike(labels, mini_manifest, tmp_path, cli):
    done = cli(*build_arguments(labels, mini_manifest, tmp_path / "out", *PROJECTED))
    (line,) = [line for line in done.err.splitlines() if "ground-truth" in line]
    assert "no video is read" in line
    assert "corrupted cells hold the keypoints of the clean one" in line


def test_a_build_resumes(built, labels, mini_manifest, tmp_path, cli):
    out = tmp_path / "out"
    words = build_arguments(labels, mini_manifest, out, *PROJECTED)
    assert cli(*words, "--severity", "2").code == 0
    assert cli(*words).code == 0
    for path in built.rglob("*.parquet"):
        assert (out / path.relative_to(built)).read_bytes() == path.read_bytes()
    assert "0 to build" in cli(*words).err


def test_other_labels_are_built_again(built, labels, mini_manifest, tmp_path, cli):
    data, out = tmp_path / "data", shutil.copytree(built, tmp_path / "out")
    shutil.copytree(labels, data)
    write_labels(data / "labels" / "A2.parquet", {"step_1": motion(8, 2.0)})
    done = cli(*build_arguments(data, mini_manifest, out, *PROJECTED))
    assert "2 to build" in done.err


class Flat(torch.nn.Module):
    """Rays times the known depth of people who move in a plane: a perfect lifter for them."""

    def __init__(self):
        super().__init__()
        self.depth = torch.nn.Parameter(torch.tensor(4000.0))

    def forward(self, x):
        return torch.cat([x, torch.ones_like(x[..., :1])], dim=-1) * self.depth


def test_a_lifter_that_is_right_on_right_keypoints_has_no_error(labels, tmp_path, cli):
    data = shutil.copytree(labels, tmp_path / "data")
    for subject, sequences in {"A1": ("step_1", "sway_1"), "A2": ("step_1",)}.items():
        flat = {name: motion(12, 1.0) * (1, 0, 1) for name in sequences}
        write_labels(data / "labels" / f"{subject}.parquet", flat)
    chosen = 'subjects = ["A1", "A2"]'
    manifest = write_manifest(tmp_path / "m.toml", **{chosen: f'{chosen}\ncameras = ["cam1"]'})
    out = tmp_path / "out"
    assert cli(*build_arguments(data, manifest, out, *PROJECTED, "--severity", 2)).code == 0
    shape = {"window": "centre", "frames": 1, "normalize": "rays", "units": "mm"}
    export(Flat(), contract(**shape, root="absolute"), tmp_path / "flat.pt2")
    shards = open_shards(out, data, str(manifest))
    found = evaluate(tmp_path / "flat.pt2", shards, progress=False).record
    assert found.mpjpe.corrupted == found.mpjpe.clean
    assert found.mpjpe.clean < 4000 / (1.2 * 128) / 128, "half a step of a keypoint, in space"


def test_shards_of_the_labels_joint_set_are_taken_everywhere(opened, tiny_lifter):
    perfect = quality(opened)[CLEAN]
    assert perfect.pck == 1
    assert perfect.mean_px < 1 / 64
    assert not any(e.offsets.any() for e in measured(opened).episodes)
    record = evaluate(tiny_lifter, opened, progress=False).record
    assert record.build.detector == "ground-truth:projected"
    assert record.mpjpe.corrupted == pytest.approx(record.mpjpe.clean)
    assert record.occlusion is None, "nothing is hidden from labels"


def test_labels_that_nobody_looked_for_are_not_confirmed(opened):
    assert {row.verdict for row in rows(label_evidence(opened))} == {"unclear"}


def test_a_lifter_of_other_joints_is_refused(opened, tmp_path):
    export(Flat(), contract(window="centre", frames=1, keypoints="coco17"), tmp_path / "c.pt2")
    with pytest.raises(ValueError, match=r"tiny reads keypoints of coco17, .* are of h36m17"):
        evaluate(tmp_path / "c.pt2", opened, progress=False)


def test_shards_of_pictures_and_of_labels_are_not_compared(built, drawn_shards, cli):
    done = cli("verify", built, "--against", drawn_shards.folder / "lock.json")
    assert done.code == 2
    assert "ground-truth:projected, which looks at no pixels" in done.err
    done = cli("verify", drawn_shards.folder, "--against", built / "lock.json")
    assert done.code == 2
    assert cli("verify", built, "--against", built / "lock.json").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--videos",), "ground-truth:projected reads no video"),
        (("--device", "cuda"), "device 'cuda'"),
        (("--detector", "ground-truth:nothing"), "'ground-truth:nothing' is unknown"),
        (("--detector", "ground-truth:none.parquet"), "none.parquet: no such file"),
        (("--detector", "ground-truth:model.onnx"), "'ground-truth:model.onnx' is unknown"),
    ],
)
def test_what_cannot_be_is_refused(words, said, labels, mini_manifest, tmp_path, cli):
    out = tmp_path / "out"
    done = cli(*build_arguments(labels, mini_manifest, out, *PROJECTED, *words))
    assert (done.code, said in done.err) == (2, True), done.err
    assert not (out / "lock.json").exists()


def test_a_detector_still_needs_the_videos(labels, mini_manifest, tmp_path, cli):
    done = cli(*build_arguments(labels, mini_manifest, tmp_path / "out"))
    assert done.code == 2
    assert "expected the video of" in done.err


def test_the_command_line_and_the_board_know_its_name(cli):
    listed = {f"{ground_truth.FAMILY}:{v}" for v in ground_truth.VARIANTS if "*" not in v}
    assert set(names.ground_truths()) == listed
    assert f"{ground_truth.FAMILY}:" == GROUND_TRUTH
    assert all(name in cli("weights").out for name in listed)
    assert all(name in "".join(cli("build", "--help").out.split()) for name in listed)
