"""Predictions are saved while a lifter is evaluated, and give the same numbers without it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

import corruptbench as cb
from corruptbench.errors import InputError
from corruptbench.evaluation import groups as grouping
from corruptbench.leaderboard import clips
from corruptbench.lifters.allowance import Allowance
from tests.corruptbench.predictions.conftest import evaluated, numbers, rewritten, with_poses


def assert_same(a, b):
    assert clips.to_parquet(a.clips) == clips.to_parquet(b.clips)
    ours, theirs = (r.record.model_dump(exclude={"command"}) for r in (a, b))
    assert ours == theirs
    assert a.companions.keys() == b.companions.keys()
    for name, table in a.companions.items():
        assert str(table.to_pydict()) == str(b.companions[name].to_pydict())  # NaN is NaN


def several(network):
    """Three hypotheses, and nothing random."""
    return lambda x: torch.stack([network(x) * s for s in (0.8, 1.0, 1.3)], dim=1)


class Drawn:
    """Gives other poses with each seed."""

    def __init__(self, network):
        self.network, self.seed = network, 0

    def set_seed(self, seed):
        self.seed = seed

    def __call__(self, x):
        return self.network(x) * (1 + 0.1 * self.seed)


def test_the_same_numbers_without_the_lifter(drawn_shards, evaluation):
    result, path = evaluation
    assert_same(result, cb.score(path, drawn_shards, progress=False))
    table = pq.read_table(path)
    assert table.num_rows == int(result.clips["frames"].sum())
    first = table.to_pandas().iloc[0]
    assert first["pose"].dtype == np.float32
    assert len(first["pose"]) == 51


@pytest.mark.parametrize("changes", [
    {"joints": "h36m17 - neck_nose", "keypoints": "h36m17"},
    {"units": "none"},
    {"root": "absolute"},
    {"units": {"mean": [0.0] * 51, "std": [2.0] * 51, "units": "mm"}},
], ids=["16 joints", "units none", "absolute", "statistics"])  # fmt: skip
def test_other_contracts(changes, drawn_shards, network, tmp_path):
    kept = [i for i in range(17) if i != 9 or "joints" not in changes]
    scale = 1000 if isinstance(changes.get("units"), dict) else 1
    result = evaluated(
        drawn_shards, tmp_path / "p.parquet", lambda x: scale * network(x)[:, :, kept], changes
    )
    assert_same(result, cb.score(tmp_path / "p.parquet", drawn_shards, progress=False))


def test_several_hypotheses(drawn_shards, network, tmp_path):
    result = evaluated(
        drawn_shards, tmp_path / "p.parquet", several(network), {"output": "b h t j c"}
    )
    assert result.record.lifter.hypotheses == 3
    assert pq.read_schema(tmp_path / "p.parquet").field("hypotheses").type.list_size == 3 * 51
    assert_same(result, cb.score(tmp_path / "p.parquet", drawn_shards, progress=False))


def test_several_samples(drawn_shards, network, tmp_path):
    drawn = Drawn(network)
    result = evaluated(
        drawn_shards, tmp_path / "p.parquet", drawn, {"samples": 3}, seed=drawn.set_seed
    )
    assert result.record.spread.clean > 0
    assert_same(result, cb.score(tmp_path / "p.parquet", drawn_shards, progress=False))


def test_groups_of_another_size(drawn_shards, evaluation, monkeypatch, tmp_path, network):
    """How many clips are lifted together is not part of the format."""
    result, path = evaluation
    monkeypatch.setattr(grouping, "GROUP_FRAMES", 1)
    again = cb.score(path, drawn_shards, progress=False)
    assert clips.to_parquet(again.clips) == clips.to_parquet(result.clips)
    evaluated(drawn_shards, tmp_path / "p.parquet", network)
    monkeypatch.undo()
    one_by_one = cb.score(tmp_path / "p.parquet", drawn_shards, progress=False)
    assert np.allclose(one_by_one.clips["mpjpe"], result.clips["mpjpe"], rtol=1e-6)


def test_gaps_in_the_labels(drawn_shards, network, monkeypatch, tmp_path):
    load = type(drawn_shards.dataset).load

    def with_gap(dataset, clip_id):
        clip = load(dataset, clip_id)
        joints = clip.joints.copy()
        joints[3:5] = np.nan
        return replace(clip, joints=joints, person_boxes=clip.boxes)

    monkeypatch.setattr(type(drawn_shards.dataset), "load", with_gap)
    result = evaluated(drawn_shards, tmp_path / "p.parquet", network)
    assert_same(result, cb.score(tmp_path / "p.parquet", drawn_shards, progress=False))
    monkeypatch.undo()
    with pytest.raises(InputError, match=r"A\d/s.*: frame 3 is missing \(2 are\); expected the"):
        cb.score(tmp_path / "p.parquet", drawn_shards, progress=False)


def test_what_was_allowed_stays_marked(drawn_shards, network, tmp_path):
    calls = []

    def stateful(x):
        calls.append(1)
        return network(x) + (0.1 if len(calls) > 3 else 0.0)

    path = tmp_path / "p.parquet"
    result = evaluated(drawn_shards, path, stateful, allowance=Allowance(["state", "units"]))
    assert result.record.lifter.allowed == ("state",)
    assert_same(result, cb.score(path, drawn_shards, progress=False))


def test_rejected_poses_are_counted(drawn_shards, evaluation, tmp_path):
    table = pq.read_table(evaluation[1])
    poses = numbers(table)
    poses[[0, 5], 7] = np.nan
    path = rewritten(tmp_path, evaluation[1], with_poses(table, poses))
    with pytest.raises(InputError, match=r"cannot score 2 of \d+ poses"):
        cb.score(path, drawn_shards, progress=False)


def test_any_writer_will_do(drawn_shards, evaluation, tmp_path):
    """Neither row groups nor encodings are part of the format."""
    result, path = evaluation
    new = rewritten(tmp_path, path, pq.read_table(path), compression="none")
    assert_same(result, cb.score(new, drawn_shards, progress=False))


def test_the_command_needs_no_torch(drawn_shards, evaluation, mini_manifest, tmp_path):
    shards = ["--shards", drawn_shards.folder, "--root", drawn_shards.dataset.root]
    words = [
        "score",
        evaluation[1],
        *shards,
        "--manifest",
        mini_manifest,
        "--out",
        tmp_path / "out",
    ]
    code = (
        "import sys; from corruptbench.cli import main; main(sys.argv[1:]); "
        "assert 'torch' not in sys.modules"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    result = json.loads((tmp_path / "out/tiny.json").read_text())
    assert result["command"] == "corruptbench score tiny.parquet --shards SHARDS"
    assert (tmp_path / "out/tiny.clips.parquet").read_bytes() == clips.to_parquet(
        evaluation[0].clips
    )
