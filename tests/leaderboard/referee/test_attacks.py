"""Submissions that cost time or memory, act on a terminal, or break the page for everybody."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corruptbench.leaderboard import SubmissionError, check, read_board, render, submit
from tests.leaderboard.conftest import Make, clip_table

LONG = "1" * 100_000 + "x"
ACTS = "\x1b[2J\nEVERYTHING OK\u202e"


def edited(path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    return path


def put(*place: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        for key in place[:-1]:
            document = document[key]
        document[place[-1]] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        put("scoring", "joints", value=LONG),
        put("scoring", "joints", value="1" * 5000),
        put("benchmark", "version", value=10**300),
        put("coverage", "clips", value=10**9),
        put("coverage", "excluded", value=[ACTS]),
        put("coverage", "excluded", value=["a"] * 100_000),
        put("cells", value=[1] * 100_000),
        put("mpjpe", "corrupted", value=1e308),
        put("mpjpe", "degradation", value=-1e308),
        put("lifter", "contract", ACTS, value=1),
        put("lifter", "contract", value={f"k{i}": "v" * 1000 for i in range(1500)}),
        put(
            "lifter",
            "contract",
            value={f"k{i}": {f"{j}": "v" * 1000 for j in range(20)} for i in range(3)},
        ),
        put("lifter", "contract", "frames", value=10**300),
        put("lifter", "contract", "units", value={ACTS: 1}),
        put("software", value={f"p{i}": "1" for i in range(2000)}),
        put("build", "detector", value=ACTS),
    ],
)
def test_odd_documents_are_refused_in_one_breath(
    make: Make, change: Callable[[dict[str, Any]], None]
) -> None:
    path = edited(make(), change)
    with pytest.raises(SubmissionError) as caught:
        check(path)
    text = str(caught.value)
    assert len(text) < 10_000
    assert all(line.isprintable() for line in text.splitlines())


@pytest.mark.parametrize(
    ("value", "found", "most"),
    [([{}] * 60_000, "values: found 120,", 1), ([{}] * 40_000, "cells.0.corruption", 1000)],
)
def test_many_wrong_values_are_no_many_problems(
    make: Make, value: object, found: str, most: int
) -> None:
    """A document of 2 MB had 10^6 problems, which took 3 GB."""
    path = edited(make(), put("cells", value=value))
    with pytest.raises(SubmissionError, match=found) as caught:
        check(path)
    assert len(caught.value.problems) == most


def test_a_table_without_a_column_is_refused(make: Make) -> None:
    path = make()
    rows = path.with_name("baseline.clips.parquet")
    table = pq.read_table(rows).drop_columns(["subject"])
    pq.write_table(table, rows)
    edited(path, put("clips_sha256", value=digest_of(rows)))
    with pytest.raises(SubmissionError, match="column subject: found no such column"):
        check(path)


@pytest.mark.parametrize(
    ("length", "found"), [(1001, "1,001 characters"), (120_000_000, "unpacked size")]
)
def test_one_long_text_in_every_row_is_refused(make: Make, length: int, found: str) -> None:
    """A file of some kB, which would take gigabytes as a table."""
    path = make()
    rows = path.with_name("baseline.clips.parquet")
    table = pq.read_table(rows)
    text = pa.DictionaryArray.from_arrays(pa.array([0] * len(table), pa.int32()), ["x" * length])
    column = table.schema.get_field_index("subject")
    pq.write_table(table.set_column(column, "subject", text), rows, compression="zstd")
    edited(path, put("clips_sha256", value=digest_of(rows)))
    with pytest.raises(SubmissionError, match=found):
        check(path)


def test_a_table_of_many_columns_is_refused(make: Make) -> None:
    path = make()
    rows = path.with_name("baseline.clips.parquet")
    table = pq.read_table(rows)
    for i in range(3000):
        table = table.append_column(f"c{i}", pa.nulls(len(table), pa.int8()))
    pq.write_table(table, rows)
    edited(path, put("clips_sha256", value=digest_of(rows)))
    with pytest.raises(SubmissionError, match="a footer of"):
        check(path)


def rewritten(path: Path, **how: Any) -> Path:
    """Write the clips table of a result in another way, and let the result name it."""
    rows = path.with_name("baseline.clips.parquet")
    pq.write_table(pq.read_table(rows), rows, **how)
    return edited(path, put("clips_sha256", value=digest_of(rows)))


@pytest.mark.parametrize(
    ("how", "found"),
    [
        ({"use_dictionary": False, "column_encoding": {"subject": "DELTA_BYTE_ARRAY"}},
         "column subject: found a page of encoding 7"),
        ({"use_dictionary": False, "column_encoding": {"frames": "DELTA_BINARY_PACKED"}},
         "column frames: found a page of encoding 5"),
    ],
)  # fmt: skip
def test_a_table_that_is_packed_in_another_way_is_refused(
    make: Make, how: dict[str, Any], found: str
) -> None:
    """These encodings can say a long text, or many numbers, again in a few bytes."""
    with pytest.raises(SubmissionError, match=found):
        check(rewritten(make(), **how))


@pytest.mark.parametrize("how", [{"data_page_version": "2.0"}, {"row_group_size": 50}, {}])
def test_a_table_of_other_pages_is_accepted(make: Make, how: dict[str, Any]) -> None:
    check(rewritten(make(), **how))


def varint(number: int) -> bytes:
    """A number of Thrift's compact protocol in five bytes."""
    coded = [number >> 7 * i & 127 for i in range(5)]
    return bytes([*(byte | 128 for byte in coded[:-1]), coded[-1]])


