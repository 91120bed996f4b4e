"""Bad input at the command line: one clear sentence, exit code 2, nothing written."""

from __future__ import annotations

import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

import corruptbench.cli
from corruptbench.files import write_json
from tests.corruptbench.conftest import contract, run_process
from tests.fixtures.folder import FRAMES
from tests.fixtures.lifters import Lift, script


def test_version(cli):
    assert corruptbench.__version__ in cli("--version").out
    assert corruptbench.__version__ in run_process("--version").stdout


def said_once(done, *words):
    assert done.code == 2, done
    lines = done.err.strip().splitlines()
    assert "Traceback" not in done.err
    assert len([line for line in lines if line.lower().startswith("error")]) == 1, done.err
    for word in words:
        assert word in done.err, done.err


BUILD = {
    "no such folder": (["--root", "nowhere"], ["nowhere: no such folder", "dataset.json"]),
    "no dataset.json": (["--root", "."], ["no dataset.json", "expected the folder that holds"]),
    "no root": ([], ["(option --root: corruptbench build"]),
    "corruption": (
        ["--root", "DATA", "--corruption", "fog"],
        ["'fog'", "erase, frame_freeze, gaussian_noise"],
    ),
    "corruption of another benchmark": (
        ["--root", "DATA", "--corruption", "jpeg"],
        ["'jpeg'", "erase, gaussian_noise", "(option --corruption)"],
    ),
    "severity 0": (
        ["--root", "DATA", "--severity", "0"],
        ["'0'", "severities from 1 to 5", "(option --severity)"],
    ),
    "severity 6": (["--root", "DATA", "--severity", "6"], ["'6'", "severities from 1 to 5"]),
    "severity 3-1": (["--root", "DATA", "--severity", "3-1"], ["3-1", "severities from 1 to 5"]),
    "severity a": (["--root", "DATA", "--severity", "a"], ["'a'", "severities from 1 to 5"]),
    "detector": (["--root", "DATA", "--detector", "openpose"], ["openpose", "movenet:lightning"]),
    "variant": (["--root", "DATA", "--detector", "movenet:storm"], ["storm", "movenet:thunder"]),
    "device": (["--root", "DATA", "--device", "warp"], ["warp"]),
    "workers": (["--root", "DATA", "--workers", "0"], ["--workers"]),
    "manifest": (["--manifest", "h37m"], ["'h37m' is unknown", "studio-c"]),
}


@pytest.mark.detector
@pytest.mark.parametrize("case", BUILD)
def test_bad_build_arguments(case, mini, mini_manifest, tmp_path, monkeypatch, cli):
    monkeypatch.chdir(tmp_path)
    words, expected = BUILD[case]
    words = [str(mini) if w == "DATA" else w for w in words]
    manifest = [] if "--manifest" in words else ["--manifest", mini_manifest]
    said_once(cli("build", *manifest, *words, "--out", "out"), *expected)
    assert not (tmp_path / "out").exists()


def test_the_option_that_an_error_is_about(tmp_path, cli):
    said_once(cli("train", "videopose3d", "--device", "warp"), "(option --device)")
    words = ("--shards", tmp_path / "no", "--out", tmp_path / "out")
    said_once(cli("convert", "--format", "mmpose", *words), "no such folder", "(option --shards)")
    assert "(option" not in cli("verify", tmp_path / "no").err  # there it is an argument


def test_detector_without_weights(mini, mini_manifest, tmp_path, monkeypatch, cli):
    monkeypatch.setenv("CORRUPTBENCH_WEIGHTS", str(tmp_path / "empty"))
    done = cli("build", "--root", mini, "--manifest", mini_manifest, "--out", tmp_path / "out")
    said_once(done, "corruptbench weights fetch movenet:lightning")


def test_manifest_that_is_no_text(tmp_path, cli):
    path = tmp_path / "m.toml"
    path.write_bytes(b"\xff\xfe\x00")
    said_once(cli("build", "--manifest", path), "m.toml: text in UTF-16", "save it again as UTF-8")


