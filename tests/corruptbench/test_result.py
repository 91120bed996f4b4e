"""A result is made in memory and saved as two files, without a detector."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from corruptbench.api import Result
from corruptbench.cli.evaluate import say_result
from corruptbench.errors import InputError
from corruptbench.evaluation.live import LivePoses
from corruptbench.evaluation.rejected import RejectedPosesError, save_rejected
from corruptbench.evaluation.result import make_result, save
from corruptbench.evaluation.score import score
from corruptbench.leaderboard.statistics import mce
from tests.corruptbench.conftest import contract
from tests.fixtures.lifters import python_lifter
from tools import references


@pytest.fixture(scope="module")
def lifter():
    def network(x: torch.Tensor) -> torch.Tensor:
        return nn.functional.pad(x[..., :2], (0, 1))

    return LivePoses(python_lifter(contract(frames=1), network))


@pytest.fixture(scope="module")
def table(lifter, drawn_shards):
    return score(lifter, drawn_shards)


def test_the_files_hold_what_was_made_in_memory(table, lifter, drawn_shards, tmp_path):
    result = make_result(table, lifter.record(1), drawn_shards, "again")
    path = save(result, table, tmp_path / "new/folder")
    assert sorted(p.name for p in path.parent.iterdir()) == ["tiny.clips.parquet", "tiny.json"]
    assert json.loads(path.read_bytes()) == result.model_dump(mode="json")
    rows = path.with_name("tiny.clips.parquet")
    assert hashlib.sha256(rows.read_bytes()).hexdigest() == result.clips_sha256
    pd.testing.assert_frame_equal(
        pd.read_parquet(rows), table.drop(columns="rejected"), check_dtype=False
    )


def test_a_result_has_the_mce_against_the_reference_of_its_benchmark(
    table, lifter, drawn_shards, tmp_path, capsys, monkeypatch
):
    record = lifter.record(1)
    alone = make_result(table, record, drawn_shards, "again")
    assert alone.mce is None
    assert "mce" not in alone.model_dump()
    reference = references.reference(alone)
    monkeypatch.setattr(mce, "reference_of", lambda _result: reference)
    worse = make_result(table.assign(mpjpe=2 * table.mpjpe), record, drawn_shards, "again")
    assert worse.mce.value == pytest.approx(200.0)
    itself = make_result(table, record, drawn_shards, "again")
    assert itself.mce.value == pytest.approx(100.0)
    say_result(Result(itself, table), drawn_shards, tmp_path / "x.json", False, True)
    assert "\nmCE: 100.0 % of the MPJPE of tiny\n" in capsys.readouterr().out
    say_result(Result(alone, table), drawn_shards, tmp_path / "x.json", False, True)
    assert "mCE" not in capsys.readouterr().out


def test_the_result_of_another_model_is_not_overwritten(table, lifter, drawn_shards, tmp_path):
    record = lifter.record(1)
    path = save(make_result(table, record, drawn_shards, "again"), table, tmp_path)
    before = path.read_bytes()
    save(make_result(table, record, drawn_shards, "again"), table, tmp_path)
    other = make_result(
        table, record.model_copy(update={"sha256": "1" * 64}), drawn_shards, "again"
    )
    with pytest.raises(InputError, match="holds the result of another model"):
        save(other, table, tmp_path)
    assert path.read_bytes() == before


def test_a_table_that_was_changed_is_not_saved(table, lifter, drawn_shards, tmp_path):
    result = make_result(table, lifter.record(1), drawn_shards, "again")
    with pytest.raises(InputError, match="tiny"):
        save(result, table.assign(mpjpe=1.0), tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("labeled", "rejected", "said"),
    [
        (lambda t: t == 2, 1, "all of them are in stretches .* which is no fault of the model"),
        (lambda t: t == 2, 2, "1 of them are in stretches .* For the others correct the model"),
        (lambda t: t == 3, 1, "so there is none: correct the model"),
        (lambda t: t > 1, 1, "so there is none: correct the model"),
    ],
)
def test_poses_where_nothing_was_detected_are_no_fault_of_the_model(
    labeled, rejected, said, table, lifter, drawn_shards, monkeypatch
):
    """The third frame of each clip has no detection; as a run by itself, there is nothing to lift.

    Neighbors with a detection fill the gap of a frame, so then it is the model.
    """
    frames = "corruptbench.evaluation.rejected.is_valid_pose"
    monkeypatch.setattr(frames, lambda joints: labeled(np.arange(len(joints))))
    bad = table.assign(rejected=(np.arange(len(table)) == 4) * rejected)
    with pytest.raises(RejectedPosesError, match=said):
        make_result(bad, lifter.record(1), drawn_shards, "again")


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        (
            "mpjpe",
            1e30,
            r"tiny: MPJPE of 1e\+30 mm in .*, .* of severity \d; expected at most 1,000,000",
        ),
        ("bone_error", 2e6, "tiny: bone-length error of 2e.06 mm in"),
        ("mpjve", np.inf, "tiny: MPJVE of inf mm per frame in"),
    ],
)
def test_errors_that_no_pose_can_have_are_refused(column, value, said, table, lifter, drawn_shards):
    bad = table.copy()
    bad.loc[3, column] = value
    with pytest.raises(InputError, match=said) as caught:
        make_result(bad, lifter.record(1), drawn_shards, "again")
    assert "pydantic" not in str(caught.value)


def test_rejected_poses_are_told_in_memory_and_saved_on_demand(
    table, lifter, drawn_shards, tmp_path
):
    bad = table.assign(rejected=(np.arange(len(table)) == 4).astype(int))
    with pytest.raises(RejectedPosesError, match="tiny: cannot score 1 of ") as caught:
        make_result(bad, lifter.record(1), drawn_shards, "again")
    assert "in 1 of 6 clips and 1 of 3 cells" in str(caught.value)
    assert str(caught.value).endswith("correct the model")
    assert len(caught.value.rows) == 1
    message = str(save_rejected(caught.value, tmp_path))
    assert str(tmp_path / "tiny.rejected.csv") in message
    assert len(pd.read_csv(tmp_path / "tiny.rejected.csv")) == 1
    save(make_result(table, lifter.record(1), drawn_shards, "again"), table, tmp_path)
    assert not (tmp_path / "tiny.rejected.csv").exists(), "corrected: the list is gone"
