"""Paired differences for the page: those of `compare`, for the rows that can be paired."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import pytest

from corruptbench.leaderboard import compare, load, read, read_paired, submit
from corruptbench.leaderboard.board.folder import CLIPS_FILE, RESULT_FILE
from corruptbench.leaderboard.comparison import paired
from corruptbench.leaderboard.page.compare_view import paired_data
from tests.leaderboard.conftest import Make, clip_table

LEVELS = {"plain": 40.0, "tagn": 38.0, "ca-conv": 39.0}


@pytest.fixture
def board(make: Make, tmp_path: Path) -> Path:
    for name, level in LEVELS.items():  # of one seed, which gives all the same clips
        submit(make(clip_table(level=level), name=name), tmp_path / "board", None)
    return tmp_path / "board"


def digests(board: Path) -> dict[str, str]:
    return {result.lifter.name: result.clips_sha256 for result in load(board)}


def test_differences_are_those_of_a_comparison(board: Path) -> None:
    found, by_name = read_paired(load(board), board), digests(board)
    assert len(found) == 3
    for names in combinations(LEVELS, 2):
        entries = [read(board / "toy-c-v1" / name / RESULT_FILE) for name in names]
        keys = tuple(by_name[name] for name in names)
        entries = entries if keys in found else entries[::-1]
        keys = keys if keys in found else keys[::-1]
        (pair,) = compare(entries).pairs
        assert list(found[keys]) == [d.name for d in pair.differences]
        for right in pair.differences:
            assert found[keys][right.name] == pytest.approx(
                (right.difference, right.low, right.high), abs=1e-9
            )


def test_a_row_that_cannot_be_paired_costs_no_other(board: Path, make: Make) -> None:
    fewer = clip_table(level=37.0, takes=2)
    submit(make(fewer, name="fewer-clips"), board, None)
    (board / "toy-c-v1" / "plain" / CLIPS_FILE).write_bytes(b"no table")
    submit(make(build={"pixels_sha256": "1" * 64}, name="other-pixels"), board, None)
    results, by_name = load(board), digests(board)
    found = read_paired([r for r in results if r.lifter.name != "fewer-clips"], board)
    assert set(found) == {(by_name["tagn"], by_name["ca-conv"])}
    assert not read_paired(results, board), "the best row has other clips than the others"


def test_only_the_best_rows_are_paired(board: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paired, "MOST_PAIRED", 2)
    by_name = digests(board)
    assert set(read_paired(load(board), board)) == {(by_name["tagn"], by_name["ca-conv"])}


def test_the_page_has_each_pair_once_whatever_the_order_of_its_rows(board: Path) -> None:
    results = load(board)
    found = read_paired(results, board)
    for rows in (results, results[::-1]):
        data = json.loads(paired_data(rows, found))
        assert set(data["pairs"]) == {"0-1", "0-2", "1-2"}
        for key, numbers in data["pairs"].items():
            i, j = map(int, key.split("-"))
            difference, low, high = numbers[data["names"].index("corrupted")]
            expected = rows[j].mpjpe.corrupted - rows[i].mpjpe.corrupted
            assert difference == pytest.approx(expected, abs=1e-3)
            assert low <= difference <= high


def test_no_name_ends_the_element(board: Path) -> None:
    found = read_paired(load(board), board)
    hostile = {key: {"</script>": d["clean"]} for key, d in found.items()}
    text = paired_data(load(board), hostile)
    assert "<" not in text
    assert json.loads(text)["names"] == ["</script>"]
