"""The mCE of a result against the reference of studio-C, and what the referee makes of it."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from corruptbench.leaderboard import Result, SubmissionError, check, mce_text
from corruptbench.leaderboard.statistics.mce import mean_corruption_error
from tests.leaderboard.conftest import Make, clip_table, clip_table_3, without_units
from tools import references

ROW = references.stored("studio-c-v3/videopose3d-27")
CELLS: dict[str, Any] = {
    "corruptions": {cell.corruption: 1.0 for cell in ROW.cells if cell.severity},
    "actions": ("walk",),
}
ON_STUDIO: dict[str, Any] = {
    "benchmark": ROW.benchmark.model_dump(), "build": {"detector": ROW.build.detector},
}  # fmt: skip


def written(make: Make, table: Any, **changes: Any) -> Path:
    """Write a result on studio-C with its mCE."""
    path = make(table, **{**ON_STUDIO, **changes})
    document = json.loads(path.read_text())
    found = mean_corruption_error(Result.model_validate(document))
    path.write_text(json.dumps({**document, **({"mce": found.model_dump()} if found else {})}))
    return path


def test_the_reference_itself_has_100() -> None:
    new = {"scored_joints": 17, "hypotheses": 1, "samples": 1, "allowed": ()}
    lifter = ROW.lifter.model_copy(update=new)
    found = mean_corruption_error(ROW.model_copy(update={"schema_version": 3, "lifter": lifter}))
    assert found is not None
    assert found.value == pytest.approx(100.0, rel=1e-12)
    assert (found.reference, found.metric) == ("videopose3d-27", "mpjpe")


@pytest.mark.parametrize("metric", ["mpjpe", "p_mpjpe"])
def test_it_is_the_ratio_of_sums_over_severities(make: Make, metric: str) -> None:
    if metric == "mpjpe":
        path = written(make, clip_table_3(**CELLS))
    else:
        path = written(make, without_units(**CELLS), lifter={"contract": {"units": "none"}})
    result = check(path)
    found = result.mce
    assert found is not None
    assert found.metric == metric
    ratios = {}
    for name in CELLS["corruptions"]:
        sums = [
            sum(getattr(cell, metric) for cell in cells if cell.corruption == name)
            for cells in (result.cells, ROW.cells)
        ]
        ratios[name] = 100 * sums[0] / sums[1]
    assert found.corruptions == pytest.approx(ratios, rel=1e-12)
    assert found.value == pytest.approx(fmean(ratios.values()), rel=1e-12)
    label = "MPJPE" if metric == "mpjpe" else "P-MPJPE"
    assert mce_text(result) == f"{found.value:.1f} % of the {label} of videopose3d-27"


def test_a_result_without_it_is_whole(make: Make) -> None:
    assert check(make(clip_table_3(**CELLS), **ON_STUDIO)).mce is None


def test_a_forged_one_is_refused(make: Make) -> None:
    path = written(make, clip_table_3(**CELLS))
    document = json.loads(path.read_text())
    document["mce"]["value"] *= 0.999999
    document["mce"]["corruptions"]["erase"] *= 0.999999
    document["mce"]["reference"] = "another"
    path.write_text(json.dumps(document))
    with pytest.raises(SubmissionError) as caught:
        check(path)
    fields = {problem.field for problem in caught.value.problems}
    assert fields == {"mce.value", "mce.corruptions.erase", "mce.reference"}


def test_one_without_a_reference_is_refused(make: Make) -> None:
    path = written(make, clip_table_3(**CELLS))
    document = json.loads(path.read_text())
    document["build"]["detector"] = "movenet:thunder"
    path.write_text(json.dumps(document))
    with pytest.raises(SubmissionError, match=r"mce\.value: found .* expected nothing"):
        check(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"build": {"detector": "movenet:thunder"}},
        {"benchmark": {"manifest_sha256": "0" * 64}},
        {"benchmark": {"version": 2}},
        {"lifter": {"scored_joints": 16}},
    ],
)
def test_there_is_none_for_other_errors(make: Make, changes: dict[str, Any]) -> None:
    changed = {key: {**ON_STUDIO.get(key, {}), **value} for key, value in changes.items()}
    assert check(written(make, clip_table_3(**CELLS), **changed)).mce is None


def test_there_is_none_for_other_cells_and_version_2(make: Make) -> None:
    few = clip_table_3(**{**CELLS, "severities": (3,)})
    assert check(written(make, few)).mce is None
    assert check(written(make, clip_table(**CELLS))).mce is None


def test_a_manifest_that_names_an_unknown_reference_gets_a_line(make: Make) -> None:
    result = check(make(clip_table_3(**CELLS)))
    line = (
        "none. It compares with the errors of someone on detections of movenet:thunder, and nobody "
        "has measured those yet for this benchmark. The result is complete without it"
    )
    assert (mce_text(result), mce_text(result, "someone")) == ("", line)
