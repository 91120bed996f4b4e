"""What the studio generator writes: dataset.json and labels."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tools.studio.layout import video_path, write_dataset, write_labels
from tools.studio.people import SUBJECTS
from tools.studio.plan import default_plan


def test_dataset_json_has_exactly_the_layouts_keys(tmp_path) -> None:
    write_dataset(tmp_path, default_plan())
    header = json.loads((tmp_path / "dataset.json").read_text())
    assert list(header) == [
        "format", "name", "version", "licence", "fps", "joints", "units", "cameras", "sequences",
    ]  # fmt: skip
    assert header["format"] == "corruptbench-folder/1"
    assert header["fps"] == 50
    assert set(header["cameras"]["cam1"]) == {
        "width", "height", "model", "focal_length", "principal_point", "rotation", "position",
    }  # fmt: skip
    assert set(header["sequences"]) == set(SUBJECTS)
    assert header["sequences"]["S6"]["walking_1"] == "walking"
    assert [path.name for path in tmp_path.iterdir()] == ["dataset.json"]


def test_labels_come_back_as_written(tmp_path) -> None:
    rng = np.random.default_rng(2)
    joints = {"walking_2": rng.normal(size=(3, 17, 3)), "running_1": rng.normal(size=(2, 17, 3))}
    boxes = {"cam2": {name: rng.uniform(size=(len(j), 4)) for name, j in joints.items()}}
    write_labels(tmp_path, "S1", joints, boxes)
    path = tmp_path / "labels" / "S1.parquet"
    table = pq.read_table(path)
    assert table.schema.field("frame").type == pa.int32()
    assert pa.types.is_dictionary(table.schema.field("sequence").type)
    assert table.schema.field("joints").type.list_size == 51
    assert table["sequence"].to_pylist() == ["running_1"] * 2 + ["walking_2"] * 3
    assert table["frame"].to_pylist() == [0, 1, 0, 1, 2]
    values = np.array(table["joints"].to_pylist()).reshape(-1, 17, 3)
    expected = np.concatenate([joints["running_1"], joints["walking_2"]])
    np.testing.assert_allclose(values, expected, rtol=1e-6)
    assert table.column_names == ["sequence", "frame", "joints", "box.cam2"]
    found = np.array(table["box.cam2"].to_pylist())
    wanted = np.concatenate([boxes["cam2"]["running_1"], boxes["cam2"]["walking_2"]])
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    for number in (2, 3):
        column = pq.ParquetFile(path).metadata.row_group(0).column(number)
        assert column.compression == "ZSTD"
        assert "BYTE_STREAM_SPLIT" in column.encodings


def test_the_same_labels_give_the_same_bytes(tmp_path) -> None:
    joints = {"walking_1": np.arange(102.0).reshape(2, 17, 3)}
    for folder in ("one", "two"):
        write_labels(tmp_path / folder, "S1", joints, {"cam1": {"walking_1": np.ones((2, 4))}})
    one, two = ((tmp_path / name / "labels" / "S1.parquet").read_bytes() for name in ("one", "two"))
    assert one == two


def test_video_paths(tmp_path) -> None:
    clip = default_plan()[0]
    path = video_path(tmp_path, clip, "cam3")
    assert path == tmp_path / "videos" / "S6" / "walking_1.cam3.mp4"
