"""Results of version 3: what is accepted, each forgery, and rows of version 2 beside them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from corruptbench.leaderboard import Result, SubmissionError, check, submit, summarize
from corruptbench.leaderboard.columns import METRIC_COLUMNS
from corruptbench.leaderboard.referee.inspection import read
from corruptbench.leaderboard.referee.submission import read_result
from tests.leaderboard.conftest import Make, clip_table, clip_table_3, without_units

BOARD = Path(__file__).parents[3] / "leaderboard/results"
SMALL = {"actions": ("walk", "sit"), "takes": 2, "severities": (1, 4)}
NO_UNITS = {"contract": {"units": "none"}}
TABLES: dict[str, tuple[pd.DataFrame, dict[str, Any]]] = {
    "plain": (clip_table_3(**SMALL), {}),
    "units none": (without_units(**SMALL), NO_UNITS),
    "hypotheses": (clip_table_3(**SMALL, without=["spread"]), {"hypotheses": 20}),
    "samples": (
        clip_table_3(**SMALL, without=["best_mpjpe", "best_p_mpjpe", "mean_mpjpe"]),
        {"samples": 5},
    ),
    "16 joints": (clip_table_3(**SMALL), {"scored_joints": 16}),
    "allowed": (clip_table_3(**SMALL), {"allowed": ["sides", "lag"]}),
}


@pytest.mark.parametrize("kind", TABLES)
def test_accepts_each_kind_of_lifter(make: Make, kind: str) -> None:
    table, lifter = TABLES[kind]
    path = make(table, lifter=lifter)
    result = check(path)
    assert result.schema_version == 3
    there = {metric for metric in METRIC_COLUMNS if getattr(result, metric)}
    assert there == {metric for metric in METRIC_COLUMNS if table[metric].notna().any()}
    assert Result.model_validate_json(result.model_dump_json(), strict=True) == result


def test_accepts_a_nested_contract(make: Make) -> None:
    contract = {
        "normalize": {"mean": [0.5] * 51, "std": [1] * 51},
        "units": {"units": "mm", "mean": [0.0, 1.5]},
        "flip": True,
    }
    stored = check(make(clip_table_3(**SMALL), lifter={"contract": contract})).lifter.contract
    assert json.loads(json.dumps(stored)) == contract


@pytest.mark.parametrize(
    "value",
    [[1.0] * 501, ["text"], [[1.0]], {"mean": {"x": 1}}, {str(k): 0 for k in range(21)}],
)
def test_refuses_a_contract_without_bounds(make: Make, value: object) -> None:
    path = make(clip_table_3(**SMALL))
    document = json.loads(path.read_text())
    document["lifter"]["contract"]["normalize"] = value
    path.write_text(json.dumps(document))
    with pytest.raises(SubmissionError, match=r"lifter\.contract\.normalize"):
        check(path)


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Paths of all numbers and names inside JSON."""
    if isinstance(value, (dict, list)):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(part, (*path, key))
    else:
        yield path


def forge(document: Any, path: tuple[str | int, ...]) -> None:
    for key in path[:-1]:
        document = document[key]
    old = document[path[-1]]
    names = {"erase": "camera_shake", "camera_shake": "erase", "gaussian_noise": "erase",
             "mpjpe": "p_mpjpe", "p_mpjpe": "mpjpe"}  # fmt: skip
    changed = (
        names[old] if isinstance(old, str) else 5 - old if type(old) is int else old * 0.999999
    )
    document[path[-1]] = changed


@pytest.mark.parametrize("kind", ["plain", "units none", "hypotheses", "samples"])
def test_refuses_every_forged_number(make: Make, kind: str) -> None:
    table, lifter = TABLES[kind]
    path = make(table, lifter=lifter)
    document = json.loads(path.read_text())
    computed = summarize(table, "actions")._asdict()
    forged = set()
    for field in (name for name in computed if document.get(name) is not None):
        for leaf in leaves(document[field], (field,)):
            if leaf[-1] not in ("corruption", "severity") or field == "robustness":
                forge(document, leaf)
                forged.add(_named(leaf, document))
    path.write_text(json.dumps(document))
    with pytest.raises(SubmissionError) as caught:
        check(path)
    assert {problem.field for problem in caught.value.problems} == forged
    assert len(forged) > 50


