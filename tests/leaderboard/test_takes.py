"""Too few takes are told where rows cannot be told apart, and only there."""

from __future__ import annotations

from typing import Any

import pytest

from corruptbench.leaderboard import Result
from corruptbench.leaderboard.comparison.compare import compare
from corruptbench.leaderboard.page.render import html
from corruptbench.leaderboard.referee.inspection import read
from corruptbench.leaderboard.takes import few_takes, takes
from tests.leaderboard.conftest import Make, clip_table, digest, document
from tests.leaderboard.page.test_page import words
from tests.leaderboard.test_status import VERIFIED
from tests.leaderboard.test_table import printed

CHANCE = "cannot tell a difference of rows from chance"


def labels(number: int) -> list[dict[str, Any]]:
    """Checks of the labels of so many takes, each with two cameras."""
    said = {"subject": "S1", "verdict": "agrees", "error": 0.02, "lag": 0.0}
    return [
        {**said, "sequence": f"take-{take}", "camera": camera}
        for take in range(number)
        for camera in ("a", "b")
    ]


def scored(number: int | None, name: str = "a", **changes: Any) -> Result:
    said = {"labels": labels(number)} if number else {}
    return Result.model_validate(
        document(clip_table(3), digest(name), name=name, **said, **changes)
    )


def test_takes_are_counted_over_cameras() -> None:
    assert takes(scored(5)) == 5
    assert takes(scored(None)) is None
    single = clip_table(actions=("walk",), takes=1)
    assert takes(Result.model_validate(document(single, digest("x")))) == 1


@pytest.mark.parametrize("number", range(1, 12))
def test_is_said_just_where_no_comparison_can_find_a_difference(number: int, make: Make) -> None:
    """`compare` has a note of its own about it."""
    table = clip_table(actions=("walk",), takes=number)
    paths = [make(table.assign(p_mpjpe=table.p_mpjpe - 0.1 * i), name=f"r{i}") for i in (0, 1)]
    entries = [read(path) for path in paths]
    is_noted = any("cannot separate" in note for note in compare(entries).notes)
    rows = [e.result.model_copy(update={"labels": scored(number).labels}) for e in entries]
    assert bool(few_takes(rows)) == is_noted
    assert (CHANCE in words(html(rows))) == (CHANCE in " ".join(printed(rows).split())) == is_noted


def test_says_how_many_there_are() -> None:
    assert few_takes([scored(2)]) == f"The row has 2 takes. So few {CHANCE}"
    assert few_takes([scored(1)]) == (f"The row has 1 take, so intervals are missing. One {CHANCE}")


def test_nothing_is_said_of_an_unknown_number() -> None:
    assert few_takes([scored(None), scored(None, "b")]) == ""
    assert few_takes([scored(None), scored(2, "b")])


def test_what_a_claimed_row_says_is_not_asked_where_one_is_confirmed() -> None:
    assert few_takes([scored(1), scored(16, "b", status=VERIFIED)]) == ""
