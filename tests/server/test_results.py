"""A result is uploaded, waits, is checked, and becomes a row."""

from __future__ import annotations

import json
import os
import re
import shutil
import time

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from corruptbench.leaderboard import read_board
from corruptbench.leaderboard.referee.submission import read_result
from corruptbench.server import database as db
from corruptbench.server import jobs, submissions, worker
from corruptbench.server.worker import remove_stale
from tests.leaderboard.test_status import VERIFIED, mark
from tests.server.conftest import ROWS


def test_a_result_becomes_a_row(start, setting):
    host = start(setting)
    first = host.submit(ROWS[0])
    assert first.status_code == 202
    assert first.json()["state"] == "waiting"
    assert host.rows() == []
    assert host.work() == 1
    name = f"studio-c-v3/{ROWS[0].name}"
    state = host.state(first.json()["id"])
    assert (state["state"], state["row"]) == ("accepted", name)
    assert host.rows() == [name]
    (ours,) = read_board(host.settings.board_folder).results
    assert ours == read_result(ROWS[0] / "result.json")
    assert ROWS[0].name in host.client.get("/").text
    assert host.client.get("/api/board").json()[0]["rows"][0]["lifter"] == ROWS[0].name
    assert not list(host.settings.uploads.iterdir())


def test_numbers_are_rounded_where_they_are_told(host):
    key = host.submit(ROWS[0]).json()["id"]
    host.work()
    texts = [host.client.get("/").text, host.client.get("/api/board").text]
    result = read_result(ROWS[0] / "result.json")
    stored = {repr(n) for n in numbers(result.model_dump()) if n != round(n, 3)}
    assert len(stored) > 100
    told = set(re.findall(r"\d+\.\d+", " ".join([*texts, json.dumps(host.state(key))])))
    assert not told & stored
    assert str(round(result.mpjpe.clean, 3)) in told


