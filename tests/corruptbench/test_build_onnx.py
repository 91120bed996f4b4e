"""A whole build with a model that the user brings as an ONNX file."""

from __future__ import annotations

import hashlib
import json
import shutil

import numpy as np
import pytest

from corruptbench.detectors import Detections
from corruptbench.manifest import CLEAN
from corruptbench.shards import parquet
from corruptbench.shards.lock import read_lock
from tests.corruptbench.conftest import build_arguments
from tests.fixtures import onnx_poses

FEW = ("--severity", "1", "--corruption", "gaussian_noise", "--quiet")
CONTRACT = onnx_poses.contract(
    "heatmap", input={"height": 256, "fit": "cut"}, output={"range": "limit"}, flip={}
)
SHARD = "keypoints/mini/A1/step_1.cam1.parquet"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model for tall pictures, with a flip test; do not write to it."""
    return onnx_poses.write(tmp_path_factory.mktemp("model") / "tiny.onnx", CONTRACT)


@pytest.fixture(scope="module")
def built(mini, mini_manifest, model, tmp_path_factory):
    """A finished build; do not write to it."""
    from corruptbench.cli import main

    out = tmp_path_factory.mktemp("built") / "shards"
    words = build_arguments(mini, mini_manifest, out, *FEW, "--detector", f"onnx:{model}")
    main([*words, "--workers", "1"])
    return out


def files(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_lock_and_shards_name_the_model_and_its_files(built, model, cli):
    both = model.read_bytes() + model.with_suffix(".toml").read_bytes()
    lock = read_lock(built / "lock.json")
    assert (lock.detector.name, lock.detector.layout) == ("onnx:tiny", "coco17")
    assert lock.detector.weights_sha256 == hashlib.sha256(both).hexdigest()
    assert parquet.read_record(built / SHARD).detector == lock.detector
    (clean,) = parquet.read(built / SHARD, [CLEAN])
    assert np.isfinite(clean.keypoints).all()
    assert clean.scores.max() > 0.01, "some of the figure has the color of a dot"
    assert cli("verify", built).code == 0


def test_an_evaluation_states_the_model(built, mini, mini_manifest, tiny_lifter, tmp_path, cli):
    done = cli(
        "evaluate", tiny_lifter, "--shards", built, "--root", mini, "--manifest", mini_manifest,
        "--out", tmp_path / "result", "--quiet",
    )  # fmt: skip
    assert done.code == 0, done.err
    (result,) = (tmp_path / "result").glob("*.json")
    assert json.loads(result.read_text())["build"]["detector"] == "onnx:tiny"


def test_worker_processes_give_the_same_bytes(built, mini, mini_manifest, model, tmp_path, cli):
    out = tmp_path / "shards"
    words = build_arguments(mini, mini_manifest, out, *FEW, "--detector", f"onnx:{model}")
    assert cli(*words, "--workers", 2).code == 0
    assert files(out) == files(built)


def test_a_build_resumes_with_the_same_files_wherever_they_lie(
    built, mini, mini_manifest, model, tmp_path, cli
):
    out = shutil.copytree(built, tmp_path / "shards")
    before = files(out)
    (out / SHARD).unlink()
    others = {p: p.stat().st_mtime_ns for p in out.rglob("*.parquet")}
    moved = shutil.copytree(model.parent, tmp_path / "moved") / model.name
    words = build_arguments(mini, mini_manifest, out, *FEW, "--detector", f"onnx:{moved}")
    assert cli(*words, "--workers", 1).code == 0
    assert files(out) == before
    assert {p: p.stat().st_mtime_ns for p in others} == others


@pytest.mark.parametrize("end", [".onnx", ".toml"])
def test_a_build_does_not_resume_after_a_file_was_changed(
    end, built, mini, mini_manifest, model, tmp_path, cli
):
    out = shutil.copytree(built, tmp_path / "shards")
    changed = shutil.copytree(model.parent, tmp_path / "changed") / model.name
    if end == ".onnx":
        toml = changed.with_suffix(".toml").read_bytes()
        onnx_poses.write(changed, CONTRACT, scale=0.9).with_suffix(".toml").write_bytes(toml)
    else:
        with changed.with_suffix(".toml").open("a") as stream:
            stream.write("# a remark\n")
    before = files(out)
    words = build_arguments(mini, mini_manifest, out, *FEW, "--detector", f"onnx:{changed}")
    done = cli(*words, "--workers", 1)
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert f"{out}: holds shards by onnx:tiny with other files" in done.err
    assert files(out) == before


def test_another_model_does_not_share_a_folder(built, mini, mini_manifest, model, tmp_path, cli):
    other = tmp_path / "other.onnx"
    for end in (".onnx", ".toml"):
        shutil.copy(model.with_suffix(end), other.with_suffix(end))
    words = build_arguments(mini, mini_manifest, built, *FEW, "--detector", f"onnx:{other}")
    done = cli(*words)
    assert done.code == 2
    assert "by onnx:tiny, not of mini-c by onnx:other" in done.err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("onnx:nowhere.onnx", "nowhere.onnx: no such file"),
        ("onnx:model.pt", "is unknown"),
        ("model.onnx", "onnx:*.onnx"),
    ],
)
def test_a_wrong_name_is_one_sentence(name, said, mini, mini_manifest, tmp_path, cli):
    out = tmp_path / "out"
    done = cli(*build_arguments(mini, mini_manifest, out, "--detector", name))
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err
    assert not out.exists()


def test_scores_that_the_contract_excludes_end_a_build(mini, mini_manifest, tmp_path, cli):
    model = onnx_poses.write(tmp_path / "large.onnx", onnx_poses.contract("heatmap"), scale=50)
    words = build_arguments(mini, mini_manifest, tmp_path / "out", *FEW, "--workers", 1)
    done = cli(*words, "--detector", f"onnx:{model}")
    assert done.code == 2
    assert "onnx:large: output.range: the model gave scores" in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "out/lock.json").exists()


class Counting:
    """A detector that notes how many crops it is given at once."""

    name, layout, score_meaning, runtime = "counting", "coco17", "always 1", "none"
    input_size, weights_sha256 = 64, "0" * 64

    def __init__(self, batch):
        self.batch, self.given = batch, []

    def __call__(self, crops):
        self.given.append(len(crops))
        shape = (len(crops), 17)
        return Detections(np.zeros((*shape, 2), np.float32), np.ones(shape, np.float32))


@pytest.mark.parametrize(("batch", "given"), [(3, [3, 3, 2]), (8, [8]), (64, [8])])
def test_the_detector_states_its_batch(batch, given, mini, mini_manifest):
    from corruptbench.builder.detect import detect_clip
    from corruptbench.datasets import open_dataset
    from corruptbench.manifest import load_manifest

    manifest, dataset = load_manifest(str(mini_manifest)), open_dataset("folder", mini)
    clip = dataset.load(next(c for c in dataset.clip_ids() if "step_1.cam1" in str(c)))
    detector, ticks = Counting(batch), []
    detect_clip(clip, (CLEAN,), manifest, detector, ticks.append, {})
    assert detector.given == given
    assert sum(ticks) == len(clip.joints) == sum(given)
