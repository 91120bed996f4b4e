"""Tokens are nowhere: in no file, no log, no error."""

from __future__ import annotations

import os

from sqlalchemy.exc import OperationalError

from corruptbench.server import app as application
from corruptbench.server import tokens
from tests.server.conftest import ROWS


def test_a_session_leaves_no_token(host, monkeypatch, capfd, caplog, tmp_path):
    """All that can happen to a token, then a search in all files and lines."""
    caplog.set_level(0)
    client = type(host.client)(host.client.app, raise_server_exceptions=False)
    bob = host.token_of("bob")
    answers = [host.submit(ROWS[0]), bob.submit(ROWS[1])]
    answers += [host.post({"result": b"{}", "clips": b"PAR1"}), host.post({"model": b"x"})]
    host.work()
    answers += [
        client.get(f"/api/submissions/{answers[0].json()['id']}", headers=host.bearer),
        client.get("/api/submissions", headers={"authorization": host.token}),
        client.get("/nothing", headers=host.bearer),
    ]
    for error in (RuntimeError("broken"), OperationalError("SELECT", {}, Exception("locked"))):

        def fails(*_: object, error: Exception = error) -> None:
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(application.submissions, "enqueue", fails)
            sent = client.post("/api/submissions", headers=host.bearer, files={
                "predictions": b"x"
            })  # fmt: skip
        answers.append(sent)
    with host.engine.begin() as database:
        tokens.revoke(database, "bob")
    answers.append(bob.submit(ROWS[1]))
    assert [answer.status_code for answer in answers] == [
        202, 202, 202, 400, 200, 405, 404, 500, 503, 401
    ]  # fmt: skip
    host.engine.dispose()
    out = "".join([*capfd.readouterr(), caplog.text, *(answer.text for answer in answers)])
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert "answered with 503" in out
    assert "server.sqlite" in {path.name for path in files}
    content = b"".join([out.encode(), *(path.read_bytes() for path in files)])
    for token in (host.token, bob.token):
        secret = token.split("_", 2)[2]
        assert secret.encode() not in content
        assert secret.encode() not in os.fsencode("".join(map(str, files)))


def test_an_error_of_the_database_quotes_no_value(host):
    """Its text goes to the log of the process: names, salts and digests stay out of it."""
    with host.engine.connect() as database:
        database.exec_driver_sql("DROP TABLE tokens")
        database.commit()
        try:
            tokens.owner_of(database, host.token)
        except OperationalError as error:
            text = str(error)
    assert "no such table" in text
    assert "parameters hidden" in text
