"""Comparisons of results: paired differences, refusals, ties and few takes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from corruptbench.leaderboard import (
    Comparison,
    SubmissionError,
    compare,
    comparison_text,
    find,
    read,
    relative_errors,
    submit,
    summarize,
)
from corruptbench.leaderboard.statistics.wide import resample_counts
from tests.leaderboard.conftest import (
    BOXES,
    CORRUPTIONS,
    Make,
    clip_table,
    clip_table_3,
    digest,
    without_units,
)

BOARD = Path(__file__).parents[3] / "leaderboard/results"


def better(table: pd.DataFrame, by: float = 5.0, seed: int = 0) -> pd.DataFrame:
    """The same errors less ``by`` mm, and a little noise."""
    noise = np.random.default_rng(seed).normal(0.0, 0.5, len(table))
    return table.assign(mpjpe=table.mpjpe - by + noise)


def compared(make: Make, *tables: pd.DataFrame, **changes: Any) -> Comparison:
    paths = [make(t, name=f"lifter-{k}", **changes) for k, t in enumerate(tables)]
    return compare([read(path) for path in paths])


def printed(found: Comparison) -> str:
    console = Console(width=80, color_system=None)
    with console.capture() as capture:
        console.print(comparison_text(found))
    return capture.get()


@pytest.mark.parametrize("average", ["actions", "frames"])
def test_numbers_are_those_of_the_results(make: Make, average: Any) -> None:
    tables = clip_table(1), better(clip_table(1))
    found = compared(make, *tables, scoring={"average": average})
    one, other = (summarize(table, average).mpjpe for table in tables)
    assert one is not None
    assert other is not None
    (pair,) = found.pairs
    names = [d.name for d in pair.differences]
    assert names == ["clean", "corrupted", "degradation", *CORRUPTIONS]
    for d in pair.differences:
        a, b = ((getattr(r, d.name, None) or r.corruptions[d.name]) for r in (one, other))
        assert (d.first, d.second, d.difference) == pytest.approx((a, b, b - a), abs=1e-9)
    assert pair.mce == pytest.approx(relative_errors(tables[1], tables[0], average).mce)
    assert (found.takes, found.comparisons) == (9, 6)


def test_intervals_and_p_match_plain_loops(make: Make) -> None:
    """Of one number, the clean error averaged over frames; each take is one clip here."""
    tables = clip_table(1), better(clip_table(1), by=0.2)
    found = compared(make, *tables, scoring={"average": "frames"}).pairs[0].differences[0]
    clean = [t[t.corruption == "clean"].sort_values(["subject", "sequence"]) for t in tables]
    frames = clean[0]["frames"].tolist()
    gaps = (clean[1]["mpjpe"].to_numpy() - clean[0]["mpjpe"].to_numpy()).tolist()
    drawn = []
    for counts in resample_counts(len(frames)).tolist():
        weights = [n * f for n, f in zip(counts, frames, strict=True)]
        drawn.append(sum(w * g for w, g in zip(weights, gaps, strict=True)) / sum(weights))
    low, high = np.quantile(drawn, (0.025, 0.975))
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)
    sums = []
    for bits in range(2 ** len(frames)):
        signs = [1 - 2 * (bits >> k & 1) for k in range(len(frames))]
        sums.append(sum(s * f * g for s, f, g in zip(signs, frames, gaps, strict=True)))
    p = sum(abs(total) >= abs(sums[0]) - 1e-6 for total in sums) / len(sums)
    assert found.p == pytest.approx(p, abs=1e-12)


def test_takes_of_several_cameras_count_once(make: Make) -> None:
    table = clip_table(1)
    cameras = [pd.concat([t.assign(camera=f"cam{k}") for k in range(4)])
               for t in (table, better(table, by=0.3))]  # fmt: skip
    many, one = compared(make, *cameras), compared(make, table, better(table, by=0.3))
    assert many.takes == one.takes
    for a, b in zip(many.pairs[0].differences, one.pairs[0].differences, strict=True):
        assert (a.difference, a.low, a.p) == pytest.approx((b.difference, b.low, b.p))


def test_a_real_difference_is_told_from_a_tie(make: Make) -> None:
    table = clip_table(1)
    found = compared(make, table, better(table), better(table, by=0.0))
    assert [(pair.first, pair.second) for pair in found.pairs] == [(0, 1), (0, 2), (1, 2)]
    verdicts = [pair.differences[0].verdict for pair in found.pairs]
    # 9 takes: the smallest p, 2 / 512, is too large for 18 comparisons
    assert verdicts == ["not distinguishable"] * 3
    assert found.notes[0].startswith("9 takes cannot separate lifters: the smallest possible p is")
    two = compared(make, table, better(table))
    by_name = {d.name: d for d in two.pairs[0].differences}
    assert by_name["clean"].verdict == "second better"
    assert by_name["degradation"].verdict == "not distinguishable"
    assert two.notes == ()
    back = compared(make, better(table), table).pairs[0].differences[0]
    assert (back.verdict, back.p) == ("first better", by_name["clean"].p)


def test_a_lifter_is_not_distinguishable_from_itself(make: Make) -> None:
    found = compared(make, clip_table(1), clip_table(1))
    for d in found.pairs[0].differences:
        assert (d.difference, d.low, d.high, d.p, d.p_holm) == (0.0, 0.0, 0.0, 1.0, 1.0)
    text = printed(found)
    assert text.count("not distinguishable") == 6
    assert "-0.0" not in text


def test_few_takes_are_said_to_separate_nobody(make: Make) -> None:
    table = clip_table(1, takes=1)
    found = compared(make, table, better(table, by=20.0))
    assert found.smallest_p == 0.25
    assert "3 takes cannot separate lifters: the smallest possible p is 0.25" in found.notes[0]
    assert {d.verdict for d in found.pairs[0].differences} == {"not distinguishable"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"benchmark": {"id": "other-c"}}, "benchmark.id"),
        ({"benchmark": {"version": 2}}, "benchmark.version"),
        ({"benchmark": {"manifest_sha256": digest("x")}}, "benchmark.manifest_sha256"),
        ({"build": {"detector": "other:net"}}, "build.detector"),
        ({"build": {"weights_sha256": digest("x")}}, "build.weights_sha256"),
        ({"build": {"boxes": BOXES}}, "build.boxes"),
        ({"build": {"pixels_sha256": digest("x")}}, "build.pixels_sha256"),
        ({"scoring": {"average": "frames"}}, "scoring"),
        ({"coverage": {"excluded": ["S9"]}}, "coverage.excluded"),
        ({"lifter": {"scored_joints": 16}}, "lifter.scored_joints"),
    ],
)
def test_refuses_results_of_different_kinds(make: Make, changes: Any, field: str) -> None:
    entries = [read(make(clip_table_3(), name=f"l{k}", **(changes if k else {}))) for k in (0, 1)]
    with pytest.raises(SubmissionError) as caught:
        compare(entries)
    (problem,) = caught.value.problems
    assert problem.field == field
    assert "l0.json" in problem.expected


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (lambda t: t[t.sequence != "walk-0"], "clips"),
        (lambda t: t[t.severity != 3], "cells"),
        (lambda t: t.assign(frames=t.frames + (t.sequence == "walk-0")), "column frames"),
    ],
)
def test_refuses_other_clips_cells_or_frames(
    make: Make, change: Callable[[pd.DataFrame], pd.DataFrame], field: str
) -> None:
    with pytest.raises(SubmissionError) as caught:
        compared(make, clip_table(), change(clip_table()))
    (problem,) = caught.value.problems
    assert problem.field == field


def test_refuses_a_table_that_is_not_the_results_own(make: Make) -> None:
    path = make()
    path.with_name("baseline.clips.parquet").write_bytes(b"PAR1")
    with pytest.raises(SubmissionError, match="expected clips_sha256"):
        read(path)


def test_unknown_units_are_compared_by_p_mpjpe(make: Make) -> None:
    lifter = {"contract": {"units": "none"}}
    paths = make(clip_table_3(1), name="a"), make(without_units(1), name="b", lifter=lifter)
    found = compare([read(path) for path in paths])
    assert found.metric == "p_mpjpe"
    assert found.notes == ("P-MPJPE is compared: the units of a lifter are unknown",)
    assert "P-MPJPE in mm" in printed(found)


def test_version_2_compares_with_version_3_and_allowed_checks_are_said(make: Make) -> None:
    old = make(clip_table(1), name="a")
    new = make(clip_table_3(1), name="b", lifter={"allowed": ["lag"]},
               build={"detections_sha256": digest("x")})  # fmt: skip
    found = compare([read(old), read(new)])
    assert found.notes[0] == "b failed lag (allowed)"
    assert "build.detections_sha256" in found.notes[1]
    assert found.pairs[0].differences[1].difference == pytest.approx(0.0, abs=1e-9)


def test_the_text_fits_80_columns(make: Make) -> None:
    names = {"color_quantization": 1.0, "temporary_occlusion": 30.0}
    table = clip_table(1, corruptions=names, level=900.0)
    text = printed(compared(make, table, better(table, by=300.0), better(table, by=0.0)))
    assert max(len(line.rstrip()) for line in text.splitlines()) <= 80
    assert "…" not in text
    for word in ("A: lifter-0", "C: lifter-2", "mCE of B against A", "Holm", "not distinguishable"):
        assert word in text


def test_rows_of_the_board_are_found_by_name(make: Make, tmp_path: Path) -> None:
    board = tmp_path / "board"
    for version in (1, 2):
        submit(make(benchmark={"version": version}), board, None)
    submit(make(name="other"), board, None)
    assert find("other", board) == board / "toy-c-v1/other/result.json"
    assert find("toy-c-v2/baseline", board) == board / "toy-c-v2/baseline/result.json"
    with pytest.raises(SubmissionError, match=r"several rows.*toy-c-v1/baseline, toy-c-v2"):
        find("baseline", board)
    with pytest.raises(SubmissionError, match="no such file, and no such row"):
        find("none", board)
    (tmp_path / "empty").mkdir()
    with pytest.raises(SubmissionError, match="the board has none"):
        find("none", tmp_path / "empty")
    with pytest.raises(
        SubmissionError, match=r"(?s)is not found:\n.*does not exist here.*the folder of the board"
    ):
        find("none", tmp_path / "nowhere")


def test_stored_rows_compare_with_themselves() -> None:
    for path in BOARD.rglob("result.json"):
        found = compare([read(path)] * 2)
        assert found.takes == 16
        assert {d.p for d in found.pairs[0].differences} == {1.0}


def test_one_result_is_no_comparison(make: Make) -> None:
    with pytest.raises(ValueError, match="two or more"):
        compare([read(make())])
