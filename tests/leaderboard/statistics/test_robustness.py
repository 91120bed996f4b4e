"""Robustness and occlusion against plain loops."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from corruptbench.leaderboard import relative_errors, robustness, summarize
from corruptbench.leaderboard.columns import (
    METRIC_COLUMNS,
    OCCLUSION_COLUMNS,
    Metric,
    Occluded,
)
from corruptbench.leaderboard.statistics.wide import Average, resample_counts
from tests.leaderboard.conftest import (
    CORRUPTIONS,
    OF_SEVERAL,
    clip_table,
    clip_table_3,
    without_units,
)

WEIGHTS = {
    "n_mpjpe": "frames", "acceleration": "acceleration_frames", "pck": "frames", "auc": "frames",
    "bone_error": "frames", "bone_deviation": "frames", "best_mpjpe": "frames",
    "best_p_mpjpe": "frames", "mean_mpjpe": "frames", "spread": "frames", "mpjpe": "frames",
    "p_mpjpe": "frames", "mpjve": "run_frames", "hidden_error": "hidden_joints",
    "visible_error": "visible_joints", "covered_error": "covered_frames",
    "after_error": "after_frames", "free_error": "free_frames", "recovery": "recoveries",
    "not_recovered": "recoveries",
}  # fmt: skip


def plain(table: pd.DataFrame, column: str, cell: tuple[str, int], average: str) -> float | None:
    """The mean of a column in a cell, row by row."""
    sums: dict[str, list[float]] = {}
    for row in table.to_dict("records"):
        weight = row[WEIGHTS[column]]
        if (row["corruption"], row["severity"]) != cell or pd.isna(weight) or not weight:
            continue
        group = sums.setdefault(row["action"] if average == "actions" else "", [0.0, 0.0])
        group[0] += weight * row[column]
        group[1] += weight
    means = [top / bottom for top, bottom in sums.values()]
    return sum(means) / len(means) if means else None


def mean(values: list[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return sum(there) / len(there) if there else None


@pytest.mark.parametrize("average", ["actions", "frames"])
@pytest.mark.parametrize("column", METRIC_COLUMNS)
def test_every_metric_matches_plain_loops(average: Average, column: Metric) -> None:
    table = clip_table_3(2, severities=(1, 4), without=())
    summary = summarize(table, average)
    for cell in summary.cells:
        right = plain(table, column, (cell.corruption, cell.severity), average)
        assert getattr(cell, column) == pytest.approx(right, rel=1e-12)
    found = getattr(summary, column)
    clean = plain(table, column, ("clean", 0), average)
    per = {c: mean([plain(table, column, (c, s), average) for s in (1, 4)]) for c in CORRUPTIONS}
    assert found.clean == pytest.approx(clean, rel=1e-12)
    assert found.corruptions == pytest.approx(per, rel=1e-12)
    assert found.degradation == pytest.approx(mean([*per.values()]) - clean, abs=1e-9)  # type: ignore[operator]


def test_a_share_of_right_joints_falls_where_poses_get_worse() -> None:
    table = clip_table_3()
    table["pck"] = 99.0 - 10.0 * table.severity
    found = summarize(table, "actions").pck
    assert found is not None
    assert (found.clean, found.degradation) == pytest.approx((99.0, -30.0))


@pytest.mark.parametrize("average", ["actions", "frames"])
@pytest.mark.parametrize("part", OCCLUSION_COLUMNS)
def test_occlusion_matches_plain_loops(average: Average, part: Occluded) -> None:
    table, column = clip_table_3(5), OCCLUSION_COLUMNS[part]
    found = summarize(table, average).occlusion
    assert found is not None
    assert list(found.corruptions) == ["erase"]  # the others cover nobody
    right = mean([plain(table, column, ("erase", s), average) for s in range(1, 6)])
    assert getattr(found.corruptions["erase"], part) == pytest.approx(right, rel=1e-12)
    assert getattr(found.mean, part) == pytest.approx(right, rel=1e-12)


def test_what_never_occurs_is_left_out_of_occlusion() -> None:
    table = clip_table_3().assign(recoveries=0, recovery=np.nan)
    found = summarize(table, "actions").occlusion
    assert found is not None
    assert found.mean.recovery is None
    assert "recovery" not in found.mean.model_dump()
    assert found.mean_intervals is not None
    assert found.mean_intervals.recovery is None
    free = table.assign(covered_frames=0, covered_error=np.nan)
    assert summarize(free, "actions").occlusion is None


@pytest.mark.parametrize("part", OCCLUSION_COLUMNS)
def test_occlusion_intervals_are_those_of_the_resamples(part: Occluded) -> None:
    """Only one take has covers that end, so in many resamples there is no such value."""
    table, column = (
        clip_table_3(5, severities=(1, 4), actions=("walk",), takes=3),
        OCCLUSION_COLUMNS[part],
    )
    table.loc[table.sequence != "walk-0", ["recoveries", "recovery", "not_recovered"]] = None
    second = table[table.corruption == "erase"].assign(corruption="truncation")
    table = pd.concat([table, second], ignore_index=True)
    table.loc[len(table) - 1, [*OCCLUSION_COLUMNS.values()]] += 1.0
    found = summarize(table, "frames").occlusion
    assert found is not None
    takes = sorted({*table.sequence})
    drawn, known = [], {}
    for counts in resample_counts(len(takes)):
        if (key := tuple(counts)) in known:  # of three takes there are few
            drawn.append(known[key])
            continue
        clips = [table[table.sequence == t] for t, n in zip(takes, counts, strict=True) if n]
        weights = {t: n for t, n in zip(takes, counts, strict=True) if n}
        many = pd.concat(clips)
        many[WEIGHTS[column]] = many[WEIGHTS[column]].astype("Float64") * many.sequence.map(weights)
        per = [
            mean([plain(many, column, (name, s), "frames") for s in (1, 4)])
            for name in ("erase", "truncation")
        ]
        drawn.append(known.setdefault(key, mean(per)))
    there = [value for value in drawn if value is not None]
    assert len(there) < 1000 or part not in ("recovery", "not_recovered")
    bounds = getattr(found.mean_intervals, part)
    assert [bounds.low, bounds.high] == pytest.approx(np.quantile(there, [0.025, 0.975]), rel=1e-9)


@pytest.mark.parametrize("average", ["actions", "frames"])
@pytest.mark.parametrize("metric", ["mpjpe", "p_mpjpe"])
def test_robustness_matches_plain_loops(average: Average, metric: Metric) -> None:
    table = clip_table(4, slope=9.0) if metric == "mpjpe" else without_units(4, slope=9.0)
    found = robustness(table, average)
    assert found.metric == metric
    cells = {
        (c, s): plain(table, metric, (c, s), average) for c in CORRUPTIONS for s in range(1, 6)
    }
    clean = plain(table, metric, ("clean", 0), average)
    assert clean is not None
    areas = {}
    for name in CORRUPTIONS:
        curve = [clean, *(cells[name, s] or 0.0 for s in range(1, 6))]
        areas[name] = sum((a + b) / 2 for a, b in pairwise(curve)) / 5
    worst = max(cells, key=lambda cell: cells[cell] or 0.0)
    degradation = (
        mean([mean([cells[c, s] for s in range(1, 6)]) for c in CORRUPTIONS]) or 0
    ) - clean
    clips = table.set_index(["sequence", "corruption", "severity"])[metric].to_dict()
    rises = [v - clips[q, "clean", 0] for (q, c, _), v in clips.items() if c != "clean"]
    assert found.areas == pytest.approx(areas, rel=1e-12)
    assert found.area == pytest.approx(mean([*areas.values()]), rel=1e-12)
    assert (found.worst.corruption, found.worst.severity) == worst
    assert found.worst.error == pytest.approx(cells[worst], rel=1e-12)
    assert found.relative == pytest.approx(100 * degradation / clean, rel=1e-9)
    assert found.worse == pytest.approx(100 * sum(r > 10.0 for r in rises) / len(rises), rel=1e-12)
    for value, bounds in (
        (found.relative, found.relative_interval), (found.area, found.area_interval),
        (found.worse, found.worse_interval),
    ):  # fmt: skip
        assert value is not None
        assert bounds is not None
        assert bounds.low <= value <= bounds.high


def test_a_curve_with_missing_severities_is_as_long_as_its_last() -> None:
    table = clip_table(severities=(2, 4), corruptions={"erase": 1.0})
    clean, two, four = (
        plain(table, "mpjpe", cell, "frames") or 0.0
        for cell in (("clean", 0), ("erase", 2), ("erase", 4))
    )
    right = (2 * (clean + two) / 2 + 2 * (two + four) / 2) / 4
    assert robustness(table, "frames").area == pytest.approx(right, rel=1e-12)


def test_a_perfect_clean_error_has_no_relative_degradation() -> None:
    table = clip_table()
    table.loc[table.corruption == "clean", "mpjpe"] = 0.0
    found = robustness(table, "actions")
    assert (found.relative, found.relative_interval) == (None, None)


def test_cells_that_differ_by_rounding_are_equally_bad() -> None:
    table = clip_table()
    table["mpjpe"] = 50.0 + 1e-13 * table.severity
    worst = robustness(table, "actions").worst
    assert (worst.corruption, worst.severity) == ("erase", 1)


def test_mce_matches_plain_loops() -> None:
    table, reference = clip_table(1, slope=3.0), clip_table(2, slope=6.0)
    found = relative_errors(table, reference, "actions")
    ratios, relative = {}, []
    for name in CORRUPTIONS:
        sums, losses = [], []
        for one in (table, reference):
            errors = [plain(one, "mpjpe", (name, s), "actions") or 0.0 for s in range(1, 6)]
            clean = plain(one, "mpjpe", ("clean", 0), "actions") or 0.0
            sums.append(sum(errors))
            losses.append(sum(error - clean for error in errors))
        ratios[name] = 100 * sums[0] / sums[1]
        relative.append(100 * losses[0] / losses[1])
    assert found.corruptions == pytest.approx(ratios, rel=1e-12)
    assert found.mce == pytest.approx(mean([*ratios.values()]), rel=1e-12)
    assert found.relative_mce == pytest.approx(mean([*relative]), rel=1e-9)
    itself = relative_errors(reference, reference, "actions")
    assert (itself.mce, itself.relative_mce) == pytest.approx((100.0, 100.0))


def test_mce_of_unknown_units_takes_p_mpjpe_of_both() -> None:
    table, reference = without_units(1), clip_table(2)
    aligned = [t.assign(mpjpe=t.p_mpjpe) for t in (clip_table(1), clip_table(2))]
    found = relative_errors(table, reference, "frames")
    assert found == relative_errors(aligned[0], aligned[1], "frames")


def test_mce_needs_the_same_cells_and_a_reference_that_errs() -> None:
    with pytest.raises(ValueError, match="different cells"):
        relative_errors(clip_table(), clip_table(severities=(1,)), "frames")
    with pytest.raises(ValueError, match="makes no error"):
        relative_errors(clip_table(), clip_table().assign(mpjpe=0.0), "frames")
    flat = clip_table().assign(mpjpe=40.0)
    assert relative_errors(clip_table(), flat, "frames").relative_mce is None


def test_metrics_that_a_lifter_lacks_are_none() -> None:
    summary = summarize(clip_table_3(), "actions")
    assert all(getattr(summary, metric) is None for metric in OF_SEVERAL)
    alone = summarize(without_units(), "actions")
    there = {metric for metric in METRIC_COLUMNS if getattr(alone, metric)}
    assert there == {"p_mpjpe", "n_mpjpe"}
    assert alone.mpjpe_intervals is None
    assert alone.robustness is not None
    assert alone.robustness.metric == "p_mpjpe"
    assert math.isfinite(alone.p_mpjpe.corrupted)


def test_mpjve_is_undefined_without_two_successive_frames() -> None:
    gaps = {"run_frames": 0, "mpjve": np.nan, "acceleration_frames": 0, "acceleration": np.nan}
    with pytest.raises(ValueError, match="mpjve is undefined"):
        summarize(clip_table_3().assign(**gaps), "actions")
    assert summarize(without_units().assign(**gaps), "actions").n_mpjpe is not None
    short = clip_table_3().assign(acceleration_frames=0, acceleration=np.nan)
    assert summarize(short, "actions").acceleration is None


def test_a_table_of_version_2_gives_what_version_2_has() -> None:
    old, new = summarize(clip_table(), "actions"), summarize(clip_table_3(), "actions")
    assert (old.mpjpe, old.mpjpe_intervals) == (new.mpjpe, new.mpjpe_intervals)
    assert (old.n_mpjpe, old.robustness, old.occlusion, old.p_mpjpe_intervals) == (None,) * 4
    assert old.cells[0].p_mpjpe_low is None
