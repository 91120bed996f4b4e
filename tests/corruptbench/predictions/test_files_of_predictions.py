"""A file of predictions is there as a whole, or it is not there, and replaces no other file."""

from __future__ import annotations

import gc
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

import corruptbench as cb
from corruptbench.errors import InputError
from tests.corruptbench.conftest import contract
from tests.corruptbench.predictions.conftest import evaluated
from tests.fixtures.lifters import python_lifter


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
    gc.collect()
    recwarn.clear()  # of what other tests left open
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
