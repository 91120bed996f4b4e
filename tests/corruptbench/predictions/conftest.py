"""A small lifter that is evaluated, and its predictions."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

import corruptbench as cb
from corruptbench.formats.pose_table import KEY
from corruptbench.training.videopose3d import VideoPose3D
from tests.corruptbench.conftest import contract
from tests.fixtures.lifters import python_lifter


@pytest.fixture(scope="session")
def network():
    torch.manual_seed(0)
    return VideoPose3D(17, 2, widths=(3, 3), features=16).eval()


def evaluated(drawn_shards, path, function, changes=None, **more):
    lifter = python_lifter(contract(**(changes or {})), function, **more)
    return cb.evaluate(lifter, drawn_shards, progress=False, save_predictions=path)


@pytest.fixture(scope="session")
def evaluation(drawn_shards, network, tmp_path_factory):
    """A result and its predictions; do not write to them."""
    path = tmp_path_factory.mktemp("predictions") / "tiny.parquet"
    return evaluated(drawn_shards, path, network), path


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
