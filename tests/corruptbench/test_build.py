"""The build, with the real detector on a miniature data set."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corruptbench.cli import main
from corruptbench.manifest import CLEAN, Cell, load_manifest
from corruptbench.shards import parquet
from tests.corruptbench.conftest import build_arguments
from tests.fixtures.folder import (
    FRAMES,
    add_boxes,
    cameras,
    damage,
    motion,
    write_dataset,
    write_manifest,
)  # fmt: skip
from tests.fixtures.locks import agreed

pytestmark = pytest.mark.detector


def files(folder):
    """Relative path to bytes, of all files."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


#: Of the manifest's cells few, for builds that are about processes and not about cells.
FEW = ("--severity", "1", "--corruption", "erase")


@pytest.fixture(scope="module")
def few_shards(mini, mini_manifest, tmp_path_factory):
    """A finished build of `FEW`; do not write to it."""
    out = tmp_path_factory.mktemp("few")
    main(build_arguments(mini, mini_manifest, out, *FEW, "--workers", "2"))
    return out


def test_a_shard_has_a_row_group_for_each_cell(mini_shards, mini_manifest):
    path = mini_shards / "keypoints/mini/A1/sway_1.cam2.parquet"
    file = pq.ParquetFile(path)
    manifest = load_manifest(str(mini_manifest))
    wanted = [c for c in manifest.cells if c.severity in (0, 1, 3)]
    assert file.num_row_groups == len(wanted)
    for i, cell in enumerate(wanted):
        group = file.read_row_group(i)
        assert group.column_names == [
            "corruption", "severity", "frame", "keypoints", "scores", "box", "hidden",
            "hidden_joints",
        ]  # fmt: skip
        assert set(group["corruption"].to_pylist()) == {cell.corruption}
        assert set(group["severity"].to_pylist()) == {cell.severity}
        assert group["frame"].to_pylist() == list(range(FRAMES + 3))
    record = json.dumps(parquet.read_record(path).model_dump(), default=str)
    text = str(file.schema_arrow).replace("hidden_joints", "") + record
    assert "joints" not in text, "3D labels do not belong in a shard"


def test_the_detector_finds_the_figure(mini_shards):
    (clean,) = parquet.read(mini_shards / "keypoints/mini/A1/step_1.cam1.parquet", [CLEAN])
    rig = cameras(128)["cam1"]
    truth = rig.project(rig.world_to_camera(motion(FRAMES, 0)))
    ankles = clean.keypoints[:, [15, 16]]
    assert np.abs(ankles - truth[:, [6, 3]]).mean() < 10
    hips = clean.keypoints[:, 11:13].mean(axis=1)
    assert np.abs(hips - truth[:, 0]).mean() < 6


def test_worker_count_order_and_place_do_not_matter(
    mini, mini_manifest, mini_shards, tmp_path, cli
):
    elsewhere = tmp_path / "deep" / "folder"
    moved = tmp_path / "data"
    shutil.copytree(mini, moved)
    # another order: the middle clip first, then one cell for all, then the rest
    first = build_arguments(moved, mini_manifest, elsewhere, "--workers", 1)
    assert cli(*first, "--severity", "3", "--corruption", "gaussian_noise").code == 0
    (elsewhere / "keypoints/mini/A1/step_1.cam1.parquet").unlink()
    assert cli(*first, "--severity", "1,3").code == 0
    assert files(elsewhere) == files(mini_shards)


def test_a_second_run_does_nothing(mini, mini_manifest, mini_shards, cli):
    before = {p: p.stat().st_mtime_ns for p in mini_shards.rglob("*.parquet")}
    done = cli(*build_arguments(mini, mini_manifest, mini_shards, "--severity", "1,3"))
    assert done.code == 0
    assert "0 to build" in done.err
    assert {p: p.stat().st_mtime_ns for p in mini_shards.rglob("*.parquet")} == before


