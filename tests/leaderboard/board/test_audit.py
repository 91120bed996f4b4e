"""A board is checked again from its files, and a broken row costs no other."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corruptbench.leaderboard import (
    SubmissionError,
    audit,
    check,
    load,
    read_board,
    standing,
    submit,
)
from corruptbench.leaderboard.expected import Expected
from corruptbench.leaderboard.schema import Benchmark
from tests.leaderboard.conftest import Make, clip_table, expected, named_table

EXPECTED = expected(clip_table())


def owner(benchmark: Benchmark) -> Expected | None:
    return EXPECTED if benchmark.id == EXPECTED.benchmark.id else None


@pytest.fixture
def board(make: Make, tmp_path: Path) -> Path:
    for name in ("one", "two"):
        submit(make(name=name), tmp_path / "board", EXPECTED)
    return tmp_path / "board"


def rewrite(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def test_a_whole_board_has_no_problem(board: Path) -> None:
    assert audit(board, owner) == []


def _better(document: dict[str, Any]) -> None:
    document["mpjpe"]["corrupted"] -= 5


def _renamed(document: dict[str, Any]) -> None:
    document["lifter"]["name"] = "three"


def _newer(document: dict[str, Any]) -> None:
    document["benchmark"]["version"] = 2


def _without_mark(document: dict[str, Any]) -> None:
    document["scoring"]["average"] = "frames"


@pytest.mark.parametrize("change", [_better, _renamed, _newer, _without_mark])
def test_a_row_that_was_changed_by_hand_is_found(
    board: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    rewrite(board / "toy-c-v1" / "two" / "result.json", change)
    problems = audit(board, owner)
    assert problems
    assert all("toy-c-v1/two/" in problem.file for problem in problems)


@pytest.mark.parametrize("name", ["result.json", "clips.parquet"])
@pytest.mark.parametrize("content", [None, b"", b"\x00" * 100])
def test_a_broken_file_is_found_and_costs_no_other_row(
    board: Path, name: str, content: bytes | None
) -> None:
    path = board / "toy-c-v1" / "two" / name
    path.write_bytes(content) if content is not None else path.unlink()
    assert {Path(p.file).parent.name for p in audit(board, owner)} == {"two"}
    assert "one" in [result.lifter.name for result in read_board(board).results]


def test_a_row_that_is_not_understood_is_left_out(board: Path) -> None:
    (board / "toy-c-v1" / "stray").mkdir()
    whole, problems = read_board(board)
    assert [result.lifter.name for result in whole] == ["one", "two"]
    assert [Path(p.file).parent.name for p in problems] == ["stray"]
    with pytest.raises(SubmissionError, match="stray"):
        load(board)


def test_rows_of_a_benchmark_that_the_owner_does_not_know_are_recomputed(board: Path) -> None:
    assert audit(board, lambda _: None) == []
    rewrite(board / "toy-c-v1" / "two" / "result.json", _better)
    assert audit(board, lambda _: None)


def test_results_that_differ_by_rounding_are_the_same_row(make: Make, board: Path) -> None:
    table = named_table("one")
    nearly = make(table.assign(mpjpe=table["mpjpe"] + 5e-8), name="one")
    assert standing(check(nearly), board) == "same"
    other = make(table.assign(mpjpe=table["mpjpe"] + 5e-3), name="one")
    with pytest.raises(SubmissionError, match="change to the row"):
        standing(check(other), board)


@pytest.mark.parametrize("name", ["pipe.json", "one.clips.parquet"])
def test_a_pipe_is_refused_and_not_waited_for(make: Make, name: str) -> None:
    path = make(name="one")
    pipe = path.with_name(name)
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe)
    with pytest.raises(SubmissionError, match="no regular file"):
        check(pipe if name == "pipe.json" else path)


@pytest.mark.parametrize("field", ["detector", "score_meaning"])
def test_texts_that_act_on_a_terminal_are_refused(make: Make, field: str) -> None:
    with pytest.raises(SubmissionError, match=rf"build\.{field}"):
        check(make(build={field: "movenet\x1b[31m"}))
