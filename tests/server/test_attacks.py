"""Documents that no reader should follow, and a database that takes nothing."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import OperationalError

from corruptbench.server import worker
from tests.server.conftest import ROWS

HONEST = (ROWS[0] / "clips.parquet").read_bytes()


@pytest.mark.parametrize("text", [b"[" * 10**6, b'{"a":' * 10**5, b"1" * 10**7, b"\xff\xfe"])
def test_results_that_attack(text, host):
    key = host.post({"result": text, "clips": HONEST}).json()["id"]
    host.work()
    assert host.state(key)["state"] == "refused"


def test_a_database_that_takes_nothing_is_told_once(start, monkeypatch, capsys):
    host, answers = start(), iter(["full", "full", "locked", None])

    def work_once(*_):
        if text := next(answers):
            raise OperationalError("", {}, Exception(text))
        raise KeyboardInterrupt

    monkeypatch.setattr(worker, "work_once", work_once)
    monkeypatch.setattr(worker, "POLL", 0)
    with pytest.raises(KeyboardInterrupt):
        worker.work(host.settings)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("(")[1].split(")")[0] for line in lines] == ["full", "locked"]


def test_a_database_that_only_reads(host):
    """The upload is answered with 503, nothing is left, and the page is still there."""
    with host.engine.connect() as database:
        cursor = database.connection.cursor()
        cursor.execute("PRAGMA query_only = ON")
        cursor.close()
    assert host.post({"result": b"{}", "clips": b""}).status_code == 503
    assert not list(host.settings.uploads.iterdir())
    assert host.client.get("/").status_code == 200
