"""Forged results that are whole in themselves, held against what the board's owner expects."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from corruptbench.leaderboard import SubmissionError, check, submit
from corruptbench.leaderboard.expected import ExpectedClip
from corruptbench.leaderboard.problem import Problem
from tests.leaderboard.conftest import Make, clip_table, digest, expected

EXPECTED = expected(clip_table())


def problems(path: Path) -> list[Problem]:
    """Submit, expect a refusal of which nothing is left, and return what was wrong.

    Without ``expected`` the same result passes: it is whole in itself.
    """
    check(path)
    board = path.parent / "board"
    with pytest.raises(SubmissionError) as caught:
        submit(path, board, EXPECTED)
    assert not board.exists()
    assert all(problem.remedy for problem in caught.value.problems)
    return list(caught.value.problems)


def test_accepts_what_was_expected(make: Make, tmp_path: Path) -> None:
    assert check(make(), EXPECTED) == check(make())
    assert submit(make(), tmp_path / "board", EXPECTED).is_dir()


def test_order_of_rows_and_cells_does_not_matter(make: Make) -> None:
    path = make(clip_table().sample(frac=1.0, random_state=0))
    check(path, replace(EXPECTED, cells=EXPECTED.cells[::-1]))


def _two_cells(table: pd.DataFrame) -> pd.DataFrame:
    return table[table.severity.isin([0, 1]) & table.corruption.isin(["clean", "erase"])]


def test_refuses_the_reviewers_forgery(make: Make) -> None:
    """Two cells, few clips, average over frames, and n_expected to match."""
    forged = _two_cells(clip_table(takes=1))
    found = problems(make(forged, scoring={"average": "frames"}))
    assert [problem.field for problem in found] == ["scoring.average", "cells"]


def _renamed(column: str, old: str, new: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda table: table.assign(**{column: table[column].replace(old, new)})


@pytest.mark.parametrize(
    ("change", "field", "found", "right"),
    [
        (
            _two_cells,
            "cells",
            "2 cells, without erase/2, erase/3, erase/4 and 11 more",
            "the benchmark's 16",
        ),
        (
            lambda t: t[t.corruption != "erase"],
            "cells",
            "11 cells, without erase/1, erase/2, erase/3 and 2 more",
            "the benchmark's 16",
        ),
        (
            lambda t: t[t.sequence != "sit-1"],
            "clips",
            "8 clips, without S1/sit-1/cam0",
            "the benchmark's 9",
        ),
        (
            lambda t: t[t.action == "walk"],
            "clips",
            "3 clips, without S1/sit-0/cam0, S1/sit-1/cam0, S1/sit-2/cam0 and 3 more",
            "the benchmark's 9",
        ),
        (
            lambda t: pd.concat([t, t.assign(camera="cam1")]),
            "clips",
            "18 clips, with S1/walk-0/cam1, S1/walk-1/cam1, S1/walk-2/cam1 and 6 more",
            "the benchmark's 9",
        ),
    ],
)
def test_refuses_another_part_of_the_benchmark(
    make: Make,
    change: Callable[[pd.DataFrame], pd.DataFrame],
    field: str,
    found: str,
    right: str,
) -> None:
    problem, *more = problems(make(change(clip_table())))
    assert not more
    assert (problem.field, problem.found, problem.expected) == (field, found, right)


@pytest.mark.parametrize("by", [1, -30])
def test_refuses_other_frames_of_a_clip(make: Make, by: int) -> None:
    table = clip_table()
    frames = table["frames"] + by * (table.sequence == "walk-0")
    runs = table["run_frames"].clip(upper=frames)
    problem, *more = problems(make(table.assign(frames=frames, run_frames=runs)))
    assert [p.field for p in more] == ["column run_frames"] * (by < 0)
    assert problem.field == "column frames"
    assert problem.found == f"{table.frames[0] + by} for S1/walk-0/cam0"
    assert problem.expected == str(table.frames[0])


def test_refuses_clips_and_cells_by_other_names(make: Make) -> None:
    found = problems(make(_renamed("corruption", "erase", "erase2")(clip_table())))
    assert [problem.field for problem in found] == ["cells", "cells"]
    assert "without erase/1, " in found[0].found
    assert "with erase2/1, " in found[1].found
    found = problems(make(_renamed("sequence", "walk-0", "walk-9")(clip_table())))
    assert [problem.found for problem in found] == [
        "9 clips, without S1/walk-0/cam0",
        "9 clips, with S1/walk-9/cam0",
    ]


def test_names_the_first_of_many_other_frame_counts(make: Make) -> None:
    table = clip_table()
    (problem,) = problems(make(table.assign(frames=table["frames"] + 1)))
    assert problem.field == "column frames"
    assert problem.found.endswith("cam0 and 6 more")
    assert problem.expected.endswith(" and 6 more")


@pytest.mark.parametrize(
    ("field", "value"),
    [("joints", "coco17"), ("root_joint", 7), ("root_rule", "as-predicted"), ("average", "frames")],
)
def test_refuses_other_scoring(make: Make, field: str, value: Any) -> None:
    (problem,) = problems(make(scoring={field: value}))
    assert problem.field == f"scoring.{field}"
    assert problem.found == str(value)
    assert problem.expected == str(getattr(EXPECTED.scoring, field))


def test_refuses_other_exclusions(make: Make) -> None:
    (problem,) = problems(make(coverage={"excluded": ["S9/Greeting"]}))
    assert problem.field == "coverage.excluded"
    assert (problem.found, problem.expected) == ("S9/Greeting", "nothing")


def test_refuses_another_action(make: Make) -> None:
    """An action of its own would give the easiest clip a third of the mean over actions."""
    table = clip_table()
    easy = table.sequence == "sit-0"
    changed = table.assign(action=table.action.where(~easy, "sit easily"))
    (problem,) = problems(make(changed))
    assert problem.field == "column action"
    assert (problem.found, problem.expected) == ("sit easily for S1/sit-0/cam0", "sit")


def test_refuses_a_clip_that_counts_twice(make: Make) -> None:
    """The easiest one, again as another action."""
    table = clip_table()
    again = table[table.sequence == "sit-0"].assign(action="sit easily")
    clips, action = problems(make(pd.concat([table, again])))
    assert clips.found == "10 clips, more than once S1/sit-0/cam0"
    assert action.field == "column action"


def test_refuses_other_counts_of_runs(make: Make) -> None:
    """MPJVE is weighted by them: blanking clips would make it smaller."""
    table = clip_table()
    fewer = table["run_frames"].where(table.sequence != "walk-0", 0)
    speed = table["mpjve"].where(table.sequence != "walk-0")
    (problem,) = problems(make(table.assign(run_frames=fewer, mpjve=speed)))
    assert problem.field == "column run_frames"
    assert problem.found == "0 for S1/walk-0/cam0"


@pytest.mark.parametrize(("field", "value"), [("version", 7), ("id", "other-c")])
def test_refuses_another_version_and_id(make: Make, field: str, value: Any) -> None:
    (problem,) = problems(make(benchmark={field: value}))
    assert problem.field == f"benchmark.{field}"


def test_refuses_another_manifest_and_compares_no_further(make: Make) -> None:
    path = make(_two_cells(clip_table()), benchmark={"manifest_sha256": digest("another")})
    (problem,) = problems(path)
    assert problem.field == "benchmark.manifest_sha256"
    assert (problem.found, problem.expected) == (digest("another"), digest("manifest"))


def test_cells_in_the_document_alone_do_not_help(make: Make) -> None:
    """The document names all cells, its table has but two: the referee's own checks see it."""
    path = make(_two_cells(clip_table()))
    text = json.loads(path.read_text())
    whole = json.loads(make(name="whole").read_text())
    path.write_text(json.dumps({**text, "cells": whole["cells"]}))
    with pytest.raises(SubmissionError, match="16 cells; first that differs"):
        check(path, EXPECTED)


