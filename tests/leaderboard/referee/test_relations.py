"""Columns of a clips table that no poses can have together, whose averages all agree."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from corruptbench.evaluation import metrics
from corruptbench.leaderboard import Result, SubmissionError, check
from corruptbench.leaderboard.referee.relations import relation_problems
from tests.leaderboard.conftest import Make, clip_table, clip_table_3, digest, document

SMALL = {"severities": (3,), "actions": ("walk",), "takes": 2}
PLAIN = clip_table_3(**SMALL)
SEVERAL = {"scored_joints": 17, "hypotheses": 5, "samples": 1, "allowed": []}

Change = Callable[[pd.DataFrame], pd.DataFrame]


def times(column: str, by: float) -> Change:
    return lambda table: table.assign(**{column: table[column] * by})


@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("mpjpe", lambda t: t.assign(mpjpe=0.0)),
        ("mpjpe", lambda t: t.assign(mpjpe=-0.0)),
        ("p_mpjpe", lambda t: t.assign(p_mpjpe=1e-300)),
        ("n_mpjpe", lambda t: t.assign(n_mpjpe=0.0)),
        ("p_mpjpe", times("p_mpjpe", 7)),
        ("n_mpjpe", times("n_mpjpe", 5)),
        ("mpjve", times("mpjve", 100)),
        ("acceleration", lambda t: t.assign(acceleration=15 * t.mpjpe)),
        ("pck", lambda t: t.assign(pck=0.0, auc=0.0)),
        ("auc", lambda t: t.assign(auc=1.0)),
        ("auc", lambda t: t.assign(auc=t.pck + 1)),
        ("auc", lambda t: t.assign(auc=100.0, pck=100.0)),
        ("auc", lambda t: t.assign(auc=0.01, mpjpe=400.0, pck=90.0)),
        ("covered_error", times("covered_error", 0.5)),
        ("covered_error", times("free_error", 1.5)),
        ("covered_error", times("mpjpe", 0.5)),
        ("hidden_error", lambda t: t.assign(hidden_error=5000.0 * t.hidden_joints.notna())),
    ],
)
def test_what_no_poses_have_together_is_refused(make: Make, column: str, change: Change) -> None:
    with pytest.raises(SubmissionError, match=rf"column {column}: found") as caught:
        check(make(change(PLAIN)))
    assert "baseline.clips.parquet" in str(caught.value)


def test_where_all_joints_are_told_their_mean_is_the_error(make: Make) -> None:
    counts = PLAIN.frames.where(PLAIN.corruption == "erase").astype("Int64")
    there = counts.notna()
    told = {
        "hidden_joints": 7 * counts, "visible_joints": 10 * counts,
        "hidden_error": (1.7 * PLAIN.mpjpe).where(there),
        "visible_error": (0.51 * PLAIN.mpjpe).where(there),
    }  # fmt: skip
    check(make(PLAIN.assign(**told)))
    with pytest.raises(SubmissionError, match="column hidden_error"):
        check(make(PLAIN.assign(**told | {"hidden_error": (1.6 * PLAIN.mpjpe).where(there)})))


def test_the_best_hypothesis_is_no_worse_than_their_mean(make: Make) -> None:
    table = clip_table_3(without=("spread",), **SMALL)
    check(make(table, lifter=SEVERAL))
    with pytest.raises(SubmissionError, match="column best_mpjpe: found"):
        check(make(table.assign(best_mpjpe=2 * table.mpjpe), lifter=SEVERAL))
    for column in ("best_mpjpe", "best_p_mpjpe", "mean_mpjpe"):
        with pytest.raises(SubmissionError, match=f"column {column}: found 0"):
            check(make(table.assign(**{column: 0.0}), lifter=SEVERAL))


def test_covers_of_the_first_sample_are_not_the_mean_over_samples(make: Make) -> None:
    table = clip_table_3(without=("best_mpjpe", "best_p_mpjpe", "mean_mpjpe"), **SMALL)
    table = table.assign(spread=1.0, free_error=0.9 * table.free_error)
    check(make(table, lifter={**SEVERAL, "hypotheses": 1, "samples": 3}))


def test_version_2_is_compared_in_what_it_has(make: Make) -> None:
    with pytest.raises(SubmissionError, match="column p_mpjpe: found"):
        check(make(clip_table(**SMALL).assign(p_mpjpe=5000.0)))


@pytest.mark.parametrize("seed", range(30))
def test_numbers_of_any_poses_are_accepted(seed: int) -> None:
    """Of one joint that is off, of frames that alternate, and of poses that are all wrong."""
    draw = np.random.default_rng(seed)
    target = draw.normal(0, 300, (9, 17, 3))
    shape = draw.choice([1, 17], 1)[0]
    size = draw.choice([1e-3, 30, 80, 3000] if seed % 2 else [1e-3, 30], (9, 1, 1))
    predicted = target.copy()
    predicted[:, -shape:] += size * draw.normal(0, 1, (9, shape, 3))
    predicted[:, 0] = target[:, 0] = 0
    of_joints = metrics.distances(predicted, target)
    columns = {
        "mpjpe": of_joints.mean(), "p_mpjpe": metrics.p_mpjpe(predicted, target).mean(),
        "n_mpjpe": metrics.n_mpjpe(predicted, target).mean(),
        "mpjve": metrics.motion_error(predicted - target, 1).mean(),
        "acceleration": metrics.motion_error(predicted - target, 2).mean(),
        "pck": metrics.pck(of_joints).mean(), "auc": metrics.auc(of_joints).mean(),
        "frames": 9, "run_frames": 9, "acceleration_frames": 9,
    }  # fmt: skip
    parts = [c for c in PLAIN.columns if c.endswith(("_joints", "_error")) or "covered" in c]
    table = PLAIN.assign(**columns, **dict.fromkeys({*parts, "after_frames", "free_frames"}))
    result = Result.model_validate(document(PLAIN, digest("clips")))
    assert list(relation_problems("file", table, result)) == []