def _named(path: tuple[str | int, ...], document: Any) -> str:
    if path[0] != "cells":
        return ".".join(map(str, path))
    cell = document["cells"][path[1]]
    return f"cells[{cell['corruption']}/{cell['severity']}].{path[2]}"


@pytest.mark.parametrize(
    "field",
    [
        "n_mpjpe", "acceleration", "pck", "auc", "bone_error", "bone_deviation", "occlusion",
        "robustness", "p_mpjpe_intervals", "mpjpe", "mpjve", "mpjpe_intervals",
    ],
)  # fmt: skip
def test_refuses_a_result_that_leaves_a_number_out(make: Make, field: str) -> None:
    path = make(TABLES["plain"][0])
    document = json.loads(path.read_text())
    del document[field]
    path.write_text(json.dumps(document))
    with pytest.raises(SubmissionError, match=field):
        check(path)


def _lifter(**changes: Any) -> Callable[[dict[str, Any]], object]:
    def change(document: dict[str, Any]) -> None:
        for name, value in changes.items():
            document["lifter"].pop(name) if value is None else document["lifter"].update(
                {name: value}
            )

    return change


@pytest.mark.parametrize(
    ("kind", "change", "expected"),
    [
        (
            "plain",
            _lifter(scored_joints=None),
            "lifter.scored_joints: found nothing, expected a value",
        ),
        ("plain", _lifter(allowed=None), "lifter.allowed: found nothing, expected a value"),
        ("plain", _lifter(scored_joints=18), "lifter.scored_joints: found 18, expected at most 17"),
        ("plain", _lifter(allowed=["a b"]), "lifter.allowed.0"),
        ("plain", _lifter(allowed=["a"] * 21), "lifter.allowed"),
        ("plain", _lifter(hypotheses=0), "lifter.hypotheses"),
        ("plain", _lifter(contract={"units": "none"}), "mpjpe: found {'"),
        ("plain", _lifter(hypotheses=20), "column best_mpjpe: found nan"),
        ("plain", _lifter(samples=5), "column spread: found nan"),
        ("hypotheses", _lifter(hypotheses=1), "best_mpjpe: found {'"),
        ("units none", _lifter(contract={"units": "m"}), "mpjpe: found nothing, expected a value"),
        ("plain", lambda d: d.update(schema_version=2), "expected no value in version 2"),
        ("plain", lambda d: d["pck"].update(clean=101.0), "pck.clean: found 101.0"),
    ],
)
def test_refuses_what_does_not_fit_the_lifter(
    make: Make, kind: str, change: Callable[[dict[str, Any]], object], expected: str
) -> None:
    table, lifter = TABLES[kind]
    path = make(table, lifter=lifter)
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    with pytest.raises(SubmissionError) as caught:
        check(path)
    assert expected in str(caught.value)


def _put(column: str, value: Any, row: int = 3) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(table: pd.DataFrame) -> pd.DataFrame:
        changed = table.copy()
        changed.loc[row, column] = value
        return changed

    return change


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_put("pck", 100.1), "column pck: found 100.1 in row 3, expected 0 to 100 %"),
        (_put("auc", -0.1), "column auc: found -0.1"),
        (_put("n_mpjpe", np.nan), "column n_mpjpe: found nan in row 3"),
        (_put("acceleration", np.nan), "column acceleration: found nan"),
        (_put("acceleration_frames", 2), "column acceleration_frames: found 2"),
        (_put("acceleration_frames", 10**6), "0, or 3 to run_frames"),
        (_put("acceleration_frames", 5), "counts that differ between the cells of clip S1/walk-0"),
        (_put("best_mpjpe", 5.0), "column best_mpjpe: found 5.0 in row 3, expected null"),
        (_put("hidden_error", 9.0, row=0), "null exactly when hidden_joints is 0"),
        (_put("hidden_joints", -1, row=1), "column hidden_joints: found -1"),
        (_put("hidden_joints", 10**6, row=1), "expected 0 to frames x scored_joints"),
        (_put("visible_joints", 10**6, row=1), "expected 0 to the joints that are not hidden"),
        (_put("free_frames", 1, row=1), "that add up to frames, or none"),
        (_put("covered_frames", -1, row=1), "column covered_frames: found -1"),
        (_put("recoveries", 10**6, row=1), "expected 0 to after_frames + free_frames"),
        (_put("recovery", 1e5, row=1), "column recovery: found 100000.0"),
        (_put("not_recovered", 100.1, row=1), "column not_recovered: found 100.1"),
        (_put("not_recovered", np.nan, row=1), "null exactly when recoveries is 0"),
    ],
)
def test_refuses_an_impossible_table(
    make: Make, change: Callable[[pd.DataFrame], pd.DataFrame], expected: str
) -> None:
    from tests.leaderboard.referee.test_inspection import replace_table

    path = make(TABLES["plain"][0])
    replace_table(path, change(TABLES["plain"][0]))
    with pytest.raises(SubmissionError) as caught:
        check(path)
    assert expected in str(caught.value)


