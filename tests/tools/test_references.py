"""The errors of reference lifters are those of rows of the board."""

from __future__ import annotations

import pytest

from corruptbench.leaderboard import published
from corruptbench.leaderboard.reference import file_name
from corruptbench.manifest import load_manifest
from tools import references


@pytest.mark.parametrize("row", references.ROWS)
def test_each_file_is_up_to_date(row):
    result = references.stored(row)
    written = (references.FOLDER / file_name(result.benchmark)).read_text(encoding="utf-8")
    assert written == references.text(row), "run: python -m tools.references"


def test_there_is_no_other_file():
    named = {file_name(references.stored(row).benchmark) for row in references.ROWS}
    assert {path.name for path in references.FOLDER.iterdir()} == named


@pytest.mark.parametrize("row", references.CURRENT)
def test_a_manifest_names_no_other_lifter(row):
    result = references.stored(row)
    manifest = load_manifest(result.benchmark.id)
    assert manifest.sha256 == result.benchmark.manifest_sha256
    assert manifest.reference_lifter in (None, result.lifter.name)


def test_the_list_of_benchmarks_is_up_to_date():
    written = references.FOLDER.with_name(published.FILE_NAME).read_text(encoding="utf-8")
    assert written == references.benchmarks(), "run: python -m tools.references"


@pytest.mark.parametrize("row", references.RETIRED)
def test_a_retired_version_has_no_manifest_here(row):
    assert load_manifest(references.stored(row).benchmark.id).version > (
        references.stored(row).benchmark.version
    )
