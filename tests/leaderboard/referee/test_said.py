"""What may be said of a lifter. A row that is there already stays, and the check reports it."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from corruptbench.leaderboard import (
    About,
    SubmissionError,
    audit,
    change_problems,
    check,
    read_board,
    submit,
)
from corruptbench.leaderboard.board.as_row import text_of
from corruptbench.leaderboard.exports.bibtex import as_bibtex
from corruptbench.leaderboard.exports.flat import as_csv
from corruptbench.leaderboard.exports.json_rows import as_json
from corruptbench.leaderboard.page.render import html
from corruptbench.leaderboard.ranking.placed import placed_rows
from corruptbench.leaderboard.referee.said import about_faults
from corruptbench.leaderboard.referee.submission import read_result
from tests.leaderboard.conftest import Make, clip_table_3, digest

#: What an older board may hold, and a link that may not be shown.
LINKS = [
    ("paper", "1312.06797"),
    ("paper", "javascript:alert(1)"),
    ("paper", 'https://example.org/"><script>'),
    ("code", "http://example.org"),
    ("code", "https://user:secret@example.org"),
    ("code", "https://...."),
    ("code", "https://127.0.0.1/code"),
    ("report", "http://example.org/report.html"),
    ("report", "report.html"),
    ("report", "data:text/html,x"),
    ("date", "June 2024"),
    ("date", "2024-13"),
]
WORDS = [
    ("date", "2024-02-31"),
    ("date", "0000"),
    ("date", "1899-12"),
    ("date", "2924-06"),
    ("authors", "\u0410. Author"),
    ("venue", "CV\u200bPR"),
    ("license", "\u2026"),
    ("training_data", ("clean", "clean")),
]


@pytest.mark.parametrize(("field", "value"), [*LINKS, *WORDS])
def test_a_new_row_may_not_say_it(
    make: Make, tmp_path: Path, field: str, value: str | tuple[str, ...]
) -> None:
    said: Any = {field: value}
    assert [fault.field for fault in about_faults(About(**said))] == [field]
    refused = rf"lifter\.about\.{field}: found"
    with pytest.raises(SubmissionError, match=refused):
        submit(make(), tmp_path / "board", None, About(**said))
    path = make(lifter={"about": {field: value}})
    with pytest.raises(SubmissionError, match=refused):
        submit(path, tmp_path / "board", None)
    with pytest.raises(SubmissionError, match=refused):
        check(path)
    assert not (tmp_path / "board").exists()


@pytest.mark.parametrize("date", ["2018", "2024-02-29", f"{datetime.now(UTC).year + 1}-06"])
def test_a_paper_may_be_older_than_the_benchmark_or_appear_next_year(date: str) -> None:
    assert list(about_faults(About(date=date))) == []


def test_what_is_said_anew_replaces_what_is_wrong(make: Make, tmp_path: Path) -> None:
    """So that nobody has to evaluate a model again because of a word."""
    path = make(lifter={"about": {"date": "2024-02-31"}})
    row = submit(path, tmp_path / "board", None, About(date="2024-02-28"))
    assert '"date": "2024-02-28"' in (row / "result.json").read_text()


def on_board(make: Make, board: Path, field: str, value: object) -> Path:
    """A row that an older version added, when this was no rule."""
    row = submit(make(name="old"), board, None, About(authors="A. Author"))
    document = json.loads((row / "result.json").read_text())
    document["lifter"]["about"] = {"authors": "A. Author", field: value}
    (row / "result.json").write_text(json.dumps(document))
    (row / "result.json").write_bytes(text_of(read_result(row / "result.json")))
    return row


@pytest.mark.parametrize(("field", "value"), [*LINKS, *WORDS])
def test_an_older_row_stays_and_is_reported(
    make: Make, tmp_path: Path, field: str, value: object
) -> None:
    board = tmp_path / "board"
    row = on_board(make, board, field, value)
    results, problems = read_board(board)
    assert problems == []
    forms = [html(results), *(form(placed_rows(results)) for form in (as_json, as_csv, as_bibtex))]
    assert all("old" in form for form in forms)
    (problem,) = audit(board, lambda _: None)
    assert (Path(problem.file), problem.field) == (row / "result.json", f"lifter.about.{field}")
    if (field, value) in LINKS:
        assert not any(str(value) in form for form in forms)
    elif isinstance(value, str):
        assert value in forms[1]


def test_a_pull_request_with_such_a_row_is_refused(make: Make, tmp_path: Path) -> None:
    board, before = tmp_path / "board", tmp_path / "before"
    submit(make(name="first"), before, None)
    shutil.copytree(before, board)
    on_board(make, board, "date", "2024-02-31")
    assert change_problems(board, before) == []
    assert [p.field for p in audit(board, lambda _: None)] == ["lifter.about.date"]


@pytest.mark.parametrize(
    ("lifter", "field"),
    [
        ({"filter": "one_euro"}, "lifter.name"),
        ({"calibration_sha256": digest("c")}, "lifter.calibration_sha256"),
        ({"scored_joints": 18}, "lifter.scored_joints"),
    ],
)
def test_fields_that_contradict_each_other_are_refused(
    make: Make, lifter: dict[str, object], field: str
) -> None:
    """And a row that has them is readable."""
    path = make(clip_table_3(), lifter=lifter)
    with pytest.raises(SubmissionError, match=field):
        check(path)
    read_result(path)


def test_the_name_of_the_row_is_checked_too(make: Make, tmp_path: Path) -> None:
    path = make(clip_table_3(), name="mine+one_euro", lifter={"filter": "one_euro"})
    with pytest.raises(SubmissionError, match=r"ends with \+one_euro"):
        submit(path, tmp_path / "board", None, name="mine")
