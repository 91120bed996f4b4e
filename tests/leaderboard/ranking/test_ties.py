"""Rows share a rank where the paired interval of `compare` includes 0."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from corruptbench.cli.leaderboard import command
from corruptbench.leaderboard import Result, compare, load, placed_rows, submit
from corruptbench.leaderboard.comparison.resampling import read_resampled
from corruptbench.leaderboard.exports.flat import as_csv
from corruptbench.leaderboard.exports.markup import as_latex, as_markdown
from corruptbench.leaderboard.page.render import html
from corruptbench.leaderboard.ranking.ties import MEANING, is_tied, ranked, ranks
from corruptbench.leaderboard.referee import inspection
from tests.leaderboard.conftest import Make, clip_table, clip_table_3
from tests.leaderboard.page.test_page import words
from tests.leaderboard.test_status import VERIFIED, mark
from tests.leaderboard.test_table import printed

#: Added to the errors of all clips; the noise of a clip is far smaller, that of its take is not.
LEVELS = {"a": 0.0, "b": 0.2, "c": 0.4, "d": 9.0, "e": 9.3}


def lifters(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Lifters that are close to each other, but for a step of 9 mm."""
    found = {}
    for seed, (name, level) in enumerate(LEVELS.items()):
        draw = np.random.default_rng(seed)
        of_take = table.groupby("sequence").ngroup().map(dict(enumerate(draw.normal(0, 1, 99))))
        found[name] = table.assign(mpjpe=table.mpjpe + level + of_take)
    return found


@pytest.fixture
def board(make: Make, tmp_path: Path) -> Path:
    for name, table in lifters(clip_table(takes=4)).items():
        submit(make(table, name=name), tmp_path / "board", None)
    return tmp_path / "board"


def submit_all(make: Make, board: Path, tables: dict[str, pd.DataFrame]) -> None:
    """Add rows of equal MPJPE. Their P-MPJPE is not equal: a board has no numbers twice."""
    for place, (name, clips) in enumerate(tables.items()):
        own = clips.assign(p_mpjpe=clips.p_mpjpe + 0.01 * place)
        submit(make(own, name=name), board, None)


def shown(board: Path) -> list[tuple[str, int | None]]:
    results = load(board)
    rows = ranked(results, read_resampled(results, board).resampled)
    return [(row.result.lifter.name, row.rank) for row in rows]


def test_ranks_are_those_of_the_intervals_of_compare(board: Path) -> None:
    rows = shown(board)
    entries = [inspection.read(board / "toy-c-v1" / name / "result.json") for name, _ in rows]
    better = [0] * len(entries)
    for first, second in combinations(range(len(entries)), 2):
        differences = compare([entries[first], entries[second]]).pairs[0].differences
        corrupted = next(d for d in differences if d.name == "corrupted")
        better[second] += not corrupted.low <= 0 <= corrupted.high
    expected = [1 + number for number in better]
    assert [rank for _, rank in rows] == expected
    assert len(set(expected)) == 2  # there is a step, and there are ties


NOISE = np.linspace(-1.0, 1.0, 1001)


def test_a_rank_counts_the_rows_that_are_better() -> None:
    """Each row ties with the one before it, and with no other."""
    drawn = [("clips", 50 + 0.6 * place + NOISE * (place % 2)) for place in range(4)]
    for one, other in pairwise(drawn):
        assert np.quantile(other[1] - one[1], 0.025) <= 0
    assert ranks(drawn) == [1, 1, 2, 3]


@given(st.lists(st.tuples(st.floats(0, 9), st.floats(0, 3)), min_size=1, max_size=8), st.data())
def test_one_more_row_moves_no_other_by_more_than_one_rank(
    rows: list[tuple[float, float]], data: st.DataObject
) -> None:
    """Wherever it stands, and however wide its interval is."""
    drawn = [("clips", mean + width * NOISE) for mean, width in sorted(rows)]
    place = data.draw(st.integers(0, len(drawn)))
    width = data.draw(st.floats(0, 20))
    more = [*drawn[:place], ("clips", drawn[place - 1][1].mean() + width * NOISE), *drawn[place:]]
    with_it = ranks(more)
    del with_it[place]
    moved = np.array(with_it) - ranks(drawn)
    assert set(moved[:place]) <= {0}
    assert set(moved[place:]) <= {0, 1}


def test_a_row_with_a_wide_interval_ties_no_two_others() -> None:
    a, b, wide = ("clips", 50 + 0 * NOISE), ("clips", 52 + 0 * NOISE), ("clips", 49 + 20 * NOISE)
    assert ranks([a, b]) == ranks([wide, a, b])[1:] == [1, 2]


def test_what_cannot_be_paired_is_not_tied() -> None:
    same = np.arange(10.0)
    assert ranks([("x", same), ("x", same), ("y", same), None, None]) == [1, 1, 3, 4, 5]
    assert ranks([]) == []


def test_without_tables_there_are_no_ties(board: Path) -> None:
    assert [row.rank for row in ranked(load(board))] == [1, 2, 3, 4, 5]