def test_a_page_that_says_another_size_than_the_footer_is_refused(make: Make) -> None:
    """Its header, which the footer does not repeat, has pyarrow allocate 2 GB."""
    path = make()
    rows = path.with_name("baseline.clips.parquet")
    data = rows.read_bytes()
    assert data[4:6] == b"\x15\x04"  # the dictionary of subject
    lie = b"\x15\x04\x15" + varint(2 * (2**31 - 1)) + b"\x15"
    rows.write_bytes(data[:4] + lie + data[4 + len(lie) :])
    edited(path, put("clips_sha256", value=digest_of(rows)))
    with pytest.raises(SubmissionError, match="column subject: found a page"):
        check(path)


def test_a_table_of_too_many_rows_is_refused(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corruptbench.leaderboard.referee.rows.MOST_ROWS", 143)
    with pytest.raises(SubmissionError, match="rows: found 144, expected at most 143"):
        check(make())


def test_a_row_that_was_put_on_the_board_does_not_break_the_page(
    make: Make, tmp_path: Path
) -> None:
    board = tmp_path / "board"
    submit(make(name="honest"), board, None)
    row = submit(make(clip_table(1), name="odd"), board, None)
    edited(row / "result.json", put("mpjpe", "corrupted", value=1e308))
    results, problems = read_board(board)
    assert [result.lifter.name for result in results] == ["honest"]
    assert all("odd" in problem.file for problem in problems)
    assert "honest" in render(results, tmp_path / "page.html", {}).read_text(encoding="utf-8")


def test_names_of_folders_do_not_act_on_a_terminal(make: Make, tmp_path: Path) -> None:
    board = tmp_path / "board"
    submit(make(), board, None)
    (board / "toy-c-v1" / "new\nline\x1b[31m").mkdir()
    text = "\n".join(map(str, read_board(board).problems))
    assert "\x1b" not in text
    assert "new?line" in text


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_device_is_not_replaced(make: Make, tmp_path: Path) -> None:
    submit(make(), tmp_path / "board", None)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="expected a regular file"):
        render(read_board(tmp_path / "board").results, pipe, {})
    assert pipe.is_fifo()
