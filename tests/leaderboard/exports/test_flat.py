"""The board as one flat table, in CSV and Parquet, and as JSON: read again by other readers."""

from __future__ import annotations

import csv
import io
import json
import unicodedata

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corruptbench.leaderboard import About, Result, placed_rows, rank, with_about
from corruptbench.leaderboard.columns import METRICS
from corruptbench.leaderboard.exports.flat import as_csv, as_parquet
from corruptbench.leaderboard.exports.json_rows import as_json
from corruptbench.leaderboard.status import Status
from tests.leaderboard.conftest import HOSTILE, clip_table_3, digest, document, row, without_units
from tests.leaderboard.test_status import VERIFIED


def lines_of(results: list[Result]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(as_csv(placed_rows(results)))))


def test_csv_has_every_row_and_unrounded_numbers(results: list[Result]) -> None:
    lines = lines_of(results)
    assert [line["lifter"] for line in lines] == [r.result.lifter.name for r in rank(results)]
    for line, ranked in zip(lines, rank(results), strict=True):
        assert float(line["mpjpe_corrupted"]) == ranked.result.mpjpe.corrupted
        assert float(line["p_mpjpe_clean"]) == ranked.result.p_mpjpe.clean
        assert (
            float(line["mpjpe_degradation_high"]) == ranked.result.mpjpe_intervals.degradation.high
        )
        for name, value in ranked.result.mpjpe.corruptions.items():
            assert float(line[f"mpjpe_{name}"]) == value


def test_csv_of_two_benchmarks_has_one_head(results: list[Result]) -> None:
    lines = lines_of([*results, row("z", 40, benchmark={"id": "y"})])
    assert {line["benchmark"] for line in lines} == {"toy-c", "y"}


@pytest.mark.parametrize(
    "begin", ["=", "+", "-", "@", "  =", "\u00a0=", "\uff1d", " \uff0b", "\ufe63"]
)
def test_no_form_of_a_sign_begins_a_formula(begin: str) -> None:
    said = {"about": {"authors": f"{begin}1+1"}}
    (line,) = csv.DictReader(io.StringIO(as_csv(placed_rows([row("a", 40, lifter=said)]))))
    assert line["authors"] == f"'{begin}1+1"


@pytest.mark.parametrize("sign", ["=", " =", "\uff1d", "+", "-", "@"])
def test_no_formula_begins_where_other_countries_split_a_line(sign: str) -> None:
    """A spreadsheet of a country with decimal commas splits at semicolons, and sees no quotes."""
    said = {"about": {"authors": f"A;{sign}cmd|' /C calc'!A0;B"}}
    text = as_csv(placed_rows([row("a", 40, lifter=said)]))
    (_, line) = text.splitlines()
    cells = [unicodedata.normalize("NFKC", cell).strip() for cell in line.split(";")]
    assert len(cells) == 3
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)


def test_no_cell_is_a_formula(odd: list[Result]) -> None:
    *_, line = lines_of(odd)
    assert (line["rank"], line["note"]) == ("", "other pixels")
    assert line["detector"].startswith("'=")
    assert line["authors"] == f"'{HOSTILE}"


@pytest.mark.parametrize("sign", "=+-@")
def test_no_text_of_authors_is_a_formula(results: list[Result], sign: str) -> None:
    line, *_ = lines_of([with_about(results[0], About(authors=f"{sign}1"))])
    assert line["authors"] == f"'{sign}1"


def test_every_metric_that_some_row_has_is_there() -> None:
    """A row of unknown units has no MPJPE: its cells are empty, in CSV and in Parquet."""
    tables = {"known": clip_table_3(1), "unknown": without_units(2)}
    contract = {"known": {"units": "mm"}, "unknown": {"units": "none"}}
    results = [
        Result.model_validate(
            document(
                table, digest(name), name=name,
                lifter={**document(table, "")["lifter"], "contract": contract[name]},
            )
        )
        for name, table in tables.items()
    ]  # fmt: skip
    known, unknown = lines_of(results)
    assert {"auc_clean", "acceleration_corrupted", "p_mpjpe_corrupted_low"} <= known.keys()
    assert (known["mpjpe_clean"] != "", unknown["mpjpe_clean"]) == (True, "")
    assert unknown["p_mpjpe_clean"] == str(results[1].p_mpjpe.clean)
    table = pd.read_parquet(io.BytesIO(as_parquet(placed_rows(results))))
    assert table.mpjpe_clean.isna().tolist() == [False, True]


def test_parquet_has_types_and_the_very_texts(odd: list[Result]) -> None:
    table = pq.read_table(io.BytesIO(as_parquet(placed_rows(odd))))
    types = {field.name: field.type for field in table.schema}
    assert (types["rank"], types["lifter"], types["venue"]) == (
        pa.int64(),
        pa.string(),
        pa.string(),
    )
    assert {types[f"{metric}_corrupted"] for metric in METRICS} == {pa.float64()}
    assert table["rank"].to_pylist() == [1, 2, None]
    assert table["authors"].to_pylist() == [None, None, HOSTILE]
    assert table["mpjpe_erase"].to_pylist() == [r.mpjpe.corruptions["erase"] for r in odd]


def test_json_has_the_rows_with_rank_and_reason(odd: list[Result]) -> None:
    (benchmark,) = json.loads(as_json(placed_rows(odd)))
    assert (benchmark["benchmark"], benchmark["version"]) == ("toy-c", 1)
    assert [(r["rank"], r["note"]) for r in benchmark["rows"]] == [
        (1, ""), (2, ""), (None, "other pixels"),
    ]  # fmt: skip
    assert benchmark["rows"][2]["about"]["authors"] == HOSTILE
    assert benchmark["rows"][0]["mpjpe"] == odd[0].mpjpe.model_dump()


def test_status_and_history_are_told() -> None:
    """In all forms; a row that a newer one supersedes has no rank."""
    lifter = {"about": {"authors": "Ada Lovelace"}}
    old, new = (row(name, 40, lifter=lifter) for name in ("v1", "v2"))
    verified = Status.model_validate(VERIFIED)
    board = [old, new.model_copy(update={"supersedes": "v1", "status": verified})]
    rows = placed_rows(board)
    lines = list(csv.DictReader(io.StringIO(as_csv(rows))))
    assert [(r["lifter"], r["status"], r["superseded_by"], r["note"]) for r in lines] == [
        ("v2", "verified", "", ""), ("v1", "claimed", "v2", "superseded by v2"),
    ]  # fmt: skip
    assert pq.read_table(io.BytesIO(as_parquet(rows)))["superseded_by"].to_pylist() == [None, "v2"]
    ((newer, older),) = (benchmark["rows"] for benchmark in json.loads(as_json(rows)))
    assert (newer["status"], older["status"]) == (VERIFIED, {"kind": "claimed"})
    assert (newer["supersedes"], older["superseded_by"], older["author_rows"]) == ("v1", "v2", 2)


def test_the_order_of_rows_changes_no_byte(results: list[Result]) -> None:
    for form in (as_csv, as_json, as_parquet):
        assert form(placed_rows(results)) == form(placed_rows(results[::-1]))
