"""`make board`: build, evaluate, submit, check, show and render, in its quick form."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT
from tests.fixtures.tiny_benchmark import tiny_manifest

ROWS = {"videopose3d-27", "videopose3d-27+one_euro", "videopose3d-81+tagn+ca-conv"}


@pytest.mark.detector
def test_make_board(tmp_path: Path) -> None:
    board = tmp_path / "board"
    values = {
        "MANIFEST": tiny_manifest(tmp_path),
        "BOARD": board,
        "BIN": Path(sys.executable).parent,
        "FILTERS": "one_euro",
    }
    words = [f"{name}={value}" for name, value in values.items()]
    made = subprocess.run(
        ["make", "--old-file=setup", "board", *words],
        cwd=ROOT, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert {row.name for row in board.glob("rows/tiny-c-v*/*")} == ROWS
    assert f"{len(ROWS)} rows, no problem" in made.stdout
    page = (board / "leaderboard.html").read_text()
    assert all(name in page for name in ROWS)
