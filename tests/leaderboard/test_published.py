"""Retired versions of our benchmarks, whose manifest is not here any more, cannot be forged."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from corruptbench.leaderboard import Result, audit, clips, rank
from corruptbench.leaderboard.page.render import html
from corruptbench.leaderboard.published import is_unknown, published
from corruptbench.leaderboard.referee.submission import read_result
from corruptbench.leaderboard.reference import reference_for, retired_expectation
from tests.leaderboard.conftest import clip_table, digest, document
from tests.leaderboard.page.test_page import words
from tests.leaderboard.test_table import printed

#: A row of studio-C, version 2.
ROW = Path(__file__).parents[2] / "leaderboard/results/studio-c-v2/videopose3d-27"
OLD = read_result(ROW / "result.json").benchmark


@pytest.fixture
def row(tmp_path: Path) -> Path:
    return shutil.copytree(ROW, tmp_path / "studio-c-v2" / "videopose3d-27")


def problems(row: Path) -> set[str]:
    return {problem.field for problem in audit(row.parents[1], retired_expectation)}


def forge(row: Path, change: Callable[[dict[str, Any]], None], table: pd.DataFrame | None = None):
    """Write a row whose numbers follow from its table."""
    fields = json.loads((row / "result.json").read_text())
    if table is not None:
        data = clips.to_parquet(table)
        (row / "clips.parquet").write_bytes(data)
        kept = {
            k: fields[k] for k in ("benchmark", "build", "lifter", "scoring", "software", "command")
        }
        name = fields["lifter"]["name"]
        fields = document(table, hashlib.sha256(data).hexdigest(), **{**kept, "name": name})
        fields["schema_version"] = 2
    change(fields)
    (row / "result.json").write_text(json.dumps(fields))


def test_the_row_of_the_retired_version_has_no_problem(row: Path) -> None:
    assert OLD in published()
    assert problems(row) == set()


def test_another_manifest_of_that_version_is_found(row: Path) -> None:
    forge(row, lambda d: d["benchmark"].update(manifest_sha256=digest("forged")))
    assert problems(row) == {"benchmark.manifest_sha256"}


def test_another_action_is_found(row: Path) -> None:
    """The easiest clip as an action of its own lowers a mean over actions."""
    table = pd.read_parquet(row / "clips.parquet")
    clip = (table.subject == table.subject[0]) & (table.sequence == table.sequence[0])
    table.loc[clip & (table.camera == table.camera[0]), "action"] = "easy"
    forge(row, lambda _: None, table)
    assert "column action" in problems(row)


def test_fewer_clips_are_found(row: Path) -> None:
    table = pd.read_parquet(row / "clips.parquet")
    forge(row, lambda _: None, table[table.subject != table.subject[0]].reset_index(drop=True))
    assert "clips" in problems(row)


def test_the_owners_shards_of_the_retired_version_are_known() -> None:
    reference, stored = reference_for(OLD), read_result(ROW / "result.json")
    assert reference is not None
    assert reference.pixels_sha256 == stored.build.pixels_sha256
    assert stored.mce is None


@pytest.mark.parametrize(
    ("changes", "unknown"),
    [
        ({}, False),
        ({"version": 1}, True),
        ({"version": 7}, True),
        ({"manifest_sha256": digest("x")}, True),
        ({"id": "mine-c", "manifest_sha256": digest("x")}, False),
    ],
)
def test_what_is_not_known_is_not_ranked_and_says_so(
    changes: dict[str, Any], unknown: bool
) -> None:
    benchmark = OLD.model_copy(update=changes)
    assert is_unknown(benchmark) == unknown
    fields = document(clip_table(), digest("a"), name="forged", benchmark=benchmark.model_dump())
    result = Result.model_validate(fields)
    (found,) = rank([result])
    assert (found.rank, found.apart) == ((None, "unknown manifest") if unknown else (1, ""))
    for text in (printed([result]), words(html([result]))):
        assert ("unknown manifest" in text) == unknown