def numbers(value):
    if isinstance(value, float):
        yield value
    elif isinstance(value, (dict, list, tuple)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from numbers(item)


def test_the_same_bytes_are_the_same_submission(host):
    first, again = host.submit(ROWS[0]), host.submit(ROWS[0])
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json()["id"] == again.json()["id"]
    assert first.headers["location"] == again.headers["location"]
    assert host.work() == 1
    late = host.submit(ROWS[0])
    assert late.json()["id"] == first.json()["id"]
    assert late.json()["state"] == "accepted"
    assert host.work() == 0
    other = host.token_of("bob").submit(ROWS[0])
    assert other.json()["id"] != first.json()["id"]
    assert host.work() == 1
    assert len(host.rows()) == 1


def test_a_wrong_number_is_refused_in_words(host):
    document = json.loads((ROWS[0] / "result.json").read_text())
    document["mpjpe"]["clean"] -= 1
    clips = (ROWS[0] / "clips.parquet").read_bytes()
    sent = host.post({"result": json.dumps(document).encode(), "clips": clips})
    host.work()
    state = host.state(sent.json()["id"])
    assert state["state"] == "refused"
    assert any(
        "mpjpe.clean" in problem and "recomputed" in problem for problem in state["problems"]
    )
    assert host.rows() == []


def test_no_token_supersedes_a_row(host):
    """Authors are text that anybody can write."""
    document = json.loads((ROWS[0] / "result.json").read_text())
    document["supersedes"] = ROWS[1].name
    clips = (ROWS[0] / "clips.parquet").read_bytes()
    key = host.post({"result": json.dumps(document).encode(), "clips": clips}).json()["id"]
    host.work()
    assert host.state(key)["problems"] == [
        f"supersedes: found {ROWS[1].name}; ask the owner of the board"
    ]


def test_no_token_says_something_in_the_name_of_others(host):
    """Whoever has the two files of a row can write authors and an address into them."""
    host.submit(ROWS[0])
    host.work()
    before = {path: path.read_bytes() for path in host.settings.board_folder.rglob("*.json")}
    document = json.loads((ROWS[0] / "result.json").read_text())
    document["lifter"]["about"] = {**document["lifter"].get("about", {}), "authors": "Mallory"}
    clips = (ROWS[0] / "clips.parquet").read_bytes()
    key = host.post({"result": json.dumps(document).encode(), "clips": clips}).json()["id"]
    host.work()
    assert "ask the owner of the board" in host.state(key)["problems"][0]
    assert {
        path: path.read_bytes() for path in host.settings.board_folder.rglob("*.json")
    } == before


def test_a_row_can_have_a_name(host):
    sent = host.submit(ROWS[0], name="my-row")
    host.work()
    assert host.state(sent.json()["id"])["row"] == "studio-c-v3/my-row"
    mark(host.settings.board_folder / "studio-c-v3/my-row", VERIFIED)
    twin = host.submit(ROWS[0])
    host.work()
    state = host.state(twin.json()["id"])
    assert state["state"] == "refused"
    assert "the model of my-row" in state["problems"][0]
    assert str(host.settings.folder) not in json.dumps(state)


def test_a_worker_that_dies_after_the_row_was_added(host):
    """Another one finds the row there, and the submission ends once."""
    key = host.submit(ROWS[0]).json()["id"]
    with host.engine.begin() as database:
        job = submissions.claim(database, "dead", host.settings.limits)
    folder = host.settings.uploads / submissions.folder_name(job.token, job.digest)
    assert jobs.work(str(host.settings.folder), str(folder), "result", None)["state"] == "accepted"
    assert host.work() == 0
    with host.engine.begin() as database:
        database.execute(update(db.submissions).values(lease=time.time() - 1))
    assert host.work() == 1
    assert host.state(key)["state"] == "accepted"
    assert len(host.rows()) == 1
    assert [line[:32] for line in host.log()].count(key) == 2  # the upload and the check


def test_files_that_are_gone(host):
    key = host.submit(ROWS[0]).json()["id"]
    (folder,) = host.settings.uploads.iterdir()
    shutil.rmtree(folder)
    host.work()
    assert host.state(key)["state"] == "failed"
    again = host.submit(ROWS[0])
    assert (again.status_code, again.json()["id"]) == (202, key)
    host.work()
    assert host.state(key)["state"] == "accepted"


def test_what_killed_processes_left_is_removed(host):
    host.submit(ROWS[0])
    (needed,) = host.settings.uploads.iterdir()
    left = [host.settings.uploads / name for name in (".tmpx", "1-abc", ".tmpy")]
    for folder in left:
        folder.mkdir()
    for folder in (needed, *left[:2]):
        os.utime(folder, (0, 0))
    remove_stale(host.settings, host.engine)
    assert sorted(host.settings.uploads.iterdir()) == sorted([needed, left[2]])


def test_a_worker_removes_what_is_left_again_and_again(host, monkeypatch):
    """It works for months, and what a full disk or a crash left would stay."""
    removed = []
    left = OperationalError("SELECT", {}, Exception("locked")), None, KeyboardInterrupt()

    def remove(*_):
        removed.append(left[len(removed)])
        if removed[-1]:
            raise removed[-1]

    for name, value in (("POLL", 0), ("CLEAN", 0), ("remove_stale", remove)):
        monkeypatch.setattr(worker, name, value)
    with pytest.raises(KeyboardInterrupt):
        worker.work(host.settings)
    assert removed == [*left]


def test_an_interrupt_gives_work_back(host, monkeypatch):
    """It may come in any step: while a submission is worked on, or finished."""

    def after(function):
        def interrupted(*arguments):
            function(*arguments)
            raise KeyboardInterrupt

        return interrupted

    key = host.submit(ROWS[0]).json()["id"]
    for place, name in ((worker, "_outcome"), (submissions, "finish")):
        with monkeypatch.context() as patch:
            patch.setattr(place, name, after(getattr(place, name)))
            with pytest.raises(KeyboardInterrupt):
                host.work()
        assert host.state(key)["state"] == "waiting"
    assert host.work() == 1
    assert host.state(key)["state"] == "accepted"


def test_a_forged_row_keeps_no_true_one_away(host):
    """Whoever knows the digest of a model, or its numbers, can send a row of another name."""
    document = json.loads((ROWS[1] / "result.json").read_text())
    true = json.loads((ROWS[0] / "result.json").read_text())
    document["lifter"] |= {"name": "forged", "sha256": true["lifter"]["sha256"]}
    document.pop("status", None)
    clips = (ROWS[1] / "clips.parquet").read_bytes()
    forged = host.post({"result": json.dumps(document).encode(), "clips": clips}).json()["id"]
    copied = host.submit(ROWS[0], name="copied").json()["id"]
    bob = host.token_of("bob")
    honest = bob.submit(ROWS[0]).json()["id"]
    assert host.work() == 3
    assert [host.state(key)["state"] for key in (forged, copied)] == ["accepted", "accepted"]
    assert bob.state(honest)["state"] == "accepted"
    rows = host.client.get("/api/board").json()[0]["rows"]
    assert {row["lifter"]: bool(row["rank"]) for row in rows} == dict.fromkeys(
        ("forged", "copied", ROWS[0].name), True
    )
    assert all(len(row["same_as"]) == 2 for row in rows)


@pytest.mark.parametrize(
    ("field", "value"), [("date", "2024-02-31"), ("code", "javascript:alert(1)")]
)
def test_what_may_not_be_said_is_refused(host, field, value):
    document = json.loads((ROWS[0] / "result.json").read_text())
    document["lifter"]["about"] = {field: value}
    clips = (ROWS[0] / "clips.parquet").read_bytes()
    key = host.post({"result": json.dumps(document).encode(), "clips": clips}).json()["id"]
    host.work()
    state = host.state(key)
    assert state["state"] == "refused"
    assert f"lifter.about.{field}: found {value}" in state["problems"][0]
    assert host.rows() == []
