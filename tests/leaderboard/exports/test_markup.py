"""The board as Markdown and LaTeX: all rows, the right numbers, nothing that acts."""

from __future__ import annotations

import re

from corruptbench.leaderboard import Result, placed_rows
from corruptbench.leaderboard.exports.markup import as_latex, as_markdown
from tests.leaderboard.conftest import BOXES, clip_table_3, digest, document


def test_markdown_is_a_table_with_the_best_in_bold(odd: list[Result]) -> None:
    lines = as_markdown(placed_rows(odd)).splitlines()
    head, rule, *rows = [line for line in lines if line.startswith("|")]
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in (head, rule, *rows)]
    assert len({len(line) for line in cells}) == 1
    corrupted = head.split("|").index(" Corrupted ") - 1
    assert cells[2][corrupted].strip().startswith(f"**{odd[0].mpjpe.corrupted:.1f}**")
    assert "**" not in rows[-1]
    assert "<b>" not in rows[-1]


def test_latex_is_a_booktabs_table(odd: list[Result]) -> None:
    text = as_latex(placed_rows(odd))
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


def test_the_least_degradation_is_not_in_bold(results: list[Result]) -> None:
    """A lifter that is bad on clean video loses little."""
    least = min(result.mpjpe.degradation for result in results)
    text = as_latex(placed_rows(results))
    assert f"{least:.1f}" in text
    assert f"\\textbf{{{least:.1f}}}" not in text


def test_each_section_has_a_table_with_its_name(odd: list[Result]) -> None:
    table = clip_table_3()
    boxed = {**odd[0].build.model_dump(), "boxes": BOXES}
    other = Result.model_validate(document(table, digest("x"), build=boxed))
    text = as_markdown(placed_rows([*odd, other]))
    titles = [line for line in text.splitlines() if line.startswith("toy-c")]
    assert titles == [
        "toy-c, version 1: MPJPE in mm",
        "toy-c, version 1, boxes by movenet:multipose: MPJPE in mm",
    ]
