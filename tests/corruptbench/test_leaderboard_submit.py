"""`corruptbench submit`: where a row is written, and how what it says is corrected."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.leaderboard.board.test_audit import rewrite
from tests.leaderboard.test_status import VERIFIED, mark

STORED = Path(__file__).parents[2] / "leaderboard/results/studio-c-v3"
NAME = "videopose3d-27+one_euro"


@pytest.fixture
def result(tmp_path) -> Path:
    """The two files of an evaluation, from a row of the stored board."""
    return copied(tmp_path, NAME)


def copied(folder: Path, name: str) -> Path:
    path = folder / f"{name}.json"
    document = json.loads((STORED / name / "result.json").read_text())
    document.pop("status", None)
    path.write_text(json.dumps(document))
    shutil.copy(STORED / name / "clips.parquet", folder / f"{name}.clips.parquet")
    return path


def test_the_wrong_one_of_the_files_names_the_right_one(cli, result, tmp_path):
    table = result.with_name(f"{NAME}.clips.parquet")
    done = cli("submit", table, "--board", tmp_path / "board")
    assert done.code == 2
    assert f"found a clips table, expected the result beside it, {NAME}.json" in said(done)


def test_the_other_file_of_a_row_names_its_result(cli, tmp_path):
    done = cli("submit", STORED / NAME / "clips.parquet", "--board", tmp_path / "board")
    assert (done.code, "the result beside it, result.json" in said(done)) == (2, True)


def test_it_says_where_the_row_was_written(cli, result, tmp_path, monkeypatch):
    """Without the option it is a folder of the place where the command runs."""
    monkeypatch.chdir(tmp_path)
    board = tmp_path / "leaderboard/results"
    first, again = cli("submit", result), cli("submit", result)
    assert f"the board: {board}, which is new" in said(first, "out")
    assert f"the board: {board}" in said(again, "out")
    assert "which is new" not in said(again, "out")
    record = json.loads(cli("submit", result, "--json").out)
    assert record["board"] == str(board)


@pytest.mark.parametrize("report", ["report.html", "/tmp/report.html", "http://example.org/r"])
def test_a_report_is_a_web_address(cli, result, tmp_path, report):
    done = cli("submit", result, "--board", tmp_path / "board", "--report", report)
    assert done.code == 2
    assert f"report: found {report}, expected a web address, such as https://" in said(done)
    assert "no file is sent along" in said(done)
    assert "--report" in done.err
    assert not (tmp_path / "board").exists()


def test_a_typing_error_in_the_authors_is_corrected(cli, result, tmp_path):
    words = ("submit", result, "--board", tmp_path / "board")
    assert cli(*words, "--authors", "A. Authro").code == 0
    refused = cli(*words, "--authors", "A. Author")
    assert refused.code == 2
    assert f"as a row that supersedes {NAME}" in said(refused)
    assert "--supersedes" in refused.err
    name = f"corrected+{NAME.split('+')[1]}"
    done = cli(*words, "--authors", "A. Author", "--name", name, "--supersedes", NAME)
    assert done.code == 0, done.err
    assert f"{name}: says that it supersedes {NAME}, not confirmed" in said(done, "out")
    mark(tmp_path / "board/studio-c-v3" / name, VERIFIED)
    shown = cli("leaderboard", "show", "--board", tmp_path / "board").out
    assert f"superseded by {name}, not ranked" in " ".join(shown.split())


def test_a_new_name_has_the_end_of_its_filter(cli, result, tmp_path):
    done = cli("submit", result, "--board", tmp_path / "board", "--name", "mine")
    assert (done.code, "a name that ends with +one_euro" in said(done)) == (2, True)
    plain = copied(tmp_path, "videopose3d-81+plain-s1")
    done = cli("submit", plain, "--board", tmp_path / "board", "--name", "mine+one_euro")
    assert (done.code, "a name that does not end with +one_euro" in said(done)) == (2, True)


@pytest.fixture
def boards(cli, result, tmp_path):
    """A board with a row that breaks a rule, and the same board after another row was added."""
    before, board = tmp_path / "before", tmp_path / "board"
    assert cli("submit", result, "--board", before, "--date", "2024-02-28").code == 0
    shutil.copytree(before, board)
    for folder in (before, board):
        path = folder / "studio-c-v3" / NAME / "result.json"
        path.write_text(path.read_text().replace("2024-02-28", "2024-02-31"))
    other = copied(tmp_path, "videopose3d-81+plain-s1")
    assert cli("submit", other, "--board", board).code == 0
    return before, board


def test_an_older_row_that_breaks_a_rule_refuses_no_other(cli, boards):
    before, board = boards
    alone = cli("leaderboard", "check", "--board", board)
    assert alone.code == 2
    assert "lifter.about.date: found 2024-02-31, expected a day of the calendar" in said(alone)
    assert "2024-02-31" in cli("leaderboard", "show", "--board", board, "--csv").out
    done = cli("leaderboard", "check", "--board", board, "--before", before)
    assert done.code == 0, done.err
    assert "was there before" in done.err
    assert "2 rows, no new problem" in said(done, "out")


@pytest.mark.parametrize("name", [NAME, "videopose3d-81+plain-s1"])
def test_what_a_change_breaks_is_refused(cli, boards, name):
    """Also in a row that was wrong before."""
    before, board = boards
    path = board / "studio-c-v3" / name / "result.json"
    rewrite(path, lambda document: document["mpjpe"].update(corrupted=1.0))
    done = cli("leaderboard", "check", "--board", board, "--before", before)
    assert (done.code, "mpjpe.corrupted" in done.err) == (2, True)


def test_the_check_tells_who_states_the_same(cli, result, tmp_path):
    board = tmp_path / "board"
    for name in (NAME, "forged+one_euro"):
        assert cli("submit", result, "--board", board, "--name", name).code == 0
    done = cli("leaderboard", "check", "--board", board)
    assert done.code == 0
    assert f"forged+one_euro, {NAME} state the same model or the same numbers" in said(done)


def said(done, where: str = "err") -> str:
    """What was printed, without the ends of lines."""
    return " ".join(getattr(done, where).split())