def test_a_cover_may_lie_where_no_frame_is_labeled(make: Make) -> None:
    """It counts as a recovery if a frame after it has an error, and none of it is counted."""
    from tests.leaderboard.referee.test_inspection import replace_table

    table = TABLES["plain"][0].copy()
    row = {"covered_frames": 0, "covered_error": np.nan, "recoveries": 1}
    table.loc[1, [*row]] = [*row.values()]
    table.loc[1, "free_frames"] = table.loc[1, "frames"] - table.loc[1, "after_frames"]
    table.loc[1, ["after_error", "free_error"]] = table.loc[1, "mpjpe"]
    path = make(TABLES["plain"][0])
    replace_table(path, table)
    assert read(path).table.loc[1, "recoveries"] == 1


def test_refuses_a_table_of_another_version(make: Make) -> None:
    from tests.leaderboard.referee.test_inspection import replace_table

    path = make(TABLES["plain"][0])
    replace_table(path, clip_table(**SMALL))
    with pytest.raises(SubmissionError, match="column n_mpjpe: found no such column"):
        check(path)


def test_a_table_without_a_later_column_says_what_to_do(make: Make) -> None:
    path = make(TABLES["plain"][0])
    clips = path.with_name("baseline.clips.parquet")
    pq.write_table(pq.read_table(clips).drop_columns(["not_recovered"]), clips)
    document = json.loads(path.read_text())
    document["clips_sha256"] = hashlib.sha256(clips.read_bytes()).hexdigest()
    path.write_text(json.dumps(document))
    with pytest.raises(SubmissionError, match="column not_recovered: found no such column") as e:
        check(path)
    assert "run 'corruptbench evaluate' again" in str(e.value)


def test_stored_rows_of_version_2_are_valid_and_keep_their_bytes() -> None:
    rows = sorted(BOARD.rglob("result.json"))
    assert rows
    for path in rows:
        result = check(path)
        if result.schema_version == 2:
            assert f"{result.model_dump_json(indent=2)}\n".encode() == path.read_bytes()


def test_a_result_of_version_3_is_the_same_as_a_row_of_version_2(
    make: Make, tmp_path: Path
) -> None:
    """The row keeps its version, unless a number is another one."""
    row = submit(make(clip_table(**SMALL)), tmp_path / "board", None)
    before = (row / "result.json").read_bytes()
    rounded = clip_table_3(**SMALL)
    rounded["p_mpjpe"] += 1e-6
    submit(make(rounded), tmp_path / "board", None)
    assert (row / "result.json").read_bytes() == before
    assert read_result(row / "result.json").schema_version == 2
    rounded["p_mpjpe"] += 0.01
    with pytest.raises(SubmissionError, match=r"p_mpjpe\.clean"):
        submit(make(rounded), tmp_path / "board", None)


def test_a_row_of_version_3_never_changes(make: Make, tmp_path: Path) -> None:
    table = clip_table_3(**SMALL)
    submit(make(table), tmp_path / "board", None)
    with pytest.raises(SubmissionError, match=r"bone_error\.clean"):
        submit(make(table.assign(bone_error=table.bone_error / 2)), tmp_path / "board", None)
