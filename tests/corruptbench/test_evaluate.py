"""From shards to a result, end to end."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corruptbench.leaderboard import check
from corruptbench.manifest import CLEAN, Cell
from corruptbench.shards import parquet
from corruptbench.shards.shard_set import ShardSet, open_shards
from tests.corruptbench.conftest import contract
from tests.fixtures.folder import FRAMES, add_boxes, write_dataset, write_manifest
from tests.fixtures.lifters import Lift, script

pytestmark = pytest.mark.detector


def evaluate(cli, model, folder, mini, manifest, out):
    return cli(
        "evaluate", model, "--shards", folder, "--root", mini, "--manifest", manifest, "--out", out
    )


def test_result_is_what_the_definitions_say(mini, mini_manifest, mini_full, tmp_path, cli):
    """A lifter that returns its own input: every number again, from labels and shards, by hand."""
    model = script(tmp_path / "m.pt", Lift(), contract(frames=1, units="m"))
    done = evaluate(cli, model, mini_full, mini, mini_manifest, tmp_path)
    assert done.code == 0, done.err
    result = check(tmp_path / "tiny.json")
    assert result.coverage.n_scored == result.coverage.n_expected == 6 * 11 * FRAMES + 2 * 11 * 3

    shard_set = open_shards(mini_full, mini, str(mini_manifest))
    by_action: dict[str, list[float]] = {"step": [], "sway": []}
    for clip, detections in shard_set.clips():
        d = detections[shard_set.cells.index(shard_set.manifest.cells[3])]
        for t in range(len(clip.joints)):
            target = (clip.joints[t] - clip.camera.position) @ clip.camera.rotation.T
            target = target - target[0]
            xy = coco_to_h36m(d.keypoints[t].astype(np.float64)) / 64 - 1
            pose = np.concatenate([xy.astype(np.float32), np.zeros((17, 1))], axis=1) * 1000
            pose -= pose[0]
            by_action[clip.id.action].append(np.linalg.norm(pose - target, axis=1).mean())
    expected = np.mean([np.mean(errors) for errors in by_action.values()])
    cell = next(c for c in result.cells if (c.corruption, c.severity) == ("erase", 3))
    assert cell.mpjpe == pytest.approx(expected, rel=1e-6)


def coco_to_h36m(p):
    hip, neck = (p[11] + p[12]) / 2, (p[5] + p[6]) / 2
    rest = p[[12, 14, 16, 11, 13, 15]]
    head = (p[1] + p[2]) / 2
    arms = p[[5, 7, 9, 6, 8, 10]]
    return np.concatenate([[hip], rest, [(hip + neck) / 2, neck, p[0], head], arms])


def test_same_model_same_bytes(mini, mini_manifest, mini_full, tiny_lifter, tmp_path, cli):
    for name in ("a", "b"):
        assert evaluate(cli, tiny_lifter, mini_full, mini, mini_manifest, tmp_path / name).code == 0
    for file in ("tiny.json", "tiny.clips.parquet"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_a_partial_build_gives_a_partial_result(
    mini, mini_manifest, mini_shards, tiny_lifter, tmp_path, cli
):
    done = evaluate(cli, tiny_lifter, mini_shards, mini, mini_manifest, tmp_path)
    assert done.code == 0
    assert "partial: 5 of 11 cells" in done.err
    board = ("--board", tmp_path / "board", "--manifest", mini_manifest)
    refused = cli("submit", tmp_path / "tiny.json", *board)
    assert refused.code == 2
    assert "build and score exactly the benchmark's cells" in refused.err
    assert not (tmp_path / "board").exists()


def test_bad_poses_are_counted_and_no_other_is_lost(
    mini, mini_manifest, mini_shards, tiny_lifter, tmp_path, cli
):
    """A lifter that fails on some frames of some clips: all are scored, counted, and refused."""
    out = tmp_path / "out"
    assert evaluate(cli, tiny_lifter, mini_shards, mini, mini_manifest, out).code == 0
    whole = pd.read_parquet(out / "tiny.clips.parquet")
    model = script(tmp_path / "m.pt", Lift(1, "nan on the right"), contract(frames=1))
    done = evaluate(cli, model, mini_shards, mini, mini_manifest, tmp_path / "bad")
    assert done.code == 2
    assert [p.name for p in (tmp_path / "bad").iterdir()] == ["tiny.rejected.csv"]
    bad = pd.read_csv(tmp_path / "bad/tiny.rejected.csv")
    total = int(whole["frames"].sum())
    clips = len(bad[["subject", "sequence", "camera"]].drop_duplicates())
    assert clips > 1
    assert 0 < bad["rejected"].sum() < total
    assert f"{bad['rejected'].sum()} of {total} poses" in done.err
    assert "NaN, infinite or collapsed" in done.err
    assert f"in {clips} of " in done.err
    keys = ["subject", "sequence", "camera", "corruption", "severity"]
    both = bad.merge(whole, on=keys, suffixes=("", "_whole"))
    assert (both["frames"] + both["rejected"] == both["frames_whole"]).all()
    assert (bad["mpjpe"].notna() == (bad["frames"] > 0)).all()
    again = evaluate(cli, tiny_lifter, mini_shards, mini, mini_manifest, tmp_path / "bad")
    assert again.code == 0
    assert not (tmp_path / "bad/tiny.rejected.csv").exists(), "mended: the list is gone"
    before = (tmp_path / "bad/tiny.json").read_bytes()
    other = evaluate(cli, model, mini_shards, mini, mini_manifest, tmp_path / "bad")
    assert other.code == 2
    assert "tiny.json: holds the result of another model" in other.err
    assert (tmp_path / "bad/tiny.json").read_bytes() == before
    assert not (tmp_path / "bad/tiny.rejected.csv").exists()


def test_what_lies_in_out_is_not_lost(mini, mini_manifest, mini_shards, tiny_lifter, tmp_path, cli):
    """A log of the user, a file that is no result, a contract that does not count."""
    model = shutil.copy(tiny_lifter, tmp_path / "best.pt2")
    (tmp_path / "best.log").write_text("of my training")
    (tmp_path / "best.toml").write_text('name = "other"\nwindow = "block"\nframes = 3\n')
    done = evaluate(cli, model, mini_shards, mini, mini_manifest, tmp_path)
    assert done.code == 0, done.err
    assert "best.toml: not used, because best.pt2 has another contract inside" in done.err
    assert (tmp_path / "best.log").read_text() == "of my training"
    (tmp_path / "tiny.json").write_text('{"mine": 1}')
    done = evaluate(cli, model, mini_shards, mini, mini_manifest, tmp_path)
    assert (done.code, "tiny.json: exists and is no result" in done.err) == (2, True)
    assert (tmp_path / "tiny.json").read_text() == '{"mine": 1}'


def test_shards_without_what_a_result_needs(
    mini, mini_manifest, mini_shards, tmp_path, cli, monkeypatch
):
    """Said before the model is loaded."""
    for cells, said in (((CLEAN,), "the clean cell only"), ((Cell("erase", 1),), "no clean cell")):
        monkeypatch.setattr(ShardSet, "cells", property(lambda _, cells=cells: cells))
        done = evaluate(cli, tmp_path / "nowhere.pt2", mini_shards, mini, mini_manifest, tmp_path)
        assert (done.code, said in done.err) == (2, True)


def test_clean_video_without_detections(
    mini, mini_manifest, mini_shards, tiny_lifter, tmp_path, cli, monkeypatch
):
    clips = ShardSet.clips

    def blind(self, cells=None):
        for i, (clip, found) in enumerate(clips(self, cells)):
            if i == 0:
                found[0] = replace(found[0], keypoints=np.full_like(found[0].keypoints, np.nan))
            yield clip, found

    monkeypatch.setattr(ShardSet, "clips", blind)
    done = evaluate(cli, tiny_lifter, mini_shards, mini, mini_manifest, tmp_path)
    assert done.code == 0, done.err
    assert "1 of 6 clips have none at all: clean errors are those of the detector" in done.out


def test_out_is_looked_at_first(mini, mini_manifest, mini_shards, tmp_path, cli):
    """Before the model runs: this one would fail later, with other words."""
    model = script(tmp_path / "m.pt", Lift(1, "nan on the right"), contract(frames=1))
    (tmp_path / "file").touch()
    done = evaluate(cli, model, mini_shards, mini, mini_manifest, tmp_path / "file/out")
    assert done.code == 2
    assert "file: not a folder" in done.err


@pytest.fixture
def copy(mini_shards, tmp_path):
    folder = tmp_path / "shards"
    shutil.copytree(mini_shards, folder)
    return folder


def test_unfinished_build(copy, mini, mini_manifest, tiny_lifter, tmp_path, cli):
    (copy / "lock.json").unlink()
    done = evaluate(cli, tiny_lifter, copy, mini, mini_manifest, tmp_path)
    assert (done.code, "run the build again" in done.err) == (2, True)


def test_missing_shard(copy, mini, mini_manifest, tiny_lifter, tmp_path, cli):
    (copy / "keypoints/mini/A1/sway_1.cam1.parquet").unlink()
    done = evaluate(cli, tiny_lifter, copy, mini, mini_manifest, tmp_path)
    assert (done.code, "sway_1.cam1.parquet: missing" in done.err) == (2, True)


def test_shard_of_another_manifest(copy, mini, mini_manifest, tiny_lifter, tmp_path, cli):
    changes = {"padding = 1.25": "padding = 1.5", '"A1", "A2"': '"A2"'}
    other = write_manifest(tmp_path / "o.toml", **changes)
    done = evaluate(cli, tiny_lifter, copy, mini, other, tmp_path)
    assert done.code == 2
    assert "built from mini-c version 1 (manifest " in done.err
    # one foreign file among the right ones
    build = (
        "--severity",
        1,
        "--corruption",
        "erase",
        "--workers",
        1,
        "--out",
        tmp_path / "foreign",
    )
    assert cli("build", "--root", mini, "--manifest", other, *build).code == 0
    name = "keypoints/mini/A2/step_1.cam1.parquet"
    shutil.copy(tmp_path / "foreign" / name, copy / name)
    done = evaluate(cli, tiny_lifter, copy, mini, mini_manifest, tmp_path)
    assert done.code == 2
    assert "step_1.cam1.parquet: " in done.err
    assert "it was the shard" in done.err


def test_foreign_parquet(copy, mini, mini_manifest, tiny_lifter, tmp_path, cli):
    path = copy / "keypoints/mini/A2/step_1.cam1.parquet"
    pd.DataFrame({"x": [1]}).to_parquet(path)
    done = evaluate(cli, tiny_lifter, copy, mini, mini_manifest, tmp_path)
    assert (done.code, "not a shard of corruptbench" in done.err) == (2, True)


def test_other_labels(copy, mini_manifest, tiny_lifter, tmp_path, cli):
    longer = write_dataset(tmp_path / "longer", frames=FRAMES + 1)
    done = evaluate(cli, tiny_lifter, copy, longer, mini_manifest, tmp_path)
    assert done.code == 2
    assert f"{FRAMES} frames, the labels of mini/A1/step_1.cam1 have {FRAMES + 1}" in done.err


def test_labels_of_another_recording(copy, mini_manifest, tiny_lifter, tmp_path, cli):
    """As long, and in the same place of the folder: the boxes tell."""
    other = write_dataset(tmp_path / "other")
    path = other / "labels/A1.parquet"
    table = pq.read_table(path)
    joints = table["joints"].combine_chunks().flatten().to_numpy().reshape(-1, 17, 3)
    column = pa.FixedSizeListArray.from_arrays(joints[::-1].ravel(), 51)
    pq.write_table(table.set_column(2, "joints", column), path)
    done = evaluate(cli, tiny_lifter, copy, other, mini_manifest, tmp_path)
    assert done.code == 2
    assert "expected the labels that the shards were built from" in done.err


def test_labels_with_gaps(mini_manifest, tiny_lifter, tmp_path, cli):
    """Frames without a valid label do not count; a clip without any is refused."""
    data = write_dataset(tmp_path / "data")
    path = data / "labels/A1.parquet"
    table = pq.read_table(path)
    joints = table["joints"].combine_chunks().flatten().to_numpy().reshape(-1, 17, 3).copy()
    joints[:FRAMES:2] = np.nan  # step_1: every second frame, so none has a neighbour
    joints[FRAMES + 5] = np.nan  # sway_1: one gap
    column = pa.FixedSizeListArray.from_arrays(joints.ravel(), 51)
    pq.write_table(table.set_column(2, "joints", column), path)
    add_boxes(data, "A2", above=[])
    empty = data / "labels/A2.parquet"
    out = tmp_path / "out"
    words = ("--root", data, "--manifest", mini_manifest)
    assert cli("build", *words, "--severity", 1, "--workers", 1, "--out", out).code == 0
    table = pq.read_table(empty)
    column = pa.FixedSizeListArray.from_arrays(np.full(FRAMES * 51, np.nan, dtype=np.float32), 51)
    pq.write_table(table.set_column(2, "joints", column), empty)
    done = cli("build", *words, "--severity", 1, "--workers", 1, "--out", out)
    assert done.code == 2
    assert f"none of its {FRAMES} labels is valid" in done.err
    assert 'exclude = ["A2/step_1"]' in done.err
    done = cli("evaluate", tiny_lifter, "--shards", out, *words, "--out", tmp_path)
    assert done.code == 2
    assert f"none of its {FRAMES} frames has a valid label" in done.err
    assert 'exclude = ["A2/step_1.cam1"]' in done.err
    assert not (tmp_path / "tiny.json").exists()

    without = {'subjects = ["A1", "A2"]': 'subjects = ["A1", "A2"]\nexclude = ["A2/step_1"]'}
    words = ("--root", data, "--manifest", write_manifest(tmp_path / "without.toml", **without))
    out = tmp_path / "without"
    assert cli("build", *words, "--severity", 1, "--workers", 1, "--out", out).code == 0
    done = cli("evaluate", tiny_lifter, "--shards", out, *words, "--out", tmp_path)
    assert done.code == 0, done.err
    coverage = json.loads((tmp_path / "tiny.json").read_text())["coverage"]
    assert coverage["excluded"] == ["A2/step_1"]
    clips = pd.read_parquet(tmp_path / "tiny.clips.parquet")
    assert set(clips["subject"]) == {"A1"}
    counts = clips.groupby("sequence")[["frames", "run_frames"]].agg(["min", "max"])
    assert counts.loc["step_1"].tolist() == [FRAMES // 2, FRAMES // 2, 0, 0]
    assert counts.loc["sway_1"].tolist() == [FRAMES + 2] * 4
    assert clips[clips["sequence"] == "step_1"]["mpjve"].isna().all()


def test_detection_quality(mini, mini_manifest, mini_shards, cli):
    done = cli("detections", "--shards", mini_shards, "--root", mini, "--manifest", mini_manifest)
    assert done.code == 0
    assert "PCK@0.1" in done.out
    assert "gaussian_noise 3" in done.out


def test_shards_hold_no_labels(mini_shards):
    for path in parquet.find(mini_shards):
        assert b"joints" not in path.read_bytes().replace(b"hidden_joints", b"")
    assert "joints" not in json.dumps(json.loads((mini_shards / "lock.json").read_text()))
