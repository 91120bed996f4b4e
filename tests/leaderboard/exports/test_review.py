"""The page about new rows: what a person needs who looks at a pull request."""

from __future__ import annotations

import re
import shutil
from importlib import import_module
from pathlib import Path

import pytest

from corruptbench.leaderboard import About, Result, compare, load, read, read_board, review, submit
from corruptbench.leaderboard.exports.review import MOST_ROWS
from corruptbench.leaderboard.problem import Problem
from corruptbench.leaderboard.reference import Reference, ReferenceLifter
from tests.leaderboard.board.test_audit import rewrite
from tests.leaderboard.conftest import Make, clip_table, digest

ACTS = "A | `<b>` @everyone [x](y)"


@pytest.fixture
def board(make: Make, tmp_path: Path) -> Path:
    board = tmp_path / "board"
    for seed, name in enumerate(("best", "baseline", "new")):
        table = clip_table(0, level=40 + 5 * seed)
        submit(make(table, name=name), board, None, About(authors=ACTS))
    return board


def text(board: Path, *names: str, problems: tuple[Problem, ...] = ()) -> str:
    changed = [board / "toy-c-v1" / name for name in names]
    return review(board, read_board(board).results, changed, problems, board.with_name("before"))


def referred(result: Result) -> Reference:
    return Reference(
        benchmark=result.benchmark,
        lifter=ReferenceLifter(name="baseline", sha256=digest("baseline")),
        cells=(),
        **result.build.model_dump(include={"detector", "weights_sha256", "pixels_sha256"}),
    )


def test_a_new_row_stands_beside_the_reference_row(
    board: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = import_module("corruptbench.leaderboard.exports.review")
    monkeypatch.setattr(module, "reference_for", lambda _: referred(load(board)[0]))
    found = text(board, "new")
    rows = [read(board / "toy-c-v1" / name / "result.json") for name in ("baseline", "new")]
    clean = compare(rows).pairs[0].differences[0]
    assert f"| clean | {clean.first:.1f} | {clean.second:.1f} | {clean.difference:+.1f} |" in found
    assert "| MPJPE, mm | `baseline` | `new` |" in found
    assert "| rank | 3 of 3 |" in found
    assert "claimed: numbers of the submitter" in found
    assert "3 rows on this board" in found


def test_without_a_reference_it_is_the_first_row(board: Path) -> None:
    assert "| MPJPE, mm | `best` | `new` |" in text(board, "new")


def test_foreign_text_is_no_markdown(board: Path) -> None:
    assert "`A \\| '<b>' @everyone [x](y)`" in text(board, "new")


def test_names_and_detectors_address_nobody(make: Make, tmp_path: Path) -> None:
    """GitHub links what looks like an address, and mentions whom it finds outside of code."""
    board, build = tmp_path / "board", {"detector": "@everyone #1 https://evil.example"}
    for level, name in ((40, "best"), (50, "www.evil.example")):
        row = submit(make(clip_table(level=level), name=name), board, None)
        rewrite(row / "result.json", lambda fields: fields["build"].update(build))
    outside = re.sub(r"`[^`]*`", "", text(board, "www.evil.example"))
    assert "MPJPE" in outside
    assert not re.search(r"@|evil|#1", outside)


def test_problems_come_first(board: Path) -> None:
    found = text(board, "new", problems=(Problem("```\n# x", "f", "a", "b", "c"),))
    assert "**The check found 1 problem.**" in found
    assert "No problem" not in found
    assert found.count("```") == 2
    assert "\n# x" not in found


def test_a_row_that_takes_a_rank_away_is_pointed_out(make: Make, board: Path) -> None:
    submit(make(name="thief"), board, None, About(authors=ACTS), supersedes="best")
    assert "| supersedes | `best`, which loses its rank when you" in text(board, "thief")


def test_what_somebody_says_of_a_row_that_was_there_is_pointed_out(make: Make, board: Path) -> None:
    shutil.copytree(board, board.with_name("before"))
    table = clip_table(0, level=40)
    submit(make(table, name="best"), board, None, About(venue="CVPR", code="https://x.example/a"))
    found = text(board, "best")
    for line in ("| new: venue | `CVPR`. Ask", "| new: code | `https://x.example/a`. Ask"):
        assert line in found
    assert "new: authors" not in found
    assert "new: " not in text(board, "baseline")


def test_rows_that_do_not_compare_say_why(make: Make, board: Path) -> None:
    submit(make(name="other", build={"pixels_sha256": digest("x")}), board, None)
    found = text(board, "other")
    assert "| rank | none: `other pixels` |" in found
    assert "It cannot be compared with `best`: other build.pixels_sha256." in found


def test_many_rows_and_broken_rows(make: Make, board: Path) -> None:
    for number in range(MOST_ROWS + 1):
        submit(make(name=f"n{number:02d}"), board, None)
    names = [f"n{number:02d}" for number in range(11)]
    (board / "toy-c-v1" / "n00" / "result.json").write_text("{}")
    found = text(board, *names)
    assert found.startswith("# The board: 11 rows new or changed")
    assert found.count("\n## ") == 10
    assert "n00" not in found