def test_changed_input_is_built_again(mini, mini_manifest, mini_shards, tmp_path, cli):
    data, out = tmp_path / "data", tmp_path / "out"
    shutil.copytree(mini, data)
    shutil.copytree(mini_shards, out)
    videos = data / "videos" / "A1"
    shutil.copy(videos / "sway_1.cam1.mp4", videos / "step_1.cam1.mp4")
    done = cli(*build_arguments(data, mini_manifest, out, "--severity", "1,3"))
    assert "1 to build" in done.err
    changed = {k for k, v in files(out).items() if files(mini_shards).get(k) != v}
    assert changed == {"lock.json", "keypoints/mini/A1/step_1.cam1.parquet"}


def test_a_damaged_shard_is_built_again(mini, mini_manifest, mini_shards, tmp_path, cli):
    out = tmp_path / "out"
    shutil.copytree(mini_shards, out)
    victim = out / "keypoints/mini/A2/step_1.cam2.parquet"
    victim.write_bytes(victim.read_bytes()[:100])
    (out / "keypoints/mini/A2/.step_1.cam1.parquet.77.part").write_bytes(b"left by a kill")
    assert cli(*build_arguments(mini, mini_manifest, out, "--severity", "1,3")).code == 0
    assert files(out) == files(mini_shards)


def test_an_altered_shard_is_built_again_and_not_laundered(
    mini, mini_manifest, mini_shards, tmp_path, cli
):
    out = tmp_path / "out"
    shutil.copytree(mini_shards, out)
    path = out / "keypoints/mini/A2/step_1.cam2.parquet"
    table = pq.read_table(path)
    values = table["keypoints"].combine_chunks().flatten().to_numpy() + np.float32(50)
    column = pa.FixedSizeListArray.from_arrays(values, 34)
    table = table.set_column(3, table.schema.field(3), column)
    with pq.ParquetWriter(path, table.schema) as writer:
        for i in range(5):
            writer.write_table(table.slice(FRAMES * i, FRAMES))
    assert cli("verify", out).code == 2
    assert cli(*build_arguments(mini, mini_manifest, out, "--severity", "1,3")).code == 0
    assert files(out) == files(mini_shards)


def test_cells_of_a_killed_wider_build_do_not_hinder(
    mini, mini_manifest, mini_shards, tiny_lifter, tmp_path, cli
):
    """Some clips have more cells than others: what is scored is what all of them have."""
    out = tmp_path / "out"
    shutil.copytree(mini_shards, out)
    (out / "keypoints/mini/A1/sway_1.cam1.parquet").unlink()
    assert cli(*build_arguments(mini, mini_manifest, out, "--severity", "1")).code == 0
    words = ("--root", mini, "--manifest", mini_manifest, "--out", tmp_path)
    done = cli("evaluate", tiny_lifter, "--shards", out, *words)
    assert done.code == 0, done.err
    assert "partial: 3 of 11 cells" in done.err