def test_rows_with_other_clips_are_not_tied(make: Make, tmp_path: Path) -> None:
    board, table = tmp_path / "board", clip_table(takes=4)
    other = table.assign(sequence=table.sequence.replace("walk-0", "walk-9"))
    submit_all(make, board, {"a": table, "b": table, "other": other})
    assert shown(board) == [("a", 1), ("b", 1), ("other", 3)]


def test_the_order_of_a_table_does_not_matter(make: Make, tmp_path: Path) -> None:
    board, table = tmp_path / "board", clip_table(takes=4)
    submit_all(make, board, {"a": table, "b": table.sample(frac=1, random_state=0)})
    assert shown(board) == [("a", 1), ("b", 1)]


def test_versions_2_and_3_are_paired(make: Make, tmp_path: Path) -> None:
    board = tmp_path / "board"
    submit_all(make, board, {"old": clip_table(takes=4), "new": clip_table_3(takes=4)})
    assert [rank for _, rank in shown(board)] == [1, 1]


def test_each_metric_has_its_own_ties(make: Make, tmp_path: Path) -> None:
    board, table = tmp_path / "board", clip_table(takes=4)
    submit(make(table, name="a"), board, None)
    submit(make(table.assign(mpjve=table.mpjve + 5), name="b"), board, None)
    results = load(board)
    resampled = read_resampled(results, board).resampled
    assert [row.rank for row in ranked(results, resampled)] == [1, 1]
    assert [row.rank for row in ranked(results, resampled, "mpjve")] == [1, 2]


@pytest.mark.parametrize("of_result", [False, True])
def test_a_row_whose_table_cannot_be_read_is_not_tied_and_told(
    board: Path, of_result: bool
) -> None:
    """Whether or not the result names the damaged table."""
    row = board / "toy-c-v1/b"
    (row / "clips.parquet").write_bytes(b"PAR1")
    if of_result:
        text = (row / "result.json").read_text()
        named = digest_of(row / "clips.parquet")
        (row / "result.json").write_text(re.sub('"clips_sha256": "[^"]*"', named, text))
    result = CliRunner().invoke(command, ["show", "--board", str(board), "--json"])
    assert [row["rank"] for row in json.loads(result.stdout)[0]["rows"]][:2] == [1, 2]
    assert "ranked by its mean alone" in result.stderr
    assert "b/clips.parquet: " + ("file" if of_result else "sha256") in result.stderr


def digest_of(path: Path) -> str:
    return f'"clips_sha256": "{hashlib.sha256(path.read_bytes()).hexdigest()}"'


def test_all_forms_show_tied_ranks_and_say_what_they_are(board: Path) -> None:
    results = load(board)
    resampled = read_resampled(results, board).resampled
    rows = ranked(results, resampled)
    assert is_tied(rows)
    for text in (
        " ".join(printed(results, resampled=resampled).split()),
        as_markdown(placed_rows(results, resampled)), as_latex(placed_rows(results, resampled)),
        words(html(results, resampled=resampled)),
    ):  # fmt: skip
        assert text.count(MEANING) >= 1
    assert "Rows with the same rank are tied. All" in words(html(results, resampled=resampled))
    assert MEANING not in printed(results) + as_markdown(placed_rows(results)) + words(
        html(results)
    )
    lines = csv.DictReader(io.StringIO(as_csv(placed_rows(results, resampled))))
    assert [line["rank"] for line in lines] == [str(row.rank) for row in rows]
    markdown = as_markdown(placed_rows(results, resampled))
    assert markdown.count("| 1 | ") == sum(row.rank == 1 for row in rows) > 1


def test_the_commands_read_the_tables(board: Path, tmp_path: Path) -> None:
    expected = [rank for _, rank in shown(board)]
    out = str(tmp_path / "page.html")
    CliRunner().invoke(command, ["render", "--board", str(board), "--out", out])
    text = re.sub("<[^>]+>", "", Path(out).read_text())  # some end tags are left out
    assert MEANING in " ".join(text.split())
    told = CliRunner().invoke(command, ["show", "--board", str(board)])
    assert MEANING in " ".join(told.stdout.split())
    as_json = CliRunner().invoke(command, ["show", "--board", str(board), "--json"])
    assert [row["rank"] for row in json.loads(as_json.stdout)[0]["rows"]] == expected


def test_a_claimed_row_is_not_tied_with_a_confirmed_one(board: Path) -> None:
    assert dict(shown(board))["c"] == dict(shown(board))["a"]  # tied while both are claimed
    mark(board / "toy-c-v1" / "c", VERIFIED)
    resampled = read_resampled(load(board), board).resampled
    rows = ranked(load(board), resampled)
    assert [row.result.lifter.name for row in rows] == ["c", "a", "b", "d", "e"]
    assert [row.rank for row in rows] == [1, 2, 2, 4, 4]


def test_one_take_ties_nothing(make: Make, tmp_path: Path) -> None:
    board, table = tmp_path / "board", clip_table(takes=1, actions=("walk",))
    for name, level in (("a", 0.0), ("b", 0.001)):
        submit(make(table.assign(mpjpe=table.mpjpe + level), name=name), board, None)
    assert shown(board) == [("a", 1), ("b", 2)]


def test_one_result_is_not_tied(results: list[Result]) -> None:
    assert [row.rank for row in ranked(results[:1])] == [1]
    assert ranked([]) == []
