"""What the server answers: who may send what, how much, and with which headers."""

from __future__ import annotations

import html
import json
import re

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from starlette.concurrency import run_in_threadpool

from corruptbench.server import app as application
from corruptbench.server import board_page, tokens, uploads
from corruptbench.server.rates import Rates
from tests.server.conftest import ROWS

SMALL = {"result": b"{}", "clips": b"PAR1"}


def test_who_may_send(host):
    assert host.client.post("/api/submissions", files=SMALL).status_code == 401
    for header in ("Bearer x", f"Basic {host.token}", f"Bearer {host.token}x", "Bearer"):
        answer = host.client.post(
            "/api/submissions", files=SMALL, headers={"authorization": header}
        )
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "token" in answer.json()["error"]
    key = host.post(SMALL).json()["id"]
    assert host.client.get(f"/api/submissions/{key}").status_code == 401
    other = host.token_of("bob")
    assert host.client.get(f"/api/submissions/{key}", headers=other.bearer).status_code == 404
    with host.engine.begin() as database:
        tokens.revoke(database, "alice")
    assert host.post(SMALL).status_code == 401


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"model": b"x"}, "no models"),
        ({"result": ("model.pt2", b"x"), "clips": b"x"}, "no models"),
        ({"predictions": ("a.ONNX", b"x")}, "no models"),
        ({"result": b"{}"}, "found result; expected the files"),
        ({"result": b"{}", "predictions": b"x"}, "expected the files"),
        ({"result": b"{}", "clips": b"x", "more": b"y"}, "files"),
        ([("predictions", b"x"), ("predictions", b"y")], "found predictions, predictions;"),
        ([("result", (None, "{}")), *SMALL.items()], "found clips, result, result;"),
    ],
)
def test_other_files_are_refused(host, files, words):
    answer = host.post(files)
    assert answer.status_code == 400
    assert words in answer.json()["error"]
    assert not list(host.settings.uploads.iterdir())


def test_other_forms_are_refused(host):
    for body in (b"{}", b"--x\r\n"):
        for kind in ("application/json", "multipart/form-data", "multipart/form-data; boundary=x"):
            headers = {**host.bearer, "content-type": kind}
            answer = host.client.post("/api/submissions", content=body, headers=headers)
            assert answer.status_code == 400
            assert "expected the files" in answer.json()["error"]
    for name in ("", "x" * 81, "a\0b"):
        answer = host.post(SMALL, name=name)
        assert answer.status_code == 400
        assert "printable" in answer.json()["error"]


@pytest.mark.parametrize("encoding", ["undefined", "punycode", "unicode_escape"])
def test_a_form_in_an_odd_encoding(host, encoding):
    """A sender may choose any encoding of Python: some raise other errors, or give no text."""
    parts = {'name="name"': b"\\ud800", **{f'name="{n}"; filename="a"': b"x" for n in SMALL}}
    head = b"--x\r\ncontent-disposition: form-data; "
    body = b"".join(head + n.encode() + b"\r\n\r\n" + b + b"\r\n" for n, b in parts.items())
    kind = f"multipart/form-data; boundary=x; charset={encoding}"
    headers = {**host.bearer, "content-type": kind}
    answer = host.client.post("/api/submissions", content=body + b"--x--\r\n", headers=headers)
    assert answer.status_code == 400
    assert "expected" in answer.json()["error"]


def test_no_answer_sends_a_token_elsewhere(host):
    """Behind a proxy, the server would name its own address, without encryption."""
    for path in ("/api/submissions/", "/api/board/", "/api/submissions/x/"):
        answer = host.client.get(path, headers=host.bearer, follow_redirects=False)
        assert answer.status_code == 404
        assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "code", "words"),
    [
        ("GET", "/nothing", 404, ["found GET /nothing;", "/api/board", "/api/submissions/{id}"]),
        ("GET", "/api/../../etc/passwd", 404, ["expected one of /,"]),
        ("DELETE", "/api/board", 405, ["found DELETE /api/board; expected GET;"]),
        ("PUT", "/api/submissions", 405, ["found PUT /api/submissions; expected POST;"]),
        ("GET", "/api/submissions/none", 404, ["no submission", "send the same files again"]),
        ("POST", "/api/submissions", 400, ["no form;", "expected the files"]),
    ],
)
def test_every_error_says_what_to_do(method, path, code, words, host):
    answer = host.client.request(method, path, headers=host.bearer)
    assert answer.status_code == code
    assert answer.json().keys() == {"error"}
    assert all(word in answer.json()["error"] for word in words), answer.text


