"""Predictions are saved while a lifter is evaluated, and give the same numbers without it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

import corruptbench as cb
from corruptbench.errors import InputError
from corruptbench.evaluation import groups as grouping
from corruptbench.formats.pose_table import KEY
from corruptbench.leaderboard import clips
from corruptbench.lifters.allowance import Allowance
from corruptbench.shards.shard_set import ShardSet
from corruptbench.training.videopose3d import VideoPose3D
from tests.corruptbench.conftest import contract
from tests.fixtures.export_shards import CELLS
from tests.fixtures.lifters import python_lifter


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return VideoPose3D(17, 2, widths=(3, 3), features=16).eval()


def evaluated(drawn_shards, path, function, changes=None, **more):
    lifter = python_lifter(contract(**(changes or {})), function, **more)
    return cb.evaluate(lifter, drawn_shards, progress=False, save_predictions=path)


@pytest.fixture(scope="module")
def evaluation(drawn_shards, network, tmp_path_factory):
    """A result and its predictions; do not write to them."""
    path = tmp_path_factory.mktemp("predictions") / "tiny.parquet"
    return evaluated(drawn_shards, path, network), path


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


@pytest.mark.parametrize("end", [KeyboardInterrupt, InputError, OSError])
def test_a_failure_leaves_no_file(end, drawn_shards, network, tmp_path):
    calls = []

    def fails(x):
        calls.append(1)
        if len(calls) == 5:
            raise end("now")
        return network(x)

    with pytest.raises(end):
        evaluated(drawn_shards, tmp_path / "new/p.parquet", fails)
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


def test_a_full_disk_leaves_no_file(drawn_shards, network, tmp_path, monkeypatch, recwarn):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    with pytest.raises(OSError, match="No space"):
        evaluated(drawn_shards, tmp_path / "p.parquet", network)
    assert not [*tmp_path.iterdir()]
    assert not recwarn.list


def test_other_files_are_not_replaced(drawn_shards, network, evaluation, tmp_path):
    path = tmp_path / "p.parquet"
    path.write_bytes(b"mine")
    with pytest.raises(InputError, match=r"is there and holds no predictions"):
        evaluated(drawn_shards, path, network)
    path.write_bytes(evaluation[1].read_bytes())
    lifter = replace(python_lifter(contract(), network), sha256="1" * 64)
    with pytest.raises(InputError, match=r"the predictions of another model \(000000000000, this"):
        cb.evaluate(lifter, drawn_shards, progress=False, save_predictions=path)
    evaluated(drawn_shards, path, network)


def test_rejected_poses_are_counted(drawn_shards, evaluation, tmp_path):
    table = pq.read_table(evaluation[1])
    poses = numbers(table)
    poses[[0, 5], 7] = np.nan
    path = rewritten(tmp_path, evaluation[1], with_poses(table, poses))
    with pytest.raises(InputError, match=r"cannot score 2 of \d+ poses"):
        cb.score(path, drawn_shards, progress=False)


def numbers(table):
    return table["pose"].combine_chunks().flatten().to_numpy().reshape(table.num_rows, -1).copy()


def with_poses(table, poses):
    column = pa.FixedSizeListArray.from_arrays(pa.array(poses.ravel()), poses.shape[1])
    return table.set_column(table.column_names.index("pose"), "pose", column)


def record_of(path):
    return json.loads(pq.read_metadata(path).metadata[KEY])


def rewritten(folder, path, table, record=None, **options):
    """Writes a table with the metadata of another file, or with these."""
    new = folder / "rewritten.parquet"
    with pq.ParquetWriter(new, table.schema, **options) as writer:
        writer.write_table(table)
        text = json.dumps(record_of(path) if record is None else record)
        writer.add_key_value_metadata({KEY: text.encode()})
    return new


def test_any_writer_will_do(drawn_shards, evaluation, tmp_path):
    """Neither row groups nor encodings are part of the format."""
    result, path = evaluation
    new = rewritten(tmp_path, path, pq.read_table(path), compression="none")
    assert_same(result, cb.score(new, drawn_shards, progress=False))


def column(name, values):
    return lambda t: t.set_column(t.column_names.index(name), name, values(t))


ROWS = {
    "a frame is missing": (lambda t: concat(t[:7], t[8:]), r"frame 7 is missing \(1 are\)"),
    "a row twice": (lambda t: concat(t[:8], t[7:]), r"\d+ rows, the shards have \d+ frames"),
    "a clip twice": (lambda t: concat(t, t[:10]), r"\d+ rows, the shards have \d+ frames"),
    "rows elsewhere": (lambda t: concat(t[1:], t[:1]), "there twice, or do not follow"),
    "another order": (
        lambda t: t.take(np.r_[1, 0, 2 : len(t)]), "frames out of order, or twice"
    ),
    "no clip": (
        column("subject", lambda t: pa.array(["A9"] * len(t)).dictionary_encode()),
        r"A9/.*the shards have no such clip and cell",
    ),
    "no cell": (
        column("severity", lambda t: pa.array(np.full(len(t), 7, np.int8))), "no such clip and cell"
    ),
    "cells are missing": (
        lambda t: t.filter(pa.compute.equal(t["severity"], 0)), r"\d+ of \d+ clips in cells have no"
    ),
    "no row": (lambda t: t[:0], "clips in cells have no rows"),
    "no column": (lambda t: t.drop_columns(["frame"]), "column frame is missing or"),
    "a column more": (lambda t: t.append_column("x", t["frame"]), "column x is missing or"),
    "long frames": (
        column("frame", lambda t: t["frame"].cast(pa.int64())), "frame: found int64, expected int32"
    ),
    "doubles": (
        column("pose", lambda t: t["pose"].cast(pa.list_(pa.float64(), 51))), "column pose: found"
    ),
    "16 joints": (lambda t: with_poses(t, numbers(t)[:, :48]), "48 numbers in a row, expected 51"),
    "nulls": (
        column("frame", lambda t: pa.array([None, *t["frame"].to_pylist()[1:]], pa.int32())),
        "1 values are null",
    ),
    "no pose": (
        column("pose", lambda t: pa.array([None, *t["pose"].to_pylist()[1:]], t["pose"].type)),
        "1 values are null",
    ),
    "half a pose": (
        column("pose", lambda t: pa.array(
            [[None] * 51, *t["pose"].to_pylist()[1:]], t["pose"].type
        )),
        "51 values are null",
    ),
}  # fmt: skip


def concat(*tables):
    return pa.concat_tables(tables).combine_chunks()


@pytest.mark.parametrize("name", ROWS)
def test_other_rows_are_refused(name, drawn_shards, evaluation, tmp_path):
    change, said = ROWS[name]
    table = pq.read_table(evaluation[1]).combine_chunks()
    path = rewritten(tmp_path, evaluation[1], change(table))
    with pytest.raises(InputError, match=said) as error:
        cb.score(path, drawn_shards, progress=False)
    assert str(path) in str(error.value)


RECORDS = {
    "another benchmark": ({"benchmark": {"version": 9}}, r"benchmark: found .* version 9"),
    "other pixels": ({"pixels_sha256": "1" * 64}, "pixels_sha256: found 111"),
    "other detections": ({"detections_sha256": "1" * 64}, "detections_sha256: found 111"),
    "another format": ({"format": "corruptbench-predictions/2"}, "metadata: format"),
    "another name": ({"lifter": {"name": "other"}}, "lifter.name: found other, expected tiny"),
    "samples": ({"lifter": {"samples": 2}}, "lifter.samples: found 2, expected 1"),
    "joints": ({"lifter": {"scored_joints": 3}}, "scored_joints: found 3, expected 17"),
    "hypotheses": ({"lifter": {"hypotheses": 3}}, "lifter.hypotheses: found 3, expected 1"),
    "a made-up probe": ({"lifter": {"allowed": ["luck"]}}, "lifter.allowed: found luck"),
    "a filter": ({"lifter": {"filter": "one_euro"}}, r"found tiny, expected tiny\+one_euro"),
    "a made-up filter": ({"lifter": {"filter": "mean"}}, "lifter.filter: no filter 'mean'"),
    "no probes": ({"lifter": {"allowed": None}}, "lifter.allowed: found nothing"),
    "no contract": ({"lifter": {"contract": {"format": 3}}}, "lifter.contract: "),
    "more": ({"more": 1}, "metadata: more"),
}


@pytest.mark.parametrize("name", RECORDS)
def test_other_records_are_refused(name, drawn_shards, evaluation, tmp_path):
    changes, said = RECORDS[name]
    record = record_of(evaluation[1])
    for field, value in changes.items():
        record[field] = {**record[field], **value} if isinstance(value, dict) else value
    path = rewritten(tmp_path, evaluation[1], pq.read_table(evaluation[1]), record)
    with pytest.raises(InputError, match=said):
        cb.score(path, drawn_shards, progress=False)


def test_what_is_no_predictions_is_refused(drawn_shards, evaluation, tmp_path):
    def refused(path, said):
        with pytest.raises(InputError, match=said):
            cb.score(path, drawn_shards, progress=False)

    data = bytearray(evaluation[1].read_bytes())
    path = tmp_path / "p.parquet"
    refused(path, "no such file")
    os.mkfifo(path)
    refused(path, "a device or pipe")
    path.unlink()
    for content in (b"", b"PAR1", data[:1000], b"x" * 1000):
        path.write_bytes(content)
        refused(path, "not a Parquet file, or cut off")
    path.write_bytes(data[:-8] + (2**31 - 1).to_bytes(4, "little") + b"PAR1")
    refused(path, "not a Parquet file, or cut off")
    pq.write_table(pa.table({"a": [1]}), path)
    refused(path, "Parquet, but no predictions")
    refused(tmp_path / "x.npz", "one .npz; expected the folder")
    (tmp_path / "my.toml").write_text("")
    with pytest.raises(InputError, match=r"holds its contract; leave out .*my.toml"):
        cb.score(evaluation[1], drawn_shards, contract=tmp_path / "my.toml", progress=False)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # numbers beyond all bounds
def test_damage_is_refused_wherever_it_is(drawn_shards, evaluation, tmp_path):
    """Every outcome is an error of ours, or numbers: pages have no checksum."""
    data = evaluation[1].read_bytes()
    path = tmp_path / "p.parquet"
    said = 0
    for seed in range(30):
        random = np.random.default_rng(seed)
        spoilt = bytearray(data)
        for place in random.integers(0, len(data), 8):
            spoilt[place] = random.integers(256)
        path.write_bytes(spoilt)
        try:
            cb.score(path, drawn_shards, progress=False)
        except InputError:
            said += 1
    assert said > 15


def test_bombs_are_refused_by_the_footer(drawn_shards, evaluation, tmp_path):
    """A few kB that would become gigabytes: many rows, and one long text."""
    table = pq.read_table(evaluation[1]).combine_chunks()
    rows = table.take(np.zeros(20_000, dtype=np.int64))
    many = rewritten(tmp_path, evaluation[1], rows, compression="zstd")
    with pytest.raises(InputError, match="20000 rows, the shards have"):
        cb.score(many, drawn_shards, progress=False)
    names = pa.DictionaryArray.from_arrays(np.zeros(len(table), np.int32), ["x" * 5_000_000])
    long = rewritten(
        tmp_path, evaluation[1], table.set_column(0, "subject", names), compression="zstd"
    )
    assert long.stat().st_size < 10 * evaluation[1].stat().st_size
    with pytest.raises(InputError, match=r"column subject: 50\d+ bytes for \d+ rows"):
        cb.score(long, drawn_shards, progress=False)


def test_other_shards_are_refused(drawn_shards, evaluation, monkeypatch):
    """Cells that were not built: the digests differ, and the rows, too."""
    monkeypatch.setattr(ShardSet, "cells", property(lambda _: CELLS[:2]))
    with pytest.raises(InputError, match="erase 3: the shards have no such clip and cell"):
        cb.score(evaluation[1], drawn_shards, progress=False)


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
