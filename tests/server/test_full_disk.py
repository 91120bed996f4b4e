"""A disk that is full while a submission arrives, or while it is worked on."""

from __future__ import annotations

import errno
import os
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import TextClause, event, text, update
from sqlalchemy.exc import OperationalError

from corruptbench.leaderboard.board import store
from corruptbench.server import database as db
from corruptbench.server import jobs, submissions, uploads
from corruptbench.server.submissions import Upload
from corruptbench.server.tokens import Owner
from tests.server.conftest import ROWS, Host

#: What writes an upload: where, and which function.
STEPS = {
    "the body arrives": (tempfile.SpooledTemporaryFile, "write"),
    "a folder": (tempfile, "mkdtemp"),
    "a folder in it": (Path, "mkdir"),
    "the files": (os, "fsync"),
    "their place": (os, "replace"),
    "the folder of all": (uploads, "sync_folder"),
}


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/srv/secret")


@contextmanager
def full_database(host: Host) -> Iterator[None]:
    """The database can be read, and nothing can be added or changed."""

    def fails(*arguments: object) -> None:
        statement = str(arguments[2])
        if statement.startswith(("INSERT", "UPDATE")):
            raise OperationalError(statement, {}, Exception("database or disk is full"))

    event.listen(host.engine, "before_cursor_execute", fails)
    try:
        yield
    finally:
        event.remove(host.engine, "before_cursor_execute", fails)


def assert_taken_later(host: Host, answer: object) -> None:
    """Nothing is left, the reason is told to the owner only, and the same can be sent again."""
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "60"
    assert "send the same again later" in answer.json()["error"]
    assert "/srv" not in answer.text
    assert not list(host.settings.uploads.iterdir())
    assert host.submit(ROWS[0]).status_code == 202


@pytest.mark.parametrize("step", STEPS)
def test_uploads_on_a_full_disk(step, host, monkeypatch, capsys):
    place, name = STEPS[step]
    with monkeypatch.context() as patch:
        patch.setattr(place, name, full)
        answer = host.submit(ROWS[0])
    assert "No space left" in capsys.readouterr().err
    assert_taken_later(host, answer)


def test_a_database_on_a_full_disk(host):
    with full_database(host):
        answer = host.submit(ROWS[0])
    assert_taken_later(host, answer)


def test_a_disk_that_is_full_when_the_transaction_ends(host):
    """The files have their place by then."""

    places = []

    def ends(_: object) -> None:
        if not places:
            places.extend(host.settings.uploads.glob("1-*"))
            if places:
                raise OperationalError("COMMIT", {}, Exception("database or disk is full"))

    event.listen(host.engine, "commit", ends)
    assert_taken_later(host, host.submit(ROWS[0]))
    assert len(places) == 1


def test_files_that_are_in_the_queue_stay(host):
    """Of a submission that failed before, and is sent again to a full disk."""
    key = host.submit(ROWS[0]).json()["id"]
    with host.engine.begin() as database:
        database.execute(update(db.submissions).values(state="failed"))
    with full_database(host):
        assert host.submit(ROWS[0]).status_code == 503
    assert len(list(host.settings.uploads.iterdir())) == 1
    assert host.submit(ROWS[0]).status_code == 202
    host.work()
    assert host.state(key)["state"] == "accepted"


def test_files_stay_that_another_request_puts_into_the_queue(start, postgresql):
    """A request fails while another one with the same bytes has not ended its transaction.

    In SQLite, one transaction that writes waits for the other.
    """
    host = start(f'database = "{postgresql()}"')
    upload, folder = Upload("result", "0" * 64, None), host.settings.uploads
    waits = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    with ThreadPoolExecutor(1) as pool, host.engine.begin() as database:
        submissions.enqueue(database, Owner(1, "alice"), upload, host.settings.limits)
        (place := folder / submissions.folder_name(1, upload.digest)).mkdir()
        done = pool.submit(uploads.take_back, host.engine, folder, 1, upload.digest)
        while not (done.done() or observed(host, waits)):
            time.sleep(0.01)
        assert place.is_dir()
    done.result()
    assert place.is_dir()


def observed(host: Host, question: TextClause) -> int:
    with host.engine.begin() as database:
        return database.execute(question).scalar_one()


def test_a_worker_whose_database_is_full(host, monkeypatch):
    """The row is on the board; how the submission ended is stored when there is space again."""
    key = host.submit(ROWS[0]).json()["id"]
    finish = submissions.finish
    with monkeypatch.context() as patch:

        def fails(*arguments: object) -> bool:
            with full_database(host):
                return finish(*arguments)

        patch.setattr(submissions, "finish", fails)
        with pytest.raises(OperationalError, match="full"):
            host.work()
    assert host.state(key)["state"] == "running"
    assert len(host.rows()) == 1
    with host.engine.begin() as database:
        database.execute(update(db.submissions).values(lease=0))  # it ends
    host.work()
    assert host.state(key)["state"] == "accepted"
    assert len(host.rows()) == 1


def test_a_board_on_a_full_disk(host, monkeypatch):
    """The sender is told that it is not their fault, and the row is whole or not there."""
    monkeypatch.setattr(store, "text_of", full)
    answer = host.submit(ROWS[0]).json()
    (files,) = host.settings.uploads.iterdir()
    with pytest.raises(OSError, match="No space left"):  # which the worker answers with "failed"
        jobs.work(str(host.settings.folder), str(files), answer["kind"], None)
    assert not list(host.settings.board_folder.rglob("*.json"))
    assert [path.name for path in files.iterdir()]
