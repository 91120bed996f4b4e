"""Boxes in the table of labels of an open folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from corruptbench.datasets.base import bounds
from corruptbench.datasets.folder import FolderDataset
from corruptbench.errors import InputError
from tests.fixtures import folder
from tests.fixtures.loose import write_loose

FRAMES = 4


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return folder.write_dataset(tmp_path, frames=FRAMES, size=64)


def add_boxes(root: Path, subject: str, column: str, boxes: NDArray[np.float64]) -> None:
    """Add a column of boxes (rows, any) to the labels of a subject."""
    path = root / "labels" / f"{subject}.parquet"
    values = pa.array(boxes.astype(np.float32).ravel())
    lists = pa.FixedSizeListArray.from_arrays(values, boxes.shape[1])
    pq.write_table(pq.read_table(path).append_column(column, lists), path)


def test_a_column_of_boxes_says_where_the_person_is(root: Path) -> None:
    boxes = np.array([[10.0, 5.0, 30.0, 60.0]] * FRAMES) + np.arange(FRAMES)[:, None]
    boxes[2] = np.nan
    add_boxes(root, "A2", "box.cam2", boxes)
    found = {c.camera: FolderDataset(root).load(c) for c in FolderDataset(root).clip_ids()[-2:]}
    np.testing.assert_array_equal(found["cam2"].boxes, boxes)
    np.testing.assert_array_equal(found["cam1"].boxes, bounds(found["cam1"].keypoints))


def test_each_sequence_has_its_own_boxes(root: Path) -> None:
    rows = pq.read_table(root / "labels/A1.parquet").num_rows
    boxes = np.array([[0.0, 0.0, 1.0, 1.0]]) + np.arange(rows)[:, None]
    add_boxes(root, "A1", "box.cam1", boxes)
    dataset = FolderDataset(root)
    step, sway = (dataset.load(c) for c in dataset.clip_ids()[:4:2])
    assert (step.id.sequence, sway.id.sequence, sway.id.camera) == ("step_1", "sway_1", "cam1")
    np.testing.assert_array_equal(np.concatenate([step.boxes, sway.boxes]), boxes)


@pytest.mark.parametrize(
    ("column", "row", "said"),
    [
        ("box.cam9", [1.0, 1.0, 2.0, 2.0], "expected one of cam1, cam2"),
        ("box.cam1", [1.0, 1.0, 2.0], r"3 numbers a row, expected 4 \(x0, y0, x1, y1\)"),
        ("box.cam1", [1.0, 1.0, np.inf, 2.0], r"'step_1', frame 0 is \[1.0, 1.0, inf, 2.0\]"),
    ],
)
def test_boxes_that_cannot_be(root: Path, column: str, row: list[float], said: str) -> None:
    add_boxes(root, "A2", column, np.array([row] * FRAMES))
    dataset = FolderDataset(root)
    with pytest.raises(InputError, match=said) as raised:
        dataset.load(dataset.clip_ids()[-1])
    assert f"A2.parquet: {column}: " in str(raised.value)
    assert any(f.level != "ok" and column in f.found for f in dataset.check())


@pytest.mark.parametrize(
    "row",
    [
        [np.nan, 173, 282, 413],
        [-1e6, 0, 1e6, 10],
        [20, 4, 5, 30],
        [5, 30, 20, 4],
        [0, 0, 8193, 10],
        [np.inf] * 4,
    ],
)
def test_a_single_row_that_cannot_be_a_box(root: Path, row: list[float]) -> None:
    """The error names the row, says what it holds, what is expected, and what to do."""
    boxes = np.tile([5.0, 4.0, 20.0, 30.0], (FRAMES, 1))
    boxes[2] = row
    add_boxes(root, "A2", "box.cam2", boxes)
    dataset = FolderDataset(root)
    with pytest.raises(InputError) as raised:
        dataset.load(dataset.clip_ids()[-1])
    found = boxes.astype(np.float32)[2].astype(float).tolist()
    for part in (
        "A2.parquet: box.cam2: ", f"sequence 'step_1', frame 2 is {found}",
        "expected x0 <= x1 and y0 <= y1 in pixels, -8192 to 8192", "put four NaN",
    ):  # fmt: skip
        assert part in str(raised.value)


def test_the_limits_of_boxes_are_taken(root: Path) -> None:
    boxes = np.array([[-8192.0, 0, 8192, 8192], [7, 7, 7, 7], [np.nan] * 4, [0, 0, 1, 1]])
    add_boxes(root, "A2", "box.cam2", boxes)
    dataset = FolderDataset(root)
    np.testing.assert_array_equal(dataset.load(dataset.clip_ids()[-1]).boxes, boxes)


def put(root: Path, column: str, values: pa.Array) -> FolderDataset:
    """Put other values into the labels of A2."""
    path = root / "labels/A2.parquet"
    table = pq.read_table(path)
    place = table.column_names.index(column)
    pq.write_table(table.set_column(place, column, values), path)
    return FolderDataset(root)


NAMES = ["step_1"] * FRAMES


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("sequence", pa.array(range(FRAMES)), "column of int64, expected text"),
        ("sequence", pa.array([*NAMES[:2], None, "step_1"]), "null in row 2"),
        ("sequence", pa.array([None] * FRAMES), "column of null, expected text"),
        ("sequence", pa.array([b"step_1"] * FRAMES), "column of binary, expected text"),
        ("sequence", pa.array([["step_1"]] * FRAMES), "column of list<"),
        ("frame", pa.array([0.0, 1.0, 2.0, 3.0]), "column of double, expected whole numbers"),
        ("frame", pa.array(["0", "1", "2", "3"]), "column of string, expected whole numbers"),
        ("frame", pa.array([0, 1, 2, None]), "column of int64, null in row 3"),
        ("frame", pa.array([[0], [1], [2], [3]]), "column of list<"),
        ("frame", pa.array([0, 1, 2, 3], pa.timestamp("ms")), "column of timestamp[ms]"),
    ],
)
def test_columns_that_name_the_rows(root: Path, column: str, values: pa.Array, said: str) -> None:
    dataset = put(root, column, values)
    with pytest.raises(InputError) as raised:
        dataset.load(dataset.clip_ids()[-1])
    assert f"A2.parquet: {column}: " in str(raised.value)
    assert said in str(raised.value)


@pytest.mark.parametrize("kind", [pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_names_of_other_kinds(root: Path, kind: pa.DataType) -> None:
    dataset = put(root, "sequence", pa.array(NAMES).cast(kind))
    dataset.load(dataset.clip_ids()[-1])


@pytest.mark.parametrize("column", ["joints", "box.cam1"])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({1: -1, 2: 1}, "frame 1 (row 1, counted from 0) holds {less} numbers, expected {size} ("),
        ({2: None}, "frame 2 (row 2, counted from 0) holds null, expected {size} ("),
        ({1: None, 2: "twice"}, "frame 1 (row 1, counted from 0) holds null, expected {size} ("),
    ],
)
@pytest.mark.parametrize("fixed", [False, True])
def test_a_row_of_another_length(
    root: Path, column: str, change: dict[int, object], said: str, fixed: bool
) -> None:
    """Even where the numbers add up."""
    add_boxes(root, "A2", "box.cam1", np.tile([5.0, 4.0, 20.0, 30.0], (FRAMES, 1)))
    rows = pq.read_table(root / "labels/A2.parquet")[column].to_pylist()
    size = len(rows[0])
    for row, by in change.items():
        length = {None: 0, "twice": 2 * size}.get(by, size + by if isinstance(by, int) else 0)
        rows[row] = None if by is None else (rows[row] * 2)[:length]
    if fixed and any(row is not None and len(row) != size for row in rows):
        pytest.skip("lists of one size have one size")
    kind = pa.list_(pa.float32(), size) if fixed else pa.list_(pa.float32())
    dataset = put(root, column, pa.array(rows, kind))
    with pytest.raises(InputError) as raised:
        dataset.load(dataset.clip_ids()[-1])
    assert said.format(less=size - 1, size=size) in str(raised.value)
    assert f"A2.parquet: {column}: sequence 'step_1'" in str(raised.value)


def test_videos_are_not_compared_with_labels_that_cannot_be_read(root: Path) -> None:
    """There is one finding, and not one more for each video."""
    video = next((root / "videos/A2").iterdir())
    assert [f for f in FolderDataset(root).check() if f.level != "ok"] == []
    longer = [np.zeros((64, 64, 3), dtype=np.uint8)] * (FRAMES + 60)
    write_loose(video, longer, rate=50)
    assert any("more than its" in f.found for f in FolderDataset(root).check())
    dataset = put(root, "frame", pa.array([0, 1, 2, None]))
    (found,) = [f for f in dataset.check() if f.level != "ok"]
    assert found.what == "labels"


def test_sound_labels_are_read_without_pandas() -> None:
    """It takes 0.25 s to import, in each process of a build."""
    load = "sets = open_dataset('studio', None); sets.load(sets.clip_ids()[0])"
    code = f"import sys; from corruptbench.datasets import open_dataset; {load}"
    code += "; print('pandas' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"
