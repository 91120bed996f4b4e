"""The aggregates against an independent reimplementation in plain Python, and the bootstrap."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corruptbench.leaderboard import aggregate, clips, summarize
from corruptbench.leaderboard.schema import METRICS, Metric
from corruptbench.leaderboard.statistics.wide import Average, resample_counts
from tests.leaderboard.conftest import clip_table


def weighted_mean(rows: Iterable[pd.Series], metric: Metric) -> float | None:
    top = bottom = 0.0
    for row in rows:
        weight = row.run_frames if metric == "mpjve" else row.frames
        if weight:
            top += weight * row[metric]
            bottom += weight
    return top / bottom if bottom else None


def plain_cell(table: pd.DataFrame, cell: tuple[str, int], metric: Metric, average: str) -> float:
    rows = [r for _, r in table.iterrows() if (r.corruption, r.severity) == cell]
    if average == "frames":
        mean = weighted_mean(rows, metric)
        assert mean is not None
        return mean
    by_action = defaultdict(list)
    for row in rows:
        by_action[row.action].append(row)
    means = [weighted_mean(group, metric) for group in by_action.values()]
    kept = [mean for mean in means if mean is not None]
    return sum(kept) / len(kept)


@pytest.mark.parametrize("average", ["actions", "frames"])
@pytest.mark.parametrize("metric", METRICS)
def test_cells_and_aggregates_match_plain_python(average: Average, metric: Metric) -> None:
    table = clip_table(3, corruptions={"erase": 1.5, "shot_noise": 0.4}, severities=(1, 3))
    table.loc[table.sequence == "walk-0", "run_frames"] = 0
    table.loc[table.sequence == "walk-0", "mpjve"] = math.nan
    table.loc[table.sequence == "walk-1", "run_frames"] //= 5
    summary = summarize(table, average)

    for cell in summary.cells:
        expected = plain_cell(table, (cell.corruption, cell.severity), metric, average)
        assert getattr(cell, metric) == pytest.approx(expected, rel=1e-12)

    clean = plain_cell(table, ("clean", 0), metric, average)
    per = {
        name: sum(plain_cell(table, (name, s), metric, average) for s in (1, 3)) / 2
        for name in ("erase", "shot_noise")
    }
    found = getattr(summary, metric)
    assert found.clean == pytest.approx(clean, rel=1e-12)
    assert found.corruptions == pytest.approx(per, rel=1e-12)
    assert found.corrupted == pytest.approx(sum(per.values()) / 2, rel=1e-12)
    assert found.degradation == pytest.approx(sum(per.values()) / 2 - clean, rel=1e-10)


def test_mpjve_counts_frames_in_runs_alone() -> None:
    """A long clip full of gaps weighs no more than the frames whose movement is known."""
    table = clip_table(actions=("a",), takes=2, corruptions={"erase": 1.0}, severities=(1,))
    table["frames"] = table.sequence.map({"a-0": 4, "a-1": 1000})
    table["run_frames"] = table.sequence.map({"a-0": 4, "a-1": 2})
    table["mpjve"] = table.sequence.map({"a-0": 3.0, "a-1": 10.0})
    clean = (4 * 3.0 + 2 * 10.0) / 6
    assert summarize(table, "frames").mpjve.clean == pytest.approx(clean, rel=1e-12)
    assert summarize(table, "actions").mpjve.clean == pytest.approx(clean, rel=1e-12)


def test_corruptions_count_equally_whatever_their_number_of_severities() -> None:
    both = clip_table(corruptions={"erase": 1.0, "shot_noise": 1.0})
    fewer = both[(both.corruption != "erase") | (both.severity == 5)]
    found = summarize(fewer, "frames").mpjpe
    assert found.corrupted == pytest.approx(sum(found.corruptions.values()) / 2, rel=1e-12)


def test_actions_and_frames_differ_when_actions_are_of_unequal_length(table: pd.DataFrame) -> None:
    by_action, by_frame = summarize(table, "actions"), summarize(table, "frames")
    assert abs(by_action.mpjpe.clean - by_frame.mpjpe.clean) > 0.1


def test_clean_comes_first_then_corruptions_as_they_appear(table: pd.DataFrame) -> None:
    names = list(dict.fromkeys(cell.corruption for cell in summarize(table, "actions").cells))
    assert names == ["clean", "erase", "camera_shake", "gaussian_noise"]


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_order_of_rows_does_not_matter(seed: int) -> None:
    table = clip_table(1, severities=(1, 4))
    shuffled = table.sample(frac=1.0, random_state=seed)
    a, b = summarize(table, "actions"), summarize(shuffled, "actions")
    assert b.mpjpe.corrupted == pytest.approx(a.mpjpe.corrupted, rel=1e-12)
    assert b.mpjpe_intervals.degradation.low == pytest.approx(
        a.mpjpe_intervals.degradation.low, rel=1e-9
    )


def test_text_columns_may_be_dictionaries(table: pd.DataFrame) -> None:
    coded = table.astype(dict.fromkeys([*clips.CLIP_KEY, "corruption"], "category"))
    assert summarize(coded, "actions") == summarize(table, "actions")


def test_draws_never_change() -> None:
    """Published intervals are recomputed by the referee: a change here would refuse them all."""
    counts = resample_counts(7, 3)
    assert counts.tolist() == [
        [2, 1, 1, 2, 1, 0, 0],
        [2, 0, 3, 1, 1, 0, 0],
        [2, 0, 3, 1, 0, 1, 0],
    ]


def test_draws_are_resamples_with_replacement() -> None:
    counts = resample_counts(50)
    assert counts.shape == (1000, 50)
    assert (counts.sum(axis=1) == 50).all()
    assert counts.mean(axis=0) == pytest.approx(np.ones(50), abs=0.15)
    assert counts.var() == pytest.approx(1 - 1 / 50, rel=0.05)
    assert len(np.unique(counts, axis=0)) == 1000


def test_summary_is_deterministic(table: pd.DataFrame) -> None:
    assert summarize(table, "actions") == summarize(table.copy(), "actions")


@pytest.mark.parametrize("average", ["actions", "frames"])
def test_degradation_is_paired(average: Average) -> None:
    """Clips differ by tens of mm, corruption costs each exactly 10 mm: no doubt about the cost."""
    table = clip_table(takes=8, corruptions={"erase": 1.0})
    base = table[table.corruption == "clean"].set_index("sequence")["mpjpe"]
    shift = np.where(table.corruption == "clean", 0.0, 10.0)
    table["mpjpe"] = table["sequence"].map(base).astype(float) + shift
    intervals = summarize(table, average).mpjpe_intervals
    assert intervals.clean.high - intervals.clean.low > 1.0
    assert intervals.degradation.low == pytest.approx(10.0, abs=1e-9)
    assert intervals.degradation.high == pytest.approx(10.0, abs=1e-9)


def test_cameras_of_a_take_are_drawn_together() -> None:
    """Four copies of each clip, as other cameras, are no new evidence: the interval stays."""
    table = clip_table(actions=("a",), takes=12)
    copies = [table.assign(camera=f"cam{i}") for i in range(4)]
    once = summarize(copies[0], "frames").mpjpe_intervals
    four = summarize(pd.concat(copies), "frames").mpjpe_intervals
    assert four.clean.low == pytest.approx(once.clean.low)
    assert four.clean.high == pytest.approx(once.clean.high)


def test_intervals_cover_the_true_mean_about_as_often_as_they_say() -> None:
    """Clips drawn from a normal of mean 50: the 95 % interval holds 50 in most of the draws."""
    random = np.random.default_rng(11)
    held, trials = 0, 120
    for _ in range(trials):
        table = clip_table(corruptions={"erase": 1.0}, severities=(1,), actions=("a",), takes=60)
        table["frames"] = 100
        table["mpjpe"] = random.normal(50.0, 8.0, len(table))
        clean = summarize(table, "frames").mpjpe_intervals.clean
        held += clean.low <= 50.0 <= clean.high
    assert 0.87 <= held / trials <= 0.99


def test_an_action_that_vanishes_from_a_resample_is_left_out() -> None:
    table = clip_table(actions=("walk", "sit"), takes=1, corruptions={"erase": 1.0})
    summary = summarize(table, "actions")
    values = table[table.corruption == "clean"]["mpjpe"]
    assert summary.mpjpe_intervals.clean.low == pytest.approx(values.min())
    assert summary.mpjpe_intervals.clean.high == pytest.approx(values.max())


def test_aggregate_of_cells_alone(table: pd.DataFrame) -> None:
    summary = summarize(table, "actions")
    assert aggregate(summary.cells, "p_mpjpe") == summary.p_mpjpe
    with pytest.raises(ValueError, match="no clean cell"):
        aggregate(summary.cells[1:], "mpjpe")


@pytest.mark.parametrize(
    ("mutate", "message"),
    [
        (lambda t: t.iloc[:0], "no row"),
        (lambda t: pd.concat([t, t.iloc[:1]]), "twice"),
        (lambda t: t.iloc[1:], "lacks a cell"),
        (lambda t: t[t.corruption != "clean"], "no clean cell"),
        (lambda t: t[t.corruption == "clean"], "no corrupted cell"),
        (lambda t: t.assign(run_frames=0), "mpjve is undefined"),
        (lambda t: t.assign(run_frames=np.nan), "lacks a value of run_frames"),
        (lambda t: t.assign(mpjve=np.nan), "lacks a value of mpjve"),
        (lambda t: t.assign(mpjpe=np.nan), "lacks a value of mpjpe"),
    ],
)
def test_refuses(table: pd.DataFrame, mutate, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=message):
        summarize(mutate(table), "actions")


def test_is_fast_enough_for_the_largest_benchmark() -> None:
    """About 300 clips by 41 cells; the bound is loose, the machine may be busy."""
    gains = {f"c{i}": 1.0 for i in range(8)}
    table = clip_table(corruptions=gains, actions=[f"a{i}" for i in range(15)], takes=20)
    summarize(table, "actions")
    started = time.perf_counter()
    summarize(table, "actions")
    assert time.perf_counter() - started < 2.0
