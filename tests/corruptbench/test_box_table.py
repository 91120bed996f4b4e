"""Tables of boxes: what is taken, and what each fault is called."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corruptbench.errors import InputError
from corruptbench.video.box_table import boxes_of, read_box_table

HEAD = "frame,x0,y0,x1,y1"
NAN = float("nan")


@pytest.fixture
def table(tmp_path):
    """Writes lines below the usual header, and reads the boxes of 4 frames of 64x48 px."""

    def read(*lines, head=HEAD, encoding="utf-8"):
        path = tmp_path / "boxes.csv"
        path.write_bytes("\n".join([head, *lines]).encode(encoding))
        return boxes_of(read_box_table(path), 4, 64, 48)

    return read


def parquet(path, **columns):
    pq.write_table(pa.table(columns), path)
    return path


def test_frames_without_a_row_or_without_numbers_show_nobody(table):
    boxes = table("2,-3.5,2,30.25,60", "", "0,,,,", "3,nan,NaN,NAN,nan ")
    assert np.array_equal(boxes[2], [-3.5, 2, 30.25, 60])
    assert np.isnan(boxes[[0, 1, 3]]).all()
    assert boxes.shape == (4, 4)
    assert boxes.dtype == np.float64


def test_no_rows_show_nobody(table):
    assert np.isnan(table()).all()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_columns_in_any_order_among_others(table, encoding):
    boxes = table('30,"a, b",1,2,20,10', head=" x1,name,frame , y0,y1,x0", encoding=encoding)
    assert np.array_equal(boxes[1], [10, 2, 30, 20])


def test_parquet(tmp_path):
    path = parquet(
        tmp_path / "boxes.PARQUET", name=["a", "b"], frame=[3, 1], x0=[1, None], y0=[2.5, NAN],
        x1=pa.array([9, None], pa.float32()), y1=[8, None],
    )  # fmt: skip
    boxes = boxes_of(read_box_table(path), 4, 64, 48)
    assert np.array_equal(boxes[3], [1, 2.5, 9, 8])
    assert np.isnan(boxes[:3]).all()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["0,1,2,9,8", "0,1,2,9,8"], "line 3, frame: 0, expected each frame once"),
        (["0,1,2,9,8", "", "4,1,2,9,8"], "line 4, frame: 4, expected 0 to 3, as the video has 4 "),
        (["-1,1,2,9,8"], "line 2, frame: -1, expected a whole number"),
        (["1.5,1,2,9,8"], "line 2, frame: 1.5, expected a whole number"),
        ([",1,2,9,8"], "line 2, frame: nan, expected a whole number"),
        (["inf,1,2,9,8"], "line 2, frame: inf, expected a whole number"),
        (["0,1,2,9,wide"], "line 2, y1: 'wide', expected a number"),
        (["0,1,2,9,1_0"], "line 2, y1: '1_0', expected a number"),
        (["0,1,2,inf,8"], "line 2, x1: inf, expected a finite number"),
        (["0,-inf,2,9,8"], "line 2, x0: -inf, expected a finite number"),
        (["0,1,2,,8"], "line 2, x1: nan, expected four numbers"),
        (["0,10,2,9,8"], "line 2, x1: 9, expected at least one px more than x0"),
        (["0,1,2,9,1"], "line 2, y1: 1, expected at least one px more than x0"),
        (["0,0,0,0,0"], "leave the row out where nobody is in view"),
        (["0,0.1,0.2,0.7,0.9"], "not fractions of the picture"),
        (["0,1,2,9"], "line 2: 4 fields, expected 5"),
        (["0,1,2,9,8,7"], "line 2: 6 fields, expected 5"),
        (["0,1,5,2,5,9,5,8,5"], "write decimals with a point"),
        (["0,1,2,9,9000"], "line 2, y1: 9000, expected at most 8192 px"),
        (["0,70,2,90,8", "1,1,2,9,8"], "1 of 2 boxes have their center outside of the picture of "),
        (['0,1,2,9,"8'], "line 2"),
        (["0,1,2,9," + "8" * 200_000], "line 2"),
    ],
)  # fmt: skip
def test_faults_of_rows(table, lines, said):
    with pytest.raises(InputError, match=r"boxes\.csv: ") as error:
        table(*lines)
    assert said in str(error.value)
    assert len(str(error.value)) < 400


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("0,1,2,9,8", "0 columns 'frame' in '0,1,2,9,8'"),
        ("frame,x,y,w,h", "0 columns 'x0'"),
        ("Frame,x0,y0,x1,y1", "0 columns 'frame'"),
        ("frame;x0;y0;x1;y1", "separated by commas"),
        ("frame,x0,x0,x1,y1,y0", "2 columns 'x0'"),
        ("", "0 columns 'frame'"),
    ],
)
def test_faults_of_the_header(table, head, said):
    with pytest.raises(InputError, match="expected the columns frame,x0,y0,x1,y1") as error:
        table(head=head)
    assert said in str(error.value)


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_other_encodings(table, encoding):
    with pytest.raises(InputError, match="expected UTF-8"):
        table("0,1,2,9,8,ä", head=f"{HEAD},name", encoding=encoding)


def test_faults_of_parquet(tmp_path):
    numbers = {"frame": [0, 1], "x0": [1, 1], "y0": [2, 2], "x1": [9, 9], "y1": [8, 8]}
    for name, column, said in (
        ("y1", ["8", "8"], "y1: of type string, expected numbers"),
        ("y1", [True, False], "y1: of type bool, expected numbers"),
        ("y1", [8, 1], "row 2, y1: 1, expected at least one px more"),
        ("frame", [0, 0], "row 2, frame: 0, expected each frame once"),
        ("frame", [0, None], "row 2, frame: nan, expected a whole number"),
        ("frame", [0, 2**62], "row 2, frame: 4.6"),
    ):
        path = parquet(tmp_path / "boxes.parquet", **{**numbers, name: column})
        with pytest.raises(InputError) as error:
            read_box_table(path)
        assert f"boxes.parquet: {said}" in str(error.value)
    del numbers["x1"]
    with pytest.raises(InputError, match="0 columns 'x1'"):
        read_box_table(parquet(tmp_path / "boxes.parquet", **numbers))


def test_files_that_are_no_table(tmp_path):
    (tmp_path / "text.parquet").write_text(HEAD)
    (tmp_path / "empty.parquet").write_bytes(b"")
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "folder.csv").mkdir()
    for name, said in (
        ("text.parquet", "not a Parquet file"),
        ("empty.parquet", "not a Parquet file"),
        ("empty.csv", "0 columns 'frame'"),
        ("folder.csv", "a folder"),
        ("none.csv", "missing"),
        ("boxes.txt", "suffix '.txt'; expected .csv or .parquet"),
    ):
        with pytest.raises(InputError) as error:
            read_box_table(tmp_path / name)
        assert f"{name}: {said}" in str(error.value)
