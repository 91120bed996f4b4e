"""Predictions that do not fit the shards, or that are damaged, are refused."""

from __future__ import annotations

import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import corruptbench as cb
from corruptbench.errors import InputError
from corruptbench.evaluation.predictions_footer import check_columns
from corruptbench.shards.shard_set import ShardSet
from tests.corruptbench.conftest import contract
from tests.corruptbench.predictions.conftest import (
    numbers,
    record_of,
    rewritten,
    with_poses,
)
from tests.fixtures.export_shards import CELLS


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
    "no column": (lambda t: t.drop_columns(["frame"]), "column frame is missing; "),
    "a column more": (lambda t: t.append_column("x", t["frame"]), "column x is not expected; "),
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


def test_a_column_that_is_there_twice(tmp_path):
    names = ["subject", "sequence", "action", "camera", "corruption", "severity", "frame", "pose"]
    columns = [(name, "int8", 1) for name in [*names, "frame"]]
    footer = {"text": b"", "columns": columns, "groups": []}
    with pytest.raises(InputError, match="column frame is there 2 times; expected subject, "):
        check_columns(tmp_path, footer, contract(), None)


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
