"""The page of a result that lacks cells says what is missing, and shows no mean that is none."""

from __future__ import annotations

import pytest

from corruptbench.manifest import load_manifest
from corruptbench.report.evidence import read_evidence
from corruptbench.report.page import html
from corruptbench.report.part import missing
from corruptbench.report.pictures import Pictures
from tests.report.conftest import write


def part_of(table, tmp_path, kept):
    """The page and the evidence of a result whose clips table has some of the cells."""
    names = table["corruption"].astype(str)
    rows = table[(names == "clean") | kept(names, table["severity"])]
    cells, of_all = (len(t[["corruption", "severity"]].drop_duplicates()) for t in (rows, table))
    scored = int(rows["frames"].sum())
    coverage = {
        "clips": 6, "cells": cells, "n_expected": scored // cells * of_all, "n_scored": scored,
        "excluded": [],
    }  # fmt: skip
    evidence = read_evidence(write(tmp_path, rows.reset_index(drop=True), coverage=coverage))
    return evidence, html(evidence, Pictures(reason="None."))


def test_what_is_missing_is_said_in_one_line(table, tmp_path):
    first = sorted(set(table["corruption"].astype(str)) - {"clean"})[0]
    evidence, page = part_of(table, tmp_path, lambda names, _: names == first)
    assert "This is a part of the benchmark, 6 of 16 cells" in page
    assert page.count("part of the benchmark") == 1
    assert '<div class="corrupted"><dt>' not in page
    assert '<div class="degradation"><dt>' not in page
    assert page.count('class="body"') == 2  # clean, and the corruption that is whole
    numbers = evidence.result.mpjpe
    assert f"<td>{numbers.clean:.1f}</td><td>none</td><td>none</td>" in page


def test_a_corruption_without_all_severities_has_no_mean(table, tmp_path):
    _, page = part_of(table, tmp_path, lambda _, severity: severity == 3)
    assert "4 of 16 cells" in page
    assert page.count('class="body"') == 1  # clean


def test_a_whole_result_says_nothing(whole, page):
    assert missing(whole.result) == ""
    assert "part of the benchmark" not in page


@pytest.mark.parametrize(
    ("dropped", "said"),
    [
        (lambda c: c.corruption == "erase", ". Missing: erase. Build"),
        (lambda c: c.corruption == "erase" and c.severity > 3, ". Missing: erase 4, 5. Build"),
    ],
)
def test_cells_of_our_benchmarks_are_named(dropped, said, whole):
    manifest = load_manifest("studio-c")
    result = whole.result
    cell = result.cells[0]
    kept = [
        cell.model_copy(update={"corruption": c.corruption, "severity": c.severity})
        for c in manifest.cells
        if not dropped(c)
    ]
    benchmark = result.benchmark.model_copy(
        update={"id": manifest.id, "manifest_sha256": manifest.sha256}
    )
    coverage = result.coverage.model_copy(
        update={"cells": len(kept), "n_scored": len(kept), "n_expected": len(manifest.cells)}
    )
    part = {"benchmark": benchmark, "cells": tuple(kept), "coverage": coverage}
    assert said in missing(result.model_copy(update=part))
