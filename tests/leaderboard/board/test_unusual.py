"""Honest rows that look odd are added and pass the check; lies beside them are refused or told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corruptbench.leaderboard import About, SubmissionError, audit, placed_rows, read_board, submit
from tests.leaderboard.conftest import (
    OF_SEVERAL,
    Make,
    clip_table,
    clip_table_3,
    digest,
    without_units,
)
from tests.leaderboard.test_status import VERIFIED, mark

HONEST: dict[str, tuple[Callable[[], Any], dict[str, Any], About]] = {
    "single-take": (lambda: clip_table(1, takes=1, actions=["walk"]), {}, About(authors="김철수")),
    "joints-16": (lambda: clip_table_3(2), {"scored_joints": 16}, About(authors="Д. А. Иванов")),
    "best-of-20": (
        lambda: clip_table_3(3, without=["spread"]), {"hypotheses": 20}, About(date="2018")
    ),
    "of-5-samples": (
        lambda: clip_table_3(4, without=OF_SEVERAL[:3]), {"samples": 5},
        About(report="https://example.org?id=1"),
    ),
    "no-units": (lambda: without_units(5), {"contract": {"units": "none"}}, About(venue="第23回")),
    "filtered+one_euro": (lambda: clip_table_3(6), {"filter": "one_euro"}, About(license="MIT")),
    "calibrated": (
        lambda: clip_table_3(7),
        {"contract": {"scores": "calibrated"}, "calibration_sha256": digest("c")},
        About(paper="doi:10.1016/S0021-9290(97)00123-4"),
    ),
    "failed-a-probe": (lambda: clip_table_3(8), {"allowed": ["lag"]}, About(authors="李小龍")),
    "old": (lambda: clip_table(9), {"contract": {"hypotheses": 20}}, About(authors="Ó. Ærø")),
}  # fmt: skip


def test_unusual_rows_are_added_and_shown(make: Make, tmp_path: Path) -> None:
    board = tmp_path / "board"
    for name, (table, lifter, about) in HONEST.items():
        submit(make(table(), name=name, lifter=lifter), board, None, about)
    assert audit(board, lambda _: None) == []
    results, problems = read_board(board)
    assert problems == []
    placed = {p.result.lifter.name: p for p in placed_rows(results)}
    assert placed.keys() == HONEST.keys()
    assert not any(p.same_as for p in placed.values())
    unranked = [name for name, p in placed.items() if p.row.rank is None]
    assert unranked == ["failed-a-probe"]


def test_a_line_of_forged_rows_does_not_reach_a_verified_one(make: Make, tmp_path: Path) -> None:
    """A row that supersedes a row that supersedes the verified one, with better numbers."""
    board, about, model = tmp_path / "board", About(authors="A"), {"sha256": digest("sure")}
    mark(submit(make(name="sure"), board, None, about), VERIFIED)
    submit(make(name="between"), board, None, about, supersedes="sure")
    with pytest.raises(SubmissionError, match="found the model of sure"):
        submit(
            make(clip_table(level=20), name="thief", lifter=model),
            board, None, about, supersedes="between",
        )  # fmt: skip


def test_no_row_corrects_the_authors_of_another_model(make: Make, tmp_path: Path) -> None:
    board = tmp_path / "board"
    submit(make(name="old"), board, None, About(authors="A. Author"))
    with pytest.raises(SubmissionError, match=r"found authors A\. Thief"):
        submit(make(name="thief"), board, None, About(authors="A. Thief"), supersedes="old")


def test_a_corrected_row_names_authors(make: Make, tmp_path: Path) -> None:
    """Else nobody could say who supersedes it next."""
    board, model = tmp_path / "board", {"sha256": digest("old")}
    submit(make(name="old"), board, None, About(authors="A. Author"))
    with pytest.raises(SubmissionError, match="found authors none"):
        submit(make(name="new", lifter=model), board, None, None, supersedes="old")