def labels_of(kind):
    def spoil(folder):
        path = folder / "labels/A2.parquet"
        table = pq.read_table(path)
        pq.write_table(table.set_column(2, "joints", pa.array([kind] * table.num_rows)), path)

    return spoil


def camera_with(**changes):
    def spoil(folder):
        path = folder / "dataset.json"
        record = json.loads(path.read_text())
        record["cameras"]["cam1"].update(changes)
        path.write_text(json.dumps(record))

    return spoil


def break_record(folder, **changes):
    path = folder / "dataset.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def drop_video(folder):
    (folder / "videos/A1/sway_1.cam2.mp4").unlink()


def drop_labels(folder):
    (folder / "labels/A2.parquet").unlink()


def page_for_labels(folder):
    (folder / "labels/A2.parquet").write_text("<html>")


def swap_video(folder):
    videos = folder / "videos/A1"
    shutil.copy(videos / "step_1.cam1.mp4", videos / "sway_1.cam1.mp4")


DATA = {
    "json": (lambda f: (f / "dataset.json").write_text("{"), ["dataset.json", "JSON"]),
    "units": (lambda f: break_record(f, units="m"), ["dataset.json: units", "'mm'"]),
    "joints": (lambda f: break_record(f, joints="smpl24"), ["joint set 'smpl24'", "h36m17"]),
    "fps": (lambda f: break_record(f, fps=0), ["dataset.json: fps"]),
    "subject": (
        lambda f: break_record(f, sequences={"A1": {"step_1": "step"}}),
        ["A2", "subjects"],
    ),
    "escape": (lambda f: break_record(f, name="../../escape"), ["dataset.json: name"]),
    "rotation": (
        camera_with(rotation=[[9, 0, 0], [0, 1, 0], [0, 0, 1]]),
        ["cameras.cam1.rotation", "not a rotation"],
    ),
    "mirrored": (
        camera_with(rotation=[[-1, 0, 0], [0, 1, 0], [0, 0, 1]]),
        ["cameras.cam1.rotation", "not a rotation"],
    ),
    "width": (camera_with(width=0), ["cameras.cam1.width"]),
    "label type": (labels_of(7), ["A2.parquet: joints", "expected a list of 51 floats"]),
    "label text": (labels_of("x"), ["A2.parquet: joints", "expected a list of 51 floats"]),
    "no video": (drop_video, ["sway_1.cam2.mp4: missing"]),
    "no labels": (drop_labels, ["labels/A2.parquet: missing"]),
    "page": (page_for_labels, ["labels/A2.parquet", "not a label table"]),
    "short video": (
        swap_video,
        [f"sway_1.cam1.mp4: videos: {FRAMES + 2} frames of", f"expected at least {FRAMES + 3}"],
    ),
}


@pytest.mark.detector
@pytest.mark.parametrize("case", DATA)
def test_bad_data(case, mini, mini_manifest, tmp_path, cli):
    data = tmp_path / "data"
    shutil.copytree(mini, data)
    spoil, expected = DATA[case]
    spoil(data)
    out = tmp_path / "out"
    words = ("--severity", 1, "--corruption", "erase", "--workers", 1, "--out", out)
    said_once(cli("build", "--root", data, "--manifest", mini_manifest, *words), *expected)
    assert not list(out.rglob("*.part"))
    assert not (out / "lock.json").exists()


@pytest.mark.detector
def test_another_benchmark_in_the_folder(mini, mini_manifest, mini_shards, tmp_path, cli):
    other = tmp_path / "other.toml"
    other.write_text(mini_manifest.read_text().replace('"mini-c"', '"mini-d"'))
    done = cli("build", "--root", mini, "--manifest", other, "--out", mini_shards)
    said_once(done, "holds shards of mini-c", "choose another folder")


