"""The board: rows are added whole, and never change."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import replace
from pathlib import Path

import pytest

from corruptbench.leaderboard import SubmissionError, check, load, standing, submit
from corruptbench.leaderboard.board import store
from corruptbench.leaderboard.referee.submission import read_result
from tests.leaderboard.conftest import BOXES, Make, clip_table, clip_table_3, digest, expected

EXPECTED = expected(clip_table())


def files(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.fixture
def board(tmp_path: Path) -> Path:
    return tmp_path / "board"


def test_submit_adds_a_row_that_load_and_the_referee_read(make: Make, board: Path) -> None:
    path = make()
    row = submit(path, board, EXPECTED)
    assert row == board / "toy-c-v1" / "baseline"
    assert sorted(files(board)) == [
        "toy-c-v1/baseline/clips.parquet",
        "toy-c-v1/baseline/result.json",
    ]
    assert load(board) == [check(path)]
    assert check(row / "result.json") == check(path)
    assert row.stat().st_mode & 0o777 == 0o755


def test_a_lifter_has_a_row_on_the_boxes_of_each_kind(make: Make, board: Path) -> None:
    plain = submit(make(clip_table_3()), board, None)
    other = submit(make(clip_table_3(1), build={"boxes": BOXES}), board, None)
    assert plain == board / "toy-c-v1" / "baseline"
    assert other == board / "toy-c-v1-boxes-movenet-multipose" / "baseline"
    assert len(load(board)) == 2


def test_load_sorts(make: Make, board: Path) -> None:
    for name in ("b", "c", "a"):
        submit(make(name=name), board, None)
    submit(make(name="z", benchmark={"id": "a-bench"}), board, None)
    assert [(r.benchmark.id, r.lifter.name) for r in load(board)] == [
        ("a-bench", "z"),
        ("toy-c", "a"),
        ("toy-c", "b"),
        ("toy-c", "c"),
    ]


def test_submitting_again_changes_nothing_and_says_so(
    make: Make, board: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = make()
    submit(path, board, EXPECTED)
    before = files(board)
    assert standing(check(path), board) == "same"
    with caplog.at_level(logging.INFO, "corruptbench.leaderboard"):
        submit(path, board, EXPECTED)
    assert "on the board already" in caplog.text
    assert files(board) == before


def test_other_software_and_command_with_the_same_scores_change_nothing(
    make: Make, board: Path
) -> None:
    submit(make(), board, None)
    before = files(board)
    submit(
        make(software={"torch": "2.14.0"}, command="corruptbench evaluate again.pt"), board, None
    )
    assert files(board) == before


@pytest.mark.parametrize(
    ("seed", "changes", "field"),
    [
        (1, {}, "mpjpe.clean"),
        (0, {"lifter": {"sha256": digest("other")}}, "lifter.sha256"),
        (0, {"benchmark": {"manifest_sha256": digest("other")}}, "benchmark"),
        (0, {"build": {"pixels_sha256": digest("other")}}, "build"),
    ],
)
def test_no_old_score_may_change(
    make: Make, board: Path, seed: int, changes: dict[str, object], field: str
) -> None:
    submit(make(), board, None)
    before = files(board)
    path = make(clip_table(seed=seed), **changes)
    with pytest.raises(SubmissionError, match=field) as caught:
        submit(path, board, None)
    assert "(on the board)" in str(caught.value)
    assert "a name of its own" in str(caught.value)
    assert files(board) == before


def test_refuses_a_name_that_differs_in_case_only(make: Make, board: Path) -> None:
    submit(make(name="Plain"), board, None)
    with pytest.raises(SubmissionError, match="not Plain again"):
        submit(make(name="plain"), board, None)


def test_refuses_another_manifest(make: Make, board: Path) -> None:
    benchmark = EXPECTED.benchmark.model_copy(update={"manifest_sha256": digest("another")})
    another = replace(EXPECTED, benchmark=benchmark)
    with pytest.raises(SubmissionError, match=r"benchmark\.manifest_sha256"):
        submit(make(), board, another)
    assert not board.exists()


def test_refuses_what_the_referee_refuses_and_leaves_nothing(make: Make, board: Path) -> None:
    path = make()
    text = json.loads(path.read_text())
    text["mpjpe"]["clean"] += 1.0
    path.write_text(json.dumps(text))
    with pytest.raises(SubmissionError, match=r"mpjpe\.clean"):
        submit(path, board, EXPECTED)
    assert not board.exists()


@pytest.mark.parametrize("step", ["replace", "fsync"])
def test_a_failure_leaves_nothing_behind(
    make: Make, board: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    path = make()
    with monkeypatch.context() as patched:
        patched.setattr(os, step, fail)
        with pytest.raises(OSError, match="No space"):
            submit(path, board, EXPECTED)
    assert not board.exists()
    submit(path, board, EXPECTED)
    assert len(load(board)) == 1


def test_a_row_that_appears_meanwhile_is_not_overwritten(
    make: Make, board: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(make(), board, None)
    before = files(board)
    late = make(clip_table(seed=4))
    monkeypatch.setattr(store, "standing", lambda *_: "new")
    with pytest.raises(OSError, match="not empty"):
        submit(late, board, None)
    assert files(board) == before
    assert len(list((board / "toy-c-v1").iterdir())) == 1


def test_load_passes_over_dot_names_and_loose_files(make: Make, board: Path) -> None:
    submit(make(), board, None)
    (board / "README.md").write_text("about this board")
    (board / ".git").mkdir()
    (board / "toy-c-v1" / ".baseline.tmp").mkdir()
    assert len(load(board)) == 1


def test_load_refuses_a_missing_board(board: Path) -> None:
    with pytest.raises(SubmissionError, match="expected a folder"):
        load(board)


def test_load_of_an_empty_board(board: Path) -> None:
    board.mkdir()
    assert load(board) == []


def test_load_lists_every_broken_row(make: Make, board: Path) -> None:
    for name in ("a", "b", "c", "d"):
        submit(make(name=name), board, None)
    (board / "toy-c-v1" / "a" / "result.json").write_text("{}")
    (board / "toy-c-v1" / "b" / "clips.parquet").unlink()
    (board / "toy-c-v1" / "c").rename(board / "toy-c-v1" / "moved")
    with pytest.raises(SubmissionError) as caught:
        load(board)
    message = str(caught.value)
    assert "3 problems" in message
    assert "toy-c-v1/a/result.json: schema_version" in message
    assert "toy-c-v1/b/clips.parquet: file: found no file" in message
    assert "found folder toy-c-v1/moved, expected folder toy-c-v1/c" in message


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda d: d.update(cells=[]), "cells: "),
        (lambda d: d["cells"][3].pop("mpjpe"), "a value of mpjpe in each"),
        (lambda d: d["mpjpe"].update(corruptions={}), "mpjpe.corruptions: "),
    ],
)
def test_load_refuses_a_row_whose_cells_do_not_fit(make, board, change, field) -> None:
    row = submit(make(), board, EXPECTED) / "result.json"
    fields = json.loads(row.read_text())
    change(fields)
    row.write_text(json.dumps(fields))
    with pytest.raises(SubmissionError, match=field):
        load(board)


def test_versions_of_a_benchmark_have_rows_of_their_own(make: Make, board: Path) -> None:
    submit(make(), board, None)
    row = submit(make(benchmark={"version": 2}), board, None)
    assert row == board / "toy-c-v2" / "baseline"
    assert len(load(board)) == 2


def test_rows_of_before_warnings_keep_their_bytes() -> None:
    """The shipped board: what is read is what is written again."""
    rows = sorted((Path(__file__).parents[3] / "leaderboard/results").rglob("result.json"))
    assert rows
    for path in rows:
        result = read_result(path)
        is_old = '"labels"' not in path.read_text()
        assert ((result.labels, result.warnings) == (None, None)) == is_old
        assert f"{result.model_dump_json(indent=2)}\n".encode() == path.read_bytes()


def test_a_row_can_have_another_name_than_its_lifter(make: Make, board: Path) -> None:
    """The same lifter on another detector is another row."""
    submit(make(), board, None)
    thunder = make(build={"detector": "other:net", "weights_sha256": digest("other")})
    with pytest.raises(SubmissionError) as caught:
        submit(thunder, board, None)
    assert [p.field for p in caught.value.problems] == ["build.detector", "build.weights_sha256"]
    row = submit(thunder, board, None, name="baseline-thunder")
    assert row.name == "baseline-thunder"
    assert check(row / "result.json").lifter.name == "baseline-thunder"
    for name in ("", "../up", "a b", "a" * 81):
        with pytest.raises(SubmissionError, match="letters, digits"):
            submit(thunder, board, None, name=name)