def test_an_error_of_the_server_tells_nothing(host, monkeypatch):
    def broken(*_):
        raise RuntimeError("secret")

    monkeypatch.setattr(application.submissions, "waiting", broken)
    client = type(host.client)(host.client.app, raise_server_exceptions=False)
    answer = client.get("/api/health")
    assert answer.status_code == 500
    assert "tell its owner" in answer.json()["error"]
    assert "secret" not in answer.text


def test_the_limit_of_size(start):
    host = start("limits.upload_mb = 0.01")
    large = {"predictions": b"x" * 20_000}
    answer = host.post(large)
    assert answer.status_code == 413
    assert "at most 0.01 MB" in answer.json()["error"]

    def stream():  # its size is not stated
        yield b'--x\r\ncontent-disposition: form-data; name="predictions"; filename="a"\r\n\r\n'
        for _ in range(1000):
            yield b"x" * 1000

    headers = {**host.bearer, "content-type": "multipart/form-data; boundary=x"}
    assert (
        host.client.post("/api/submissions", content=stream(), headers=headers).status_code == 413
    )
    assert not list(host.settings.uploads.iterdir())
    assert host.post(SMALL).status_code == 202


def test_the_limit_of_the_rate(start):
    host = start("limits.per_minute = 2")
    codes = [host.post(SMALL).status_code for _ in range(3)]
    assert codes == [202, 200, 429]
    assert 1 <= int(host.post(SMALL).headers["retry-after"]) <= 30
    assert host.token_of("bob").post(SMALL).status_code == 202


def test_the_limit_of_what_waits(start):
    host = start("limits.waiting = 1")
    assert host.post(SMALL).status_code == 202
    answer = host.post({**SMALL, "result": b"[]"})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) >= 1
    assert len(list(host.settings.uploads.iterdir())) == 1
    assert host.post(SMALL).status_code == 200


def test_the_limit_of_what_arrives_at_once(start, monkeypatch):
    """Without it, one token could fill the disk with uploads that do not wait yet."""
    host = start("limits.waiting = 1")
    bob, codes, read = host.token_of("bob"), [], uploads.read_form

    async def slow(request, limits):
        monkeypatch.setattr(uploads, "read_form", read)
        for sender in (host, bob):
            codes.append((await run_in_threadpool(sender.post, SMALL)).status_code)
        return await read(request, limits)

    monkeypatch.setattr(uploads, "read_form", slow)
    assert host.post(SMALL).status_code == 202
    assert codes == [429, 202]
    assert host.post(SMALL).status_code == 200


def test_a_bucket_fills_steadily():
    rates = Rates(60)
    assert [rates.take(1, 100.0) for _ in range(60)] == [0] * 60
    assert rates.take(1, 100.0) == 1
    assert rates.take(1, 100.5) == 0.5
    assert rates.take(2, 100.5) == 0
    assert rates.take(1, 101.0) == 0
    assert rates.take(1, 1e6) == 0


def test_the_document_for_programs_has_the_errors_that_are_answered(host):
    """FastAPI adds 422 with a content of its own, which no request is answered with."""
    document = host.client.get("/api/openapi.json").json()
    routes = [route for path in document["paths"].values() for route in path.values()]
    assert len(routes) == 4
    assert {key for route in routes for key in route["responses"]} == {"200", "202", "default"}
    (schema,) = document["components"]["schemas"].values()
    for route in routes:
        (content,) = route["responses"]["default"]["content"].values()
        assert content["schema"]["$ref"].endswith(schema["title"])
    assert schema["required"] == list(schema["properties"]) == ["error"]
    for path in ("/api/submissions/%ff", "/api/submissions/x?id=%00", "/api/nothing"):
        answer = host.client.get(path, headers=host.bearer).json()
        assert answer.keys() == {"error"}