def test_one_build_at_a_time(mini, mini_manifest, tmp_path, cli):
    out = tmp_path / "out"
    words = build_arguments(mini, mini_manifest, out, *FEW, "--workers", 1)
    process = subprocess.Popen(
        [sys.executable, "-m", "corruptbench", *words], stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 60
        while not list(out.rglob("*.parquet")) and time.monotonic() < deadline:
            assert process.poll() is None, "the build ended too soon"
            time.sleep(0.02)
        refused = cli(*words)
        assert refused.code == 2
        assert "another build is running" in refused.err
    finally:
        process.kill()
        process.wait()
    assert cli(*words).code == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_kill_9_and_resume(mini, mini_manifest, few_shards, tmp_path, cli, workers):
    """Killed in the middle, run again: the same bytes as an undisturbed build."""
    out = tmp_path / "out"
    words = build_arguments(mini, mini_manifest, out, *FEW, "--workers", workers)
    process = subprocess.Popen(
        [sys.executable, "-m", "corruptbench", *words],
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not list(out.rglob("*.parquet")) and time.monotonic() < deadline:
        assert process.poll() is None, "the build ended before it could be killed"
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)  # the parent alone: its workers must not outlive it
    process.wait()
    group_gone = time.monotonic() + 30
    while time.monotonic() < group_gone:
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            break
        time.sleep(0.1)
    else:
        pytest.fail("worker processes outlived the killed build")
    built = list(out.rglob("*.parquet"))
    assert 0 < len(built) < 6, "the kill came too late to test anything"
    assert not (out / "lock.json").exists()
    assert cli(*words).code == 0
    assert files(out) == files(few_shards)


def test_a_failing_clip_leaves_the_others(mini, mini_manifest, tmp_path, cli):
    data, out = tmp_path / "data", tmp_path / "out"
    shutil.copytree(mini, data)
    victim = data / "videos/A2/step_1.cam1.mp4"
    damage(victim)
    less = ("--severity", "1", "--corruption", "erase", "--workers", "1")
    done = cli(*build_arguments(data, mini_manifest, out, *less, "--fail-fast"))
    assert done.code == 2
    assert "step_1.cam1.mp4" in done.err
    assert "Traceback" not in done.err
    assert len(list(out.rglob("*.parquet"))) == 4
    assert not (out / "failures.json").exists()
    assert not list(out.rglob("*.part"))
    assert not (out / "lock.json").exists()


def test_a_person_out_of_view_has_no_detection(tmp_path, cli):
    data = write_dataset(tmp_path / "data")
    manifest = write_manifest(tmp_path / "mini-c.toml", **{'"A1", "A2"': '"A2"'})
    labels = data / "labels/A2.parquet"
    table = pq.read_table(labels)
    joints = table["joints"].combine_chunks().flatten().to_numpy().reshape(FRAMES, 17, 3).copy()
    joints[4] = np.nan  # no valid label
    column = pa.FixedSizeListArray.from_arrays(joints.ravel(), 51)
    pq.write_table(table.set_column(2, "joints", column), labels)
    add_boxes(data, "A2", above=[4, 5])
    less = ("--severity", 1, "--corruption", "erase", "--workers", 1)
    assert cli(*build_arguments(data, manifest, tmp_path / "out", *less)).code == 0
    for cell in (CLEAN, Cell("erase", 1)):
        (d,) = parquet.read(tmp_path / "out/keypoints/mini/A2/step_1.cam1.parquet", [cell])
        seen = np.isfinite(d.keypoints).all(axis=(1, 2))
        assert np.flatnonzero(~seen).tolist() == [4, 5]
        assert (d.scores[~seen] == 0).all()


def test_verify(mini_shards, mini_full, tmp_path, cli):
    assert cli("verify", mini_shards).code == 0
    against = cli("verify", mini_shards, "--against", mini_shards / "lock.json")
    assert "pixels: the same in all 30 row groups that both have" in against.out
    assert "not compared" not in against.out
    more = cli("verify", mini_shards, "--against", mini_full / "lock.json")
    assert more.code == 0
    assert "pixels: the same in all 30 row groups that both have" in more.out
    assert "not compared: 0 row groups only here, " in more.out
    lock = json.loads((mini_shards / "lock.json").read_text())
    lock["clips"]["mini/A1/step_1.cam1"][2]["pixels_sha256"] = "0" * 64
    other = tmp_path / "other.json"
    other.write_text(json.dumps(agreed(lock)))
    found = cli("verify", mini_shards, "--against", other)
    assert found.code == 2
    assert "mini/A1/step_1.cam1 erase 3" in found.err
    lock["clips"] = {"mini/A9/step_1.cam1": lock["clips"]["mini/A1/step_1.cam1"]}
    other.write_text(json.dumps(agreed(lock)))
    strange = cli("verify", mini_shards, "--against", other)
    assert strange.code == 2
    assert "has none of our 30 row groups" in strange.err
