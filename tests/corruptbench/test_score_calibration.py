"""The calibration of scores: its fit, its file, and the lifters that ask for it."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import corruptbench as cb
from corruptbench.datasets import open_dataset
from corruptbench.datasets.studio import ALL_TRAIN_SHARDS
from corruptbench.errors import InputError
from corruptbench.evaluation.groups import groups
from corruptbench.evaluation.live import LivePoses
from corruptbench.keypoint_evaluation.fit import fit_calibration, monotone_map
from corruptbench.keypoint_evaluation.score_calibration import (
    SHIPPED,
    calibration_of,
    load_calibration,
    save_calibration,
)
from corruptbench.leaderboard.referee.agreement import agreement_problems
from corruptbench.leaderboard.schema import Result
from corruptbench.lifters.contract import Contract
from corruptbench.manifest import CLEAN, load_manifest
from corruptbench.shards.shard_set import open_shards
from tests.corruptbench.conftest import contract
from tests.fixtures.export_shards import write_shards
from tests.fixtures.lifters import python_lifter


@given(st.integers(0, 10_000))
def test_the_map_is_the_isotonic_regression(seed):
    """Its value at a score: the largest of the smallest means over intervals around it."""
    draw = np.random.default_rng(seed)
    scores = draw.integers(0, 12, 40) / 16
    correct = draw.random(40) < scores
    levels = sorted({*scores.tolist()})
    of = {level: correct[scores == level] for level in levels}

    def mean(first, last):
        return np.concatenate([of[level] for level in levels[first : last + 1]]).mean()

    expected = [
        max(min(mean(i, j) for j in range(k, len(levels))) for i in range(k + 1))
        for k in range(len(levels))
    ]
    points, values = monotone_map(scores, correct)
    assert np.interp(levels, points, values) == pytest.approx(expected)
    assert {*points.tolist()} <= {*levels}
    assert all(a < b for a, b in pairwise(points))


@pytest.fixture(scope="module")
def fitted(drawn_shards):
    return fit_calibration([drawn_shards])


def test_a_calibration_says_what_it_was_fitted_on(fitted, drawn_shards, tmp_path):
    lock = drawn_shards.lock
    assert fitted.detector == lock.detector
    (training,) = fitted.fitted_on
    assert training.benchmark == lock.benchmark
    assert (training.detections_sha256, training.clips) == (lock.detections_sha256, 6)
    labeled = sum(len(clip.joints) for clip, _ in drawn_shards.clips([CLEAN]))
    assert fitted.samples == 12 * labeled
    save_calibration(fitted, tmp_path / "c.json")
    again = load_calibration(tmp_path / "c.json")
    assert (again, again.sha256) == (fitted, fitted.sha256)


def test_calibrated_scores_keep_their_order(fitted):
    scores = np.linspace(0, 1, 101).astype(np.float32)
    found = fitted(scores)
    assert found.dtype == np.float32
    assert (np.diff(found) >= 0).all()
    assert (found.min(), found.max()) == pytest.approx(
        (min(fitted.probabilities), max(fitted.probabilities))
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scores": [0.5, 0.2], "probabilities": [0, 1]}, "scores: expected ascending"),
        ({"scores": [0.1, 0.2], "probabilities": [1, 0]}, "probabilities: expected numbers that"),
        ({"scores": [0.1], "probabilities": [0, 1]}, "found 2, expected 1"),
        ({"scores": [1.5], "probabilities": [1]}, "scores.0"),
        ({"threshold": None}, "threshold"),
    ],
)
def test_a_wrong_file_is_refused(changes, message, fitted, tmp_path):
    path = tmp_path / "c.json"
    path.write_text(json.dumps(fitted.model_dump(mode="json") | changes))
    with pytest.raises(InputError, match=message) as error:
        load_calibration(path)
    assert str(path) in str(error.value)


def test_the_shipped_calibration_is_that_of_the_embedded_training_shards():
    shard_sets = [open_shards(folder, None) for folder in ALL_TRAIN_SHARDS]
    found = fit_calibration(shard_sets)
    shipped = load_calibration(SHIPPED / "movenet-lightning.json")
    assert shipped.model_dump(exclude={"probabilities"}) == found.model_dump(
        exclude={"probabilities"}
    )
    assert shipped.probabilities == pytest.approx(found.probabilities, abs=1e-6)
    assert calibration_of(shard_sets[0].lock.detector) == shipped


def test_other_weights_need_another_calibration(fitted):
    other = fitted.detector.model_copy(update={"weights_sha256": "1" * 64})
    with pytest.raises(InputError, match="weights 111111111111; the given one is of fake"):
        calibration_of(other, [fitted])


def test_builds_of_two_detectors_are_refused(drawn_shards):
    detector = drawn_shards.lock.detector.model_copy(update={"name": "another"})
    lock = drawn_shards.lock.model_copy(update={"detector": detector})
    with pytest.raises(InputError, match=r"shards of another .* expected one detector"):
        fit_calibration([drawn_shards, replace(drawn_shards, lock=lock)])


def scores_as_z(x):
    """x, y and the score as a pose."""
    return x


def asking(**changes):
    fields = {"channels": "xyc", "frames": 1, "units": "none", "scores": "calibrated"} | changes
    return contract(**fields)


@pytest.fixture
def saved(fitted, tmp_path):
    path = tmp_path / "fake.json"
    save_calibration(fitted, path)
    return path


def test_a_lifter_sees_calibrated_scores(fitted, drawn_shards):
    found = {
        kind: LivePoses(
            python_lifter(asking(scores=kind, window="centre"), scores_as_z), None, fitted
        )
        for kind in ("raw", "calibrated")
    }
    group = next(groups(drawn_shards))
    raw, calibrated = (
        {cell: lifted.poses[0] for _, cell, lifted in source.poses(iter([group]))}
        for source in found.values()
    )
    for cell in raw:
        assert (raw[cell][..., :2] == calibrated[cell][..., :2]).all()
        seen = raw[cell][..., 2] > 0  # no detection: its score stays 0
        expected = np.where(seen, fitted(raw[cell][..., 2]), 0)
        assert calibrated[cell][..., 2] == pytest.approx(expected, abs=1e-6)
        assert (~seen).any()


def test_a_result_says_which_scores(saved, fitted, drawn_shards, tmp_path):
    lifter = python_lifter(asking(window="centre"), scores_as_z)
    predictions = tmp_path / "p.parquet"
    found = cb.evaluate(
        lifter, drawn_shards, calibration=saved, progress=False, save_predictions=predictions
    )
    assert found.record.lifter.contract["scores"] == "calibrated"
    assert found.record.lifter.calibration_sha256 == fitted.sha256
    assert found.record.command.endswith(" --calibration fake.json")
    text = found.save(tmp_path).read_text()
    assert Result.model_validate_json(text) == found.record
    scored = cb.score(predictions, drawn_shards, progress=False)
    assert scored.record.lifter == found.record.lifter
    raw = json.loads(text)
    del raw["lifter"]["contract"]["scores"]
    (problem,) = agreement_problems("a.json", Result.model_validate(raw))
    assert (problem.field, problem.expected) == (
        "lifter.calibration_sha256",
        "no value for a lifter of raw scores",
    )


def test_without_a_calibration_the_lifter_is_refused(drawn_shards, saved):
    with pytest.raises(InputError, match="no calibration of the scores of fake"):
        cb.evaluate(python_lifter(asking(), torch.nn.Identity()), drawn_shards, progress=False)
    with pytest.raises(InputError, match="asks for calibrated scores"):
        LivePoses(python_lifter(asking(), torch.nn.Identity()))
    raw = python_lifter(asking(scores="raw"), torch.nn.Identity())
    with pytest.raises(InputError, match="takes raw scores"):
        cb.evaluate(raw, drawn_shards, calibration=saved, progress=False)


def test_the_command_line_refuses_before_it_loads_the_model(
    tiny_lifter, drawn_shards, mini, mini_manifest, saved, cli, tmp_path
):
    words = ["--shards", drawn_shards.folder, "--root", mini, "--manifest", mini_manifest]
    out = ["--out", tmp_path / "results"]
    done = cli("evaluate", tiny_lifter, *words, *out, "--calibration", saved)
    assert done.code == 2
    assert "tiny: takes raw scores" in done.err
    assert "(option --calibration)" in done.err
    assert not (tmp_path / "results").exists()


def test_a_lifter_of_raw_scores_has_no_new_field(drawn_shards):
    lifter = python_lifter(asking(scores="raw", window="centre"), scores_as_z)
    found = cb.evaluate(lifter, drawn_shards, progress=False)
    assert "scores" not in found.record.lifter.contract
    assert "calibration_sha256" not in found.record.model_dump_json()


def test_calibrated_scores_need_a_channel():
    with pytest.raises(InputError, match="scores: found 'calibrated' with channels 'xy'"):
        Contract.checked(asking().record() | {"channels": "xy"}, "c.toml")


def test_calibrated_detector_on_the_command_line(mini_shards, mini, mini_manifest, cli, tmp_path):
    where = ["--root", mini, "--manifest", mini_manifest]
    file = tmp_path / "c.json"
    done = cli("calibrate-scores", mini_shards, *where, "--out", file)
    assert (done.code, done.err) == (0, "")
    assert f"calibration: {file}" in done.out
    words = ["evaluate-detector", mini_shards, *where, "--quiet", "--json"]
    (raw,) = json.loads(cli(*words).out)["detectors"]
    given = json.loads(cli(*words, "--scores", "calibrated", "--calibration", file).out)
    (calibrated,) = given["detectors"]
    assert calibrated["calibration_sha256"] == load_calibration(file).sha256
    assert calibrated["clean"]["ece"] < raw["clean"]["ece"]
    assert calibrated["clean"]["pck_05"] == raw["clean"]["pck_05"]


def test_a_calibration_of_test_clips_is_said(cli, tmp_path):
    out = write_shards(open_dataset("studio", None), load_manifest("studio-c-mini"), tmp_path / "s")
    done = cli("calibrate-scores", out, "--out", tmp_path / "c.json")
    assert done.code == 0
    assert "clips are scored by studio-c: what is made from them must not be submitted" in done.err
    assert not cli("calibrate-scores", out, "--out", tmp_path / "c.json", "--quiet").err


def test_a_calibration_is_not_written_into_the_shards(cli, drawn_shards):
    done = cli("calibrate-scores", drawn_shards.folder, "--out", drawn_shards.folder / "c.json")
    assert done.code == 2
    assert "lies in the shards" in done.err
