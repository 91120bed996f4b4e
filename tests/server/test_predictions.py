"""Predictions are scored against labels that only the server has."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import corruptbench as cb
from corruptbench.errors import InputError
from corruptbench.leaderboard.referee.submission import read_result
from corruptbench.server import audit_log, jobs
from tests.server.hidden import altered, with_poses


@pytest.fixture
def host(start, hidden):
    return start(hidden.toml)


def test_predictions_become_a_row(host, hidden):
    state = host.score(hidden.predictions.read_bytes())
    assert state["state"] == "accepted", state
    assert (state["row"], state["status"]) == ("mini-c-v1/tiny", "re-scored")
    ours, theirs = (
        hidden.result.record,
        read_result(host.settings.board_folder / state["row"] / "result.json"),
    )
    assert ours.clips_sha256 == theirs.clips_sha256
    assert state["mpjpe"]["clean"] == round(ours.mpjpe.clean, 3)
    assert len(state["cells"]) == len(ours.cells)
    (row,) = host.client.get("/api/board").json()[0]["rows"]
    assert (row["lifter"], row["status"]["kind"]) == ("tiny", "re-scored")


def test_predictions_confirm_a_row_that_was_claimed(start, hidden, tmp_path):
    host = start(hidden.toml.replace("results = false", "results = true"))
    path = hidden.result.save(tmp_path)
    clips = path.with_name("tiny.clips.parquet").read_bytes()
    key = host.post({"result": path.read_bytes(), "clips": clips}, name="other").json()["id"]
    host.work()
    assert host.state(key)["status"] == "claimed"
    answer = host.post({"predictions": hidden.predictions.read_bytes()}, name="other")
    host.work()
    state = host.state(answer.json()["id"])
    assert (state["row"], state["status"]) == ("mini-c-v1/other", "re-scored")
    assert len(host.rows()) == 1


def test_an_answer_holds_means_over_cells_only(host, hidden):
    """No number of an answer is of a clip or a frame, and none has more digits than are said."""
    state = host.score(hidden.predictions.read_bytes())
    clips = {round(v, 3) for v in hidden.result.clips["mpjpe"]}
    text = json.dumps(state)
    assert not {number for number in numbers(state) if number in clips}
    assert not any(len(str(number).partition(".")[2]) > 3 for number in numbers(state))
    names = {*hidden.result.clips["subject"], *hidden.result.clips["sequence"]}
    assert not [name for name in names if name in text]


def numbers(value):
    if isinstance(value, float):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            if key not in ("created", "finished"):
                yield from numbers(item)
    elif isinstance(value, list):
        for item in value:
            yield from numbers(item)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.slice(0, t.num_rows - 1), "is missing"),
        (lambda t: t.drop_columns(["pose"]), "column pose"),
        (lambda t: t.replace_schema_metadata({}), "Parquet, but no predictions"),
        (lambda t: with_poses(t, np.nan), "cannot score"),
        (lambda t: with_poses(t, 300), "column mpjpe: expected"),
        (lambda t: with_poses(t, 1e5), "beyond what a result can hold"),
    ],
)
def test_what_the_sender_can_repair(host, hidden, change, words):
    state = host.score(altered(hidden, change))
    assert state["state"] == "refused"
    assert words in state["problems"][0]
    for folder in (host.settings.folder, hidden.root, hidden.shards):
        assert str(folder) not in json.dumps(state)
    assert host.rows() == []


def test_no_parquet_is_refused(host):
    state = host.score(b"x" * 1000)
    assert state["state"] == "refused"
    assert state["problems"][0].startswith("predictions.parquet: not a Parquet file")


@pytest.mark.parametrize("where", ["A1/step_1.cam1: labels", "tiny/x: labels"])
def test_an_error_about_labels_is_no_answer(where, host, hidden, monkeypatch, tmp_path):
    """What is told begins with the file of the sender or the lifter's name, nothing else is."""

    def quotes(*_, **__):
        raise InputError(f"{where}: thigh of 432.1 mm")

    shutil.copy(hidden.predictions, tmp_path)
    monkeypatch.setattr(cb.api, "score", quotes)
    with pytest.raises(InputError, match="432"):  # which the worker answers with "failed"
        jobs.work(str(host.settings.folder), str(tmp_path), "predictions", None)


def test_faults_of_the_labels_are_for_the_owner(start, hidden, tmp_path):
    """Labels that no body has: the error of the scorer quotes them."""
    root = shutil.copytree(hidden.root, tmp_path / "labels")
    for path in root.glob("labels/*.parquet"):
        table = pq.read_table(path)
        joints = table.column("joints").combine_chunks()
        wild = pa.FixedSizeListArray.from_arrays(
            pa.array(np.asarray(joints.flatten()) * 37), joints.type.list_size
        )
        pq.write_table(table.set_column(table.column_names.index("joints"), "joints", wild), path)
    host = start(hidden.toml.replace(f'root = "{hidden.root}"', f'root = "{root}"'))
    state = host.score(hidden.predictions.read_bytes())
    assert state["state"] == "failed"
    (told,) = state["problems"]
    assert "Its owner finds the reason in the log" in told
    with host.engine.begin() as database:
        (entry,) = audit_log.entries(database, 1)
    assert "labels: a thigh of" in entry.outcome


def test_results_are_not_taken_for_a_hidden_split(host, hidden, tmp_path):
    path = hidden.result.save(tmp_path)
    clips = path.with_name("tiny.clips.parquet").read_bytes()
    key = host.post({"result": path.read_bytes(), "clips": clips}).json()["id"]
    host.work()
    state = host.state(key)
    assert state["state"] == "refused"
    assert "send the predictions" in state["problems"][0]


def test_a_file_that_takes_too_much_is_stopped(start, hidden):
    host = start(f"limits.job_minutes = 0.00001\n{hidden.toml}")
    state = host.score(hidden.predictions.read_bytes())
    assert state["state"] == "refused"
    assert "stopped at the limit of" in state["problems"][0]
