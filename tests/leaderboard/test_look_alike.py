"""Names that a reader can take for one another are refused, and honest families are not."""

from __future__ import annotations

import shutil
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corruptbench.leaderboard import SubmissionError, audit, load, submit
from corruptbench.leaderboard.look_alike import look_alike, skeleton
from tests.leaderboard.board.test_audit import rewrite
from tests.leaderboard.conftest import Make, digest, named_table

ALIKE = [
    ("Plain", "plain"),
    ("motion-0", "motion-O"),
    ("videopose3d-81", "videopose3d-8l"),
    ("pose-I", "pose-1"),
    ("motionbert", "rnotionbert"),
    ("a-b", "a_b"),
    ("a.b", "a+b"),
    ("TAGN-l0_m", "tagn+1O.RN"),
]
FAMILIES = [
    ["videopose3d-27", "videopose3d-81", "videopose3d-243", "videopose3d-2-7"],
    ["x+tagn-s1", "x+tagn-s2", "x+tagn-s11", "x+tagn", "x"],
    ["model-1.0", "model-10", "model-1.1", "model-11"],
    ["small", "base", "large", "small-ft", "a-b", "ab"],
]
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,20}", fullmatch=True)


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_names_that_look_alike(one: str, other: str) -> None:
    assert look_alike(one, ["z", other]) == other
    assert look_alike(other, [one, "z"]) == one


@pytest.mark.parametrize("names", FAMILIES)
def test_families_do_not_look_alike(names: list[str]) -> None:
    for one, other in combinations(names, 2):
        assert look_alike(one, [other]) is None


def test_the_shipped_rows_do_not_look_alike() -> None:
    for folder in (Path(__file__).parents[2] / "leaderboard/results").iterdir():
        names = [row.name for row in folder.iterdir()]
        assert len({skeleton(name) for name in names}) == len(names) > 0


def test_a_name_does_not_look_like_itself() -> None:
    assert look_alike("a", ["a"]) is None
    assert look_alike("a", []) is None


@given(NAMES)
def test_a_skeleton_is_its_own(name: str) -> None:
    assert skeleton(skeleton(name)) == skeleton(name) == skeleton(name.swapcase())


def test_a_new_row_that_looks_like_another_is_refused(make: Make, tmp_path: Path) -> None:
    board = tmp_path / "board"
    submit(make(name="videopose3d-81"), board, None)
    with pytest.raises(SubmissionError, match="does not look like videopose3d-81"):
        submit(make(name="videopose3d-8l"), board, None)
    submit(make(name="videopose3d-27"), board, None)
    assert [r.lifter.name for r in load(board)] == ["videopose3d-27", "videopose3d-81"]


def test_rows_of_two_benchmarks_may_have_one_name(make: Make, tmp_path: Path) -> None:
    submit(make(name="a-b"), tmp_path / "board", None)
    submit(make(name="a+b", benchmark={"version": 2}), tmp_path / "board", None)
    assert len(load(tmp_path / "board")) == 2
    assert audit(tmp_path / "board", lambda _: None) == []


def test_a_row_on_the_board_can_be_submitted_again(make: Make, tmp_path: Path) -> None:
    """Also where it looks like another row, of before this rule."""
    board = tmp_path / "board"
    submit(make(name="a-b"), board, None)
    second = submit(make(name="c"), board, None)
    second.rename(second.with_name("a.b"))
    rewrite(board / "toy-c-v1/a.b/result.json", lambda row: row["lifter"].update(name="a.b"))
    again = make(named_table("c"), name="a.b", lifter={"sha256": digest("c")})
    assert submit(again, board, None) == board / "toy-c-v1/a.b"


def test_the_check_of_a_board_finds_them(make: Make, tmp_path: Path) -> None:
    board = tmp_path / "board"
    row = submit(make(name="attention-0"), board, None)
    shutil.copytree(row, row.with_name("attentlon-O"))
    found = [p for p in audit(board, lambda _: None) if p.field == "name"]
    assert [(p.found, p.expected) for p in found] == [
        ("attentlon-O", "a name that does not look like attention-0")
    ]