@pytest.mark.detector
def test_bad_models(mini, mini_manifest, mini_shards, tmp_path, cli):
    def evaluate(model):
        return cli(
            "evaluate", model, "--shards", mini_shards, "--root", mini, "--manifest",
            mini_manifest, "--out", tmp_path / "results",
        )  # fmt: skip

    torch.save(Lift(), tmp_path / "pickled.pt")
    said_once(evaluate(tmp_path / "pickled.pt"), "pickled Python objects", "torch.export")
    said_once(evaluate(tmp_path / "nowhere.pt2"), "nowhere.pt2: no such file")
    joints = contract(frames=1, joints="h36m17 - neck_nose", keypoints="h36m17")
    for spoil, declared, words in (
        ("", joints, "output shape (3, 9, 17, 3), expected (3, 9, 16, 3)"),
        ("nan", contract(frames=1), "NaN or infinity"),
    ):
        script(tmp_path / "m.pt", Lift(1, spoil), declared)
        said_once(evaluate(tmp_path / "m.pt"), words)
    assert not (tmp_path / "results").exists()


def test_bad_shards_folder(tmp_path, tiny_lifter, cli):
    said_once(cli("evaluate", tiny_lifter, "--shards", tmp_path / "x"), "x: no such folder")
    said_once(cli("evaluate", tiny_lifter, "--shards", tmp_path), "neither lock.json nor keypoints")
    said_once(cli("verify", tmp_path), "neither lock.json nor keypoints")
    (tmp_path / "lock.json").write_text("{}")
    said_once(cli("detections", "--shards", tmp_path), "lock.json: format")


def test_bad_submission(tmp_path, cli):
    (tmp_path / "r.json").write_text("[]")
    done = cli("submit", tmp_path / "r.json", "--board", tmp_path / "board")
    assert done.code == 2
    assert "r.json" in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "board").exists()


def test_empty_board(tmp_path, cli):
    said_once(cli("leaderboard", "show", "--board", tmp_path), "no results yet")
    page = tmp_path / "page.html"
    assert cli("leaderboard", "render", "--board", tmp_path, "--out", page).code == 0
    assert "corruptbench submit" in page.read_text()


def test_unwritable_output(mini, mini_manifest, tmp_path, cli):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    words = ("--severity", 1, "--corruption", "erase", "--workers", 1, "--out", blocked / "out")
    done = cli("build", "--root", mini, "--manifest", mini_manifest, *words)
    assert done.code == 2
    assert "Traceback" not in done.err


TRAINING = {
    "suffix": (["--out", "m.pth"], ["suffix '.pth'", ".pt2"]),
    "device": (["--device", "warp"], ["device 'warp'"]),
    "seed": (["--seed", "-1"], ["--seed"]),
    "name": (["--name", "bad/name"], ["name", "bad/name"]),
    "epochs": (["--epochs", "0"], ["--epochs"]),
}


@pytest.mark.parametrize("case", TRAINING)
def test_bad_training_arguments(case, tmp_path, monkeypatch, cli):
    monkeypatch.chdir(tmp_path)
    words, expected = TRAINING[case]
    said_once(cli("train", "videopose3d", *words), *expected)
    assert not list(tmp_path.iterdir())


def test_a_loop_of_links_is_one_sentence(tmp_path, cli):
    loop = tmp_path / "loop.mp4"
    loop.symlink_to(loop)
    words = ("--corruption", "gaussian_noise")
    for source, target in ((loop, tmp_path / "a.mp4"), (tmp_path / "b.mp4", loop)):
        done = cli("corrupt", source, target, *words)
        assert done.code == 2
        assert done.err.count("\n") == 1


def test_want_of_memory_is_one_sentence(monkeypatch, cli):
    def refuse(*_, **__):
        raise MemoryError

    monkeypatch.setattr("corruptbench.api.build", refuse)
    done = cli("build", "--manifest", "studio-c-mini")
    assert done.code == 2
    assert "out of memory" in done.err
    assert "the same command resumes" in done.err


def test_a_name_as_long_as_the_file_system_allows(tmp_path):
    path = tmp_path / ("x" * 250 + ".json")
    write_json(path, {"a": 1})
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