def test_headers(host):
    paths = ("/", "/api/board", "/api/health", "/api/openapi.json", "/nothing", "/docs", "/redoc")
    answers = {path: host.client.get(path) for path in paths}
    assert [a.status_code for a in answers.values()] == [200] * 4 + [404] * 3
    for answer in answers.values():
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert not {"set-cookie", "access-control-allow-origin", "server"} & set(answer.headers)
    assert answers["/api/health"].json() == {"status": "ok", "waiting": 0}


def test_the_policy_is_that_of_the_page(host):
    answer = host.client.get("/")
    (inside,) = re.findall(r'http-equiv=Content-Security-Policy content="([^"]+)"', answer.text)
    policy = answer.headers["content-security-policy"]
    assert policy == f"{html.unescape(inside)}; frame-ancestors 'none'"


def test_the_page_is_kept_until_a_row_is_added(host, monkeypatch):
    for name in ("FRESH", "PAUSE"):
        monkeypatch.setattr(board_page, name, 0)
    first = host.client.get("/")
    again = host.client.get("/", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    host.submit(ROWS[0])
    host.work()
    new = host.client.get("/", headers={"if-none-match": first.headers["etag"]})
    assert new.status_code == 200
    assert ROWS[0].name in new.text
    assert host.client.head("/").status_code == 200


@pytest.mark.parametrize("path", ["/", "/api/board"])
def test_answers_are_compressed_for_who_can_read_it(path, host):
    zipped, plain = (
        host.client.get(path, headers={"accept-encoding": how}) for how in ("gzip, br", "identity")
    )
    assert zipped.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert zipped.content == plain.content
    for answer in (zipped, plain):
        assert answer.headers["vary"] == "accept-encoding"
    assert int(plain.headers["content-length"]) == len(plain.content)
    if path == "/":
        assert int(zipped.headers["content-length"]) < len(plain.content) / 2


@pytest.mark.parametrize(
    "error", [OperationalError("SELECT secret", {}, Exception("locked")), NoConnection("secret")]
)
def test_a_database_that_does_not_answer(error, host, monkeypatch):
    def broken(*_):
        raise error

    monkeypatch.setattr(application.submissions, "waiting", broken)
    answer = host.client.get("/api/health")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "60"
    assert "secret" not in answer.text


def test_a_board_that_is_gone(host):
    """As when a network file system is not mounted: no row is added beside it."""
    key = host.submit(ROWS[0]).json()["id"]
    host.settings.board_folder.rmdir()
    answer = host.client.get("/")
    assert answer.status_code == 503
    assert str(host.settings.folder) not in answer.text
    host.work()
    assert host.state(key)["state"] == "failed"
    assert not host.settings.board_folder.exists()
    host.settings.board_folder.mkdir()
    assert host.client.get("/").status_code == 200
    assert host.submit(ROWS[0]).json() == {**host.state(key), "state": "waiting", "finished": None}
    host.work()
    assert host.state(key)["state"] == "accepted"


def test_a_full_disk_and_a_crash_leave_nothing(host, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device", "/somewhere")

    with monkeypatch.context() as patch:
        patch.setattr(uploads, "_copy", full)
        assert host.post(SMALL).status_code == 503
    assert not list(host.settings.uploads.iterdir())
    with monkeypatch.context() as patch:  # between the files and the database, by kill -9
        settle = uploads.settle
        patch.setattr(uploads, "take_back", lambda *_: None)
        patch.setattr(uploads, "settle", lambda *a: settle(*a) or full())
        assert host.post(SMALL).status_code == 503
    assert len(list(host.settings.uploads.iterdir())) == 1
    assert host.work() == 0
    first = host.post(SMALL)
    assert first.status_code == 202
    assert host.work() == 1
    assert json.loads(host.client.get(first.headers["location"], headers=host.bearer).text)[
        "state"
    ] == "refused"  # fmt: skip
