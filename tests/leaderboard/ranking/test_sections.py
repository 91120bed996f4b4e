"""Rows that do not compare have tables of their own, which are the same in all forms of a board."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest

from corruptbench.leaderboard import Result, placed_rows, rank
from corruptbench.leaderboard.exports.flat import as_csv
from corruptbench.leaderboard.exports.hub import task_id
from corruptbench.leaderboard.exports.markup import as_latex, as_markdown
from corruptbench.leaderboard.page.render import html
from corruptbench.leaderboard.ranking.sections import sections
from tests.leaderboard.conftest import BOXES, clip_table, clip_table_3, digest, document
from tests.leaderboard.page.test_page import words
from tests.leaderboard.test_table import printed

OTHER = {"detector": "hrnet:w48", "weights_sha256": "0123abcd" * 8}
TRUE = {"detector": "ground-truth:projected", "weights_sha256": digest("")}
NOISY = {"detector": "ground-truth:noise of a:b (replay 1)", "weights_sha256": "9" * 64}
SAW = {"about": {"training_data": ["clean", "corrupted"]}}


def row(name: str, level: float = 40, **changes: Any) -> Result:
    table = changes.pop("table", clip_table(level=level))
    return Result.model_validate(document(table, digest(name), name=name, **changes))


def ranks(results: list[Result]) -> dict[str, list[tuple[str, int | None]]]:
    return {
        title: [(r.result.lifter.name, r.rank) for r in rank(rows)]
        for title, rows in sections(results)
    }


@pytest.fixture(scope="module")
def board() -> list[Result]:
    """The better rows are in other sections, and come first."""
    sixteen = clip_table_3(level=15)
    return [
        row("seen-2", 26, lifter=SAW),
        row("h", 20, lifter={"contract": {"hypotheses": 20}}),
        row("other", 10, build=OTHER),
        row("j16", table=sixteen, lifter={"scored_joints": 16}),
        row("true", 5, build=TRUE),
        row("both", 8, build=OTHER, lifter=SAW),
        row("noisy", 7, build=NOISY),
        row("seen", 25, lifter=SAW),
        row("a", 40),
        row("b", 41),
    ]


TITLES = [
    "",
    "trained on corruptions",
    "best of 20 hypotheses",
    "16 of 17 joints",
    "ground truth keypoints",
    "ground truth keypoints, noise of a:b (replay 1), weights 99999999",
    "keypoints by hrnet:w48, weights 0123abcd",
    "keypoints by hrnet:w48, weights 0123abcd, trained on corruptions",
]


def test_each_class_of_rows_is_ranked_by_itself(board: list[Result]) -> None:
    found = ranks(board)
    assert list(found) == TITLES
    assert found[""] == [("a", 1), ("b", 2)]
    assert found["trained on corruptions"] == [("seen", 1), ("seen-2", 2)]
    assert all(rows[0][1] == 1 for rows in found.values())


def test_all_forms_have_the_same_sections_in_the_same_order(board: list[Result]) -> None:
    text, page = " ".join(printed(board).split()), words(html(board))
    markdown, latex = as_markdown(placed_rows(board)), as_latex(placed_rows(board))
    assert markdown.count("| \\# |") == latex.count("\\begin{tabular}") == len(TITLES)
    assert printed(board).count("\n\ntoy-c, version 1: ") == len(TITLES) - 1
    for title in TITLES[1:]:
        assert f"lower is better {title} " in text
        assert f"toy-c, {title}" in page
        assert f"toy-c, version 1, {title}: MPJPE in mm" in markdown
        assert f"% toy-c, version 1, {title}: MPJPE in mm" in latex
    lines = list(csv.DictReader(io.StringIO(as_csv(placed_rows(board)))))
    assert list(dict.fromkeys(line["section"] for line in lines)) == TITLES


def test_a_single_defect_stays_in_the_table_of_its_class() -> None:
    odd = row("odd", 20, build={**OTHER, "pixels_sha256": digest("x")})
    found = ranks([row("a"), row("b"), row("c"), row("p", build=OTHER), row("q", build=OTHER), odd])
    assert found["keypoints by hrnet:w48, weights 0123abcd"][2:] == [("odd", None)]


def test_other_weights_are_another_detector() -> None:
    found = ranks([row("a"), row("b"), row("c", 30, build={"weights_sha256": "8" * 64})])
    assert found == {
        "": [("a", 1), ("b", 2)],
        "keypoints by movenet:thunder, weights 88888888": [("c", 1)],
    }


def test_weights_that_begin_alike_are_two_detectors() -> None:
    """Whoever writes a digest can let it begin as that of another row."""
    forged = {**OTHER, "weights_sha256": "0123abcd" + "f" * 56}
    found = ranks([row("a"), row("b"), row("c", build=OTHER), row("f", 1, build=forged)])
    assert found == {
        "": [("a", 1), ("b", 2)],
        f"keypoints by hrnet:w48, weights {'0123abcd' * 8}": [("c", 1)],
        f"keypoints by hrnet:w48, weights {forged['weights_sha256']}": [("f", 1)],
    }


def test_sections_of_the_same_words_have_addresses_of_their_own() -> None:
    alike = {**OTHER, "detector": "hrnet w48"}
    board = [row("a"), row("b"), row("c", build=OTHER), row("f", build=alike)]
    placed = placed_rows(board)
    assert len({task_id(one, "clean") for one in placed}) == 3
    page = html(board)
    keys = re.findall(r'<section class="benchmark" id="([^"]+)"', page)
    assert len(set(keys)) == len(keys) == 3
    assert all(re.fullmatch(r"[a-z0-9.-]+", key) for key in keys)


def test_ground_truth_is_never_the_main_table_beside_detections() -> None:
    """However many rows there are, and however good they are."""
    many = [row(f"t{i}", 10 + i, build=TRUE) for i in range(5)]
    found = ranks([*many, row("a"), row("b", 45)])
    assert list(found) == ["", "ground truth keypoints"]
    assert found[""] == [("a", 1), ("b", 2)]


def test_a_board_of_one_class_has_one_table_without_a_title(results: list[Result]) -> None:
    assert [section.title for section in sections(results)] == [""]
    assert list(ranks([row("a", build=OTHER), row("b", build=OTHER)])) == [""]
    assert sections([]) == []
    assert "lower is better\n   " in printed(results)  # the table follows


def test_a_row_of_several_classes_has_a_section_with_both_names() -> None:
    table = clip_table_3()
    both = row("b", table=table, build={"boxes": BOXES}, lifter={"scored_joints": 15})
    titles = [section.title for section in sections([row("a"), both])]
    assert titles == ["", "boxes by movenet:multipose, 15 of 17 joints"]


def test_a_detector_cannot_act_on_a_terminal_or_a_page() -> None:
    odd = row("odd", build={**OTHER, "detector": "[red]<b>=x"})
    board = [row("a"), row("b"), odd]
    assert "keypoints by [red]<b>=x, weights" in " ".join(printed(board).split())
    assert "keypoints by [red]&lt;b&gt;=x" in html(board)
    assert "\\<b\\>" in as_markdown(placed_rows(board))
