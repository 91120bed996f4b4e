"""A row whose folder Windows cannot make would keep everybody there from getting the board."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from corruptbench.leaderboard import SubmissionError, audit, submit
from corruptbench.leaderboard.board.portable import is_portable
from tests.leaderboard.conftest import Make


@pytest.mark.parametrize("name", ["con", "NUL", "Aux.pt2", "com1", "LPT9.x.y", "a.", "a-27.."])
def test_names_that_windows_does_not_permit(name: str) -> None:
    assert not is_portable(name)


@pytest.mark.parametrize("name", ["contour", "con-27", "nul+one_euro", "com10", "lpt", "a.con"])
def test_names_that_only_look_so(name: str) -> None:
    assert is_portable(name)


def test_such_a_row_is_refused(make: Make, tmp_path: Path) -> None:
    with pytest.raises(SubmissionError, match="no dot at its end"):
        submit(make(name="aux"), tmp_path / "board", None)
    assert not list((tmp_path / "board").glob("*/*/*"))
    assert submit(make(name="aux"), tmp_path / "board", None, name="aux-27").name == "aux-27"


def test_the_check_of_a_board_finds_it(make: Make, tmp_path: Path) -> None:
    row = submit(make(name="a"), tmp_path / "board", None)
    shutil.move(row, row.with_name("nul.a"))
    found = [p.found for p in audit(tmp_path / "board", lambda _: None) if p.field == "name"]
    assert found == ["nul.a"]
