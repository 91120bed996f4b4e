"""`corruptbench leaderboard check`: a board, and what a pull request changed on it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from corruptbench.leaderboard import submit
from tests.leaderboard.conftest import clip_table, write_result
from tests.leaderboard.test_status import VERIFIED, mark


@pytest.fixture
def boards(tmp_path):
    """Words for a board with a new row, and the board before; the folder of the new row."""
    before, board = tmp_path / "before", tmp_path / "board"
    submit(write_result(tmp_path, clip_table(), name="old"), before, None)
    shutil.copytree(before, board)
    row = submit(write_result(tmp_path, clip_table(level=45), name="new"), board, None)
    return ("--board", board, "--before", before), row


def test_a_new_row_is_compared(cli, boards, tmp_path):
    words, _ = boards
    page = tmp_path / "comparison.md"
    done = cli("leaderboard", "check", *words, "--comparison", page)
    assert done.code == 0, done.err
    assert "2 rows, no problem" in done.out
    text = page.read_text(encoding="utf-8")
    assert "## `toy-c-v1/new`" in text
    assert "toy-c-v1/old" not in text
    assert "| MPJPE, mm | `old` | `new` |" in text


def test_a_row_that_marks_itself_is_refused_and_the_page_says_so(cli, boards, tmp_path):
    words, row = boards
    mark(row, VERIFIED)
    page = tmp_path / "comparison.md"
    done = cli("leaderboard", "check", *words, "--comparison", page)
    assert done.code == 2
    for text in (done.err, page.read_text(encoding="utf-8")):
        assert "only the owner of the board" in text
        assert "new/result.json" in text
    assert cli("leaderboard", "check", *words[:2]).code == 0  # by the owner, on the owner's board


def test_a_page_needs_the_board_before(cli, boards, tmp_path):
    (_, board, *_), _ = boards
    done = cli("leaderboard", "check", "--board", board, "--comparison", tmp_path / "x.md")
    assert (done.code, "--comparison needs --before" in done.err) == (2, True)


def test_the_stored_board_has_no_problem(cli):
    board = Path(__file__).parents[2] / "leaderboard/results"
    done = cli("leaderboard", "check", "--board", board)
    assert (done.code, done.err) == (0, "")


def test_a_forged_row_of_a_retired_version_is_found(cli, tmp_path):
    stored = Path(__file__).parents[2] / "leaderboard/results/studio-c-v2"
    path = shutil.copytree(stored, tmp_path / "studio-c-v2") / "videopose3d-27/result.json"
    document = json.loads(path.read_text())
    document["benchmark"]["manifest_sha256"] = "0" * 64
    path.write_text(json.dumps(document))
    done = cli("leaderboard", "check", "--board", tmp_path)
    assert (done.code, "benchmark.manifest_sha256" in done.err) == (2, True)
    assert "unknown manifest" in cli("leaderboard", "show", "--board", tmp_path).out
