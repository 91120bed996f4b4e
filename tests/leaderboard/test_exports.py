"""The board as CSV, Markdown and LaTeX: all rows, the right numbers, nothing that acts."""

from __future__ import annotations

import csv
import io
import re

import pytest

from corruptbench.leaderboard import Result, rank
from corruptbench.leaderboard.exports import as_csv, as_latex, as_markdown

from .conftest import clip_table, digest, document


def row(name: str, level: float, **changes: object) -> Result:
    table = clip_table(level=level)
    return Result.model_validate(document(table, digest(name), name=name, **changes))


@pytest.fixture
def odd() -> list[Result]:
    """A row with a rank, and one without, whose detector has a name that could act."""
    other = {"detector": "=1+1|&_\\cmd<b>", "weights_sha256": digest("other")}
    return [row("a_1", 40), row("b_1", 41), row("c", 30, build=other)]


def test_csv_has_every_row_and_unrounded_numbers(results: list[Result]) -> None:
    lines = list(csv.DictReader(io.StringIO(as_csv(results))))
    assert [line["lifter"] for line in lines] == [r.result.lifter.name for r in rank(results)]
    for line, ranked in zip(lines, rank(results), strict=True):
        assert float(line["mpjpe_corrupted"]) == ranked.result.mpjpe.corrupted
        assert float(line["p_mpjpe_clean"]) == ranked.result.p_mpjpe.clean
        for name, value in ranked.result.mpjpe.corruptions.items():
            assert float(line[f"mpjpe_{name}"]) == value


def test_csv_of_two_benchmarks_has_one_head(results: list[Result]) -> None:
    lines = list(
        csv.DictReader(io.StringIO(as_csv([*results, row("z", 40, benchmark={"id": "y"})])))
    )
    assert {line["benchmark"] for line in lines} == {"toy-c", "y"}


def test_no_cell_is_a_formula(odd: list[Result]) -> None:
    lines = list(csv.DictReader(io.StringIO(as_csv(odd))))
    assert (lines[-1]["rank"], lines[-1]["note"]) == ("", "other detector")
    assert lines[-1]["detector"].startswith("'=")


def test_markdown_is_a_table_with_the_best_in_bold(odd: list[Result]) -> None:
    head, rule, *rows = [line for line in as_markdown(odd).splitlines() if line.startswith("|")]
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in (head, rule, *rows)]
    assert len({len(line) for line in cells}) == 1
    corrupted = head.split("|").index(" Corrupted ") - 1
    assert cells[2][corrupted].strip().startswith(f"**{odd[0].mpjpe.corrupted:.1f}**")
    assert "**" not in rows[-1]
    assert "<b>" not in rows[-1]


def test_latex_is_a_booktabs_table(odd: list[Result]) -> None:
    text = as_latex(odd)
    lines = text.splitlines()
    body = lines[lines.index("\\midrule") + 1 : lines.index("\\bottomrule")]
    assert len(body) == 3
    columns = len(re.search(r"\{(r+l+r+)\}", text)[1])
    for line in body:
        assert len(re.findall(r"(?<!\\)&", line)) == columns - 1
        assert line.endswith(" \\\\")
    assert "a\\_1" in body[0]
    assert f"\\textbf{{{odd[0].mpjpe.corrupted:.1f}}}" in body[0]
    assert "\\textbackslash{}cmd" in body[2]
