"""A benchmark whose labels only its server has, and predictions on it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray

import corruptbench as cb
from corruptbench.datasets import open_dataset
from corruptbench.formats.pose_table import KEY
from corruptbench.manifest import load_manifest
from corruptbench.shards.shard_set import open_shards
from tests.corruptbench.conftest import contract
from tests.fixtures.export_shards import write_shards
from tests.fixtures.folder import STANDING, add_boxes, write_dataset
from tests.fixtures.lifters import python_lifter


@dataclass(frozen=True)
class Hidden:
    """A benchmark whose labels only the server has, predictions on it, and what they score."""

    root: Path
    manifest: Path
    shards: Path
    predictions: Path
    result: cb.Result

    @property
    def toml(self) -> str:
        return (
            f'[[benchmark]]\nmanifest = "{self.manifest}"\nshards = "{self.shards}"\n'
            f'root = "{self.root}"\nresults = false\n'
        )


def without_poses(root: Path, out: Path) -> Path:
    """What participants get: one standing pose in each frame, and the boxes."""
    shutil.copytree(root, out)
    for path in out.glob("labels/*.parquet"):
        table = pq.read_table(path)
        standing = np.tile(STANDING.astype(np.float32), (table.num_rows, 1, 1))
        column = pa.FixedSizeListArray.from_arrays(standing.ravel(), standing[0].size)
        place = table.column_names.index("joints")
        pq.write_table(table.set_column(place, "joints", column), path)
    return out


def make_hidden(folder: Path, mini_manifest: Path) -> Hidden:
    """Build the benchmark in a folder, and evaluate a small lifter on what participants get."""
    root, manifest = write_dataset(folder / "owner"), load_manifest(str(mini_manifest))
    for subject in ("A1", "A2"):
        add_boxes(root, subject, [])
    dataset = open_dataset("folder", root)
    write_shards(dataset, manifest, folder / "shards", cells=manifest.cells)
    weights = torch.randn(2, 3, generator=torch.manual_seed(0)) / 27
    lifter = python_lifter(contract(frames=1), lambda x: x @ weights)
    path = folder / "predictions.parquet"
    for labels, saved in ((without_poses(root, folder / "participant"), path), (root, None)):
        shards = open_shards(folder / "shards", labels, str(mini_manifest))
        result = cb.evaluate(lifter, shards, progress=False, save_predictions=saved)
    return Hidden(root, mini_manifest, folder / "shards", path, result)


def altered(hidden: Hidden, change: Callable[[pa.Table], pa.Table]) -> bytes:
    """The predictions with another table."""
    metadata = {KEY: pq.read_metadata(hidden.predictions).metadata[KEY]}
    table = change(pq.read_table(hidden.predictions).replace_schema_metadata(metadata))
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, row_group_size=10**6)
    return sink.getvalue().to_pybytes()


def with_numbers(
    table: pa.Table, name: str, change: Callable[[NDArray[np.float32]], NDArray[np.floating]]
) -> pa.Table:
    """Change the numbers of a column of lists, (rows, numbers of a list)."""
    lists = table.column(name).combine_chunks()
    values = np.asarray(lists.flatten()).reshape(len(lists), -1).copy()
    flat = pa.array(change(values).astype(values.dtype).ravel())
    column = pa.FixedSizeListArray.from_arrays(flat, lists.type.list_size)
    return table.set_column(table.column_names.index(name), name, column)


def with_poses(table: pa.Table, factor: float) -> pa.Table:
    """Multiply all poses."""
    return with_numbers(table, "pose", lambda values: values * np.float32(factor))
