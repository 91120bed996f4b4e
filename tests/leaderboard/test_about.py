"""What authors say about their lifter: its forms, its place on the board, and what it changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from corruptbench.leaderboard import About, check, load, rank, submit
from corruptbench.leaderboard.page.render import html
from corruptbench.leaderboard.problem import SubmissionError
from corruptbench.lifters.contract import Contract
from tests.leaderboard.conftest import Make

PAPER = About(
    authors="A. Author, B. Author",
    paper="arXiv:2312.06797",
    code="https://example.org/code",
    report="https://example.org/report.html",
    venue="CVPR Workshops 2024",
    date="2024-06",
    training_data=("clean", "augmented"),
)


@pytest.mark.parametrize(
    ("paper", "address"),
    [
        ("arXiv:2312.06797v2", "https://arxiv.org/abs/2312.06797v2"),
        ("doi:10.1109/CVPRW.2024.00018", "https://doi.org/10.1109/CVPRW.2024.00018"),
        ("https://example.org/paper?id=1", "https://example.org/paper?id=1"),
    ],
)
def test_a_paper_has_an_address(paper: str, address: str) -> None:
    assert About(paper=paper).paper_address == address


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", "https://example.org/\u202emoc"),
        ("code", "https://example.org/" + "a" * 1000),
        ("authors", ""),
        ("authors", "A\nB"),
        ("venue", "v" * 201),
        ("training_data", ("test",)),
    ],
)
def test_what_nobody_can_read_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        About.model_validate({field: value})


def test_the_row_and_the_page_have_it(make: Make, tmp_path: Path) -> None:
    board = tmp_path / "board"
    submit(make(), board, None, PAPER)
    assert load(board)[0].lifter.about == PAPER
    page = html(load(board))
    assert 'href="https://arxiv.org/abs/2312.06797"' in page
    for name, address in (("Code", PAPER.code), ("Report", PAPER.report)):
        attributes = 'rel="noopener noreferrer nofollow"'
        assert f'<a href="{address}" {attributes}>{name}: {address}</a>' in page
    assert "A. Author, B. Author" in page
    assert "training split, noise added to its keypoints" in page


def test_rows_without_a_report_keep_their_bytes() -> None:
    said = PAPER.model_dump_json(exclude={"report"})
    assert About.model_validate_json(said).model_dump_json() == said
    assert "report" not in said


def test_what_is_submitted_completes_what_the_result_says(make: Make, tmp_path: Path) -> None:
    path = make(lifter={"about": {"authors": "A. Author", "venue": "CVPR"}})
    submit(path, tmp_path / "board", None, About(venue="ECCV"))
    assert load(tmp_path / "board")[0].lifter.about == About(authors="A. Author", venue="ECCV")


def test_it_can_be_completed_on_the_board(make: Make, tmp_path: Path) -> None:
    board = tmp_path / "board"
    row = submit(make(), board, None, About(authors="A. Author"))
    before = (row / "clips.parquet").read_bytes()
    submit(make(), board, None, About(venue="ECCV"))
    assert load(board)[0].lifter.about == About(authors="A. Author", venue="ECCV")
    assert (row / "clips.parquet").read_bytes() == before
    assert check(row / "result.json") == load(board)[0]


def test_nobody_takes_the_rank_of_a_row_away(make: Make, tmp_path: Path) -> None:
    """By saying later that its lifter was trained on corruptions."""
    board = tmp_path / "board"
    submit(make(), board, None)
    with pytest.raises(SubmissionError, match=r"about\.training_data"):
        submit(make(), board, None, About(training_data=("corrupted",)))
    assert rank(load(board))[0].rank == 1


def test_it_does_not_change_on_the_board(make: Make, tmp_path: Path) -> None:
    board = tmp_path / "board"
    submit(make(), board, None, PAPER)
    submit(make(), board, None)
    with pytest.raises(SubmissionError, match=r"lifter\.about"):
        submit(make(), board, None, About(training_data=("extra",)))
    assert load(board)[0].lifter.about == PAPER


def test_a_contract_states_it_and_its_record_does_not() -> None:
    contract = Contract.parse_toml(
        'name = "mine"\nwindow = "sequence"\nframes = 27\n\n[about]\npaper = "arXiv:2312.06797"\n',
        "mine.toml",
    )
    assert contract.about == About(paper="arXiv:2312.06797")
    assert "about" not in contract.record()
