"""`corruptbench leaderboard export`: one call, one folder, and what it says."""

from __future__ import annotations

import pytest

from corruptbench.leaderboard import submit
from tests.leaderboard.conftest import clip_table_3, write_result


@pytest.fixture
def board(tmp_path):
    """A row with a rank, and one of a lifter that failed a probe."""
    for seed, (name, allowed) in enumerate((("a", []), ("b", ["sides"]))):
        table, lifter = clip_table_3(seed), {"allowed": allowed}
        path = write_result(tmp_path / "in", table, name=name, lifter=lifter)
        submit(path, tmp_path / "board", None)
    return tmp_path / "board"


def test_a_board_is_written(cli, board, tmp_path):
    done = cli("leaderboard", "export", "--board", board, "--out", tmp_path / "out")
    assert (done.code, done.err) == (0, "")
    assert done.out == f"7 files of 2 rows in {tmp_path / 'out'}\n"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"toy-c-v1"}


def test_files_for_the_hub_are_written_on_demand(cli, board, tmp_path):
    words = ("--board", board, "--out", tmp_path / "out", "--hugging-face", "me/toy")
    done = cli("leaderboard", "export", *words)
    assert (done.code, done.err) == (
        0, "no .eval_results of b: not ranked: failed sides\n",
    )  # fmt: skip
    models = tmp_path / "out" / "hugging-face" / "models"
    assert [path.name for path in models.iterdir()] == ["a"]


def test_a_folder_that_holds_something_is_refused(cli, board, tmp_path):
    done = cli("leaderboard", "export", "--board", board, "--out", tmp_path)
    assert (done.code, done.out) == (2, "")
    assert "expected a new folder, or an empty one" in done.err


def test_a_wrong_repository_writes_nothing(cli, board, tmp_path):
    words = ("--board", board, "--out", tmp_path / "out", "--hugging-face", "me")
    done = cli("leaderboard", "export", *words)
    assert done.code == 2
    assert "owner/name" in done.err
    assert not (tmp_path / "out").exists()


def test_a_board_without_rows_is_refused(cli, tmp_path):
    (tmp_path / "board").mkdir()
    done = cli("leaderboard", "export", "--board", tmp_path / "board", "--out", tmp_path / "out")
    assert done.code == 2
    assert "no results yet" in done.err
