"""`corruptbench compare` on result files and on rows of the board."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from corruptbench.leaderboard import submit
from corruptbench.leaderboard.columns import METRIC_COLUMNS
from tests.leaderboard.conftest import clip_table, clip_table_3, without_units, write_result

#: Errors whose mean over the frames is MPJPE.
OF_PARTS = ("covered_error", "after_error", "free_error")


@pytest.fixture
def files(tmp_path):
    worse = clip_table_3(1)
    worse[["mpjpe", *OF_PARTS]] += 8.0
    return [
        write_result(tmp_path, clip_table_3(1), name="a"),
        write_result(tmp_path, worse, name="b"),
    ]


def test_two_files(cli, files):
    done = cli("compare", *files)
    assert done.code == 0, done.err
    assert "A: a\nB: b\n" in done.out
    assert re.search(r"clean +\d+\.\d +\d+\.\d +\+8\.0 .* A better", done.out)
    assert "mCE of B against A" in done.out


def test_json_has_the_keys_that_the_help_names(cli, files):
    found = json.loads(cli("compare", *files, "--json").out)
    said = set(re.findall(r"\w+", cli("compare", "-h").out.partition("With --json:")[2]))
    (pair,) = found["pairs"]
    assert {*found, *pair, *pair["differences"][0]} <= said
    assert (pair["first"], pair["second"], found["metric"]) == ("a", "b", "mpjpe")
    assert pair["differences"][0]["verdict"] == "first better"


def test_a_row_and_a_folder_and_a_file(cli, files, tmp_path):
    row = submit(files[0], tmp_path / "board", None)
    for name in ("a", "toy-c-v1/a", row, row / "result.json"):
        done = cli("compare", name, files[1], "--board", tmp_path / "board")
        assert done.code == 0, done.err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("a.json",), "one result was given; expected two or more"),
        (("a.json", "none.json"), "found no such file, and the board's folder does not exist"),
        (("a.json", "c.json"), "benchmark.version: found 2, expected 1 as in"),
    ],
)
@pytest.mark.usefixtures("files")
def test_refusals_end_with_one_message(cli, tmp_path, monkeypatch, words, expected):
    write_result(tmp_path, clip_table(1), name="c", benchmark={"version": 2})
    monkeypatch.chdir(tmp_path)
    done = cli("compare", *words)
    assert (done.code, done.out) == (2, "")
    assert expected in done.err


def test_show_tells_units_and_every_metric(cli, files, tmp_path):
    board = tmp_path / "board"
    scaleless = write_result(
        tmp_path, without_units(), name="s", lifter={"contract": {"units": "none"}}
    )
    for path in (files[0], scaleless):
        submit(path, board, None)
    ((first, second),) = (
        b["rows"] for b in json.loads(cli("leaderboard", "show", "--board", board, "--json").out)
    )
    assert (first["units"], second["units"]) == ("mm", "none")
    assert {"mpjpe", "pck", "bone_error"} <= set(first)
    assert {"p_mpjpe", "n_mpjpe"} <= set(second)
    assert "mpjpe" not in second
    said = cli("leaderboard", "show", "-h").out.partition("With --json:")[2]
    assert {*first, *METRIC_COLUMNS} <= set(re.findall(r"\w+", said))
    assert "units unknown" in cli("leaderboard", "show", "--board", board).out


def test_the_commands_of_a_page_run_on_a_copy_of_its_board(cli, files, tmp_path, monkeypatch):
    """A reader has a page, a copy of the board, and results of a run of their own."""
    for file in files:
        submit(file, tmp_path / "owner" / "board", None)
    assert cli("leaderboard", "render", "--board", tmp_path / "owner" / "board",
               "--out", tmp_path / "page.html").code == 0  # fmt: skip
    shutil.move(tmp_path / "owner" / "board", tmp_path / "copy")
    (tmp_path / "results").mkdir()
    for file in tmp_path.glob("[ab].*"):
        shutil.move(file, tmp_path / "results")
    monkeypatch.chdir(tmp_path)
    commands = re.findall(r"corruptbench (compare .*)</code>", (tmp_path / "page.html").read_text())
    assert len(commands) == len(files)
    for command in commands:
        done = cli(*command.replace("BOARD", "copy").split())
        assert done.code == 0, done.err