def test_a_clip_without_labels_is_not_asked_for(make: Make) -> None:
    assert EXPECTED.clips is not None
    empty = ExpectedClip("walk", range(1))
    known = {**EXPECTED.clips, ("S1", "walk-9", "cam0"): empty}
    check(make(), replace(EXPECTED, clips=known))
    known["S1", "walk-0", "cam0"] = empty
    with pytest.raises(SubmissionError, match="9 clips, with S1/walk-0/cam0, expected the"):
        check(make(), replace(EXPECTED, clips=known))


def test_a_clip_of_which_the_owner_knows_bounds(make: Make) -> None:
    """Labels may have gaps: any number of frames within the bounds passes, and no other."""
    assert EXPECTED.clips is not None
    table = clip_table()
    frames = int(table.frames[0])
    key = ("S1", "walk-0", "cam0")
    clip = ExpectedClip("walk", range(1, frames + 1))
    check(make(table), replace(EXPECTED, clips={**EXPECTED.clips, key: clip}))
    for bounds in (range(1, frames), range(frames + 1, frames + 9)):
        other = replace(clip, frames=bounds)
        with pytest.raises(SubmissionError) as caught:
            check(make(table), replace(EXPECTED, clips={**EXPECTED.clips, key: other}))
        (problem,) = caught.value.problems
        assert problem.field == "column frames"
        assert problem.found == f"{frames} for S1/walk-0/cam0"
        assert problem.expected == f"{bounds[0]} to {bounds[-1]}"


def test_clips_that_the_owner_cannot_know_are_not_compared(make: Make) -> None:
    unknown = replace(EXPECTED, clips=None)
    check(make(clip_table(takes=1)), unknown)
    with pytest.raises(SubmissionError, match="2 cells, without"):
        check(make(_two_cells(clip_table())), unknown)


def test_a_row_without_a_filter_has_no_name_of_one(make: Make) -> None:
    known = replace(EXPECTED, filters=("one_euro",))
    with pytest.raises(SubmissionError, match=r"lifter\.name: found a\+one_euro, expected"):
        check(make(name="a+one_euro"), known)
    for name in ("a+one_euro-2", "one_euro", "a+tagn"):
        check(make(name=name), known)
