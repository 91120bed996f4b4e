"""``corruptbench leaderboard send`` and ``sent``, against a server on loopback."""

from __future__ import annotations

import json
import shutil
import sys
import threading

import httpx2
import pytest

from corruptbench.cli import main
from corruptbench.errors import IncompleteError
from corruptbench.server import client as module
from corruptbench.server import serving
from corruptbench.server.client import Client, NotNowError, submission_files
from tests.docs.blocks import blocks
from tests.server.conftest import ROWS


@pytest.fixture
def url(host):
    """The address of a server without a worker."""
    server = serving.make_server(host.settings, host.engine, with_worker=False)
    listener = serving.bind("127.0.0.1", 0, public=False)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def run(capsys, monkeypatch, host, tmp_path):
    """Runs ``corruptbench leaderboard`` where alice has a result and her token."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    (tmp_path / "token.txt").write_text(f"{host.token}\n")
    shutil.copy(ROWS[0] / "result.json", "results/my-lifter.json")
    shutil.copy(ROWS[0] / "clips.parquet", "results/my-lifter.clips.parquet")
    monkeypatch.setattr(module, "PAUSE", 0.01)

    def _run(*words):
        try:
            main(["leaderboard", *words])
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        said = capsys.readouterr()
        return code, said.out, " ".join(said.err.split())

    return _run


def words_of_page(command):
    """The words of a command in docs/server.md, after ``corruptbench leaderboard``."""
    lines = [words for block in blocks("docs/server.md") for words in block.commands]
    (found,) = [words for words in lines if words[1:3] == ["leaderboard", command]]
    return found[2:]


def test_the_commands_of_the_page(run, url, host):
    def asked(command, *more, id=""):  # noqa: A002
        change = {"http://127.0.0.1:8000": url, "ID": id}
        return run(*(change.get(word, word) for word in words_of_page(command)), *more)

    code, out, err = asked("send", "--wait", "0")
    assert (code, out) == (3, "")
    key = err.split("submission ")[1].split(":")[0]
    assert f"submission {key}: waiting after 0 s" in err
    host.work()
    code, out, err = asked("sent", id=key)
    assert (code, out) == (0, f"accepted: studio-c-v3/{ROWS[0].name} (claimed)\n")
    code, out, _ = asked("send", "--json")
    assert code == 0
    assert json.loads(out) == host.state(key)
    assert len(host.rows()) == 1


def test_it_waits_for_the_end(run, url, host, monkeypatch):
    monkeypatch.setenv("CORRUPTBENCH_TOKEN", host.token)
    monkeypatch.setattr(module.time, "sleep", lambda _: host.work())
    code, out, err = run("send", "results/my-lifter.json", "--name", "new", "--server", url)
    assert (code, out) == (0, "accepted: studio-c-v3/new (claimed)\n")
    assert err.endswith(": accepted")


def test_a_refused_one(run, url, host, monkeypatch):
    monkeypatch.setattr(module.time, "sleep", lambda _: host.work())
    (host.settings.folder / "x.parquet").write_bytes(b"none")
    words = "--server", url, "--token-file", "token.txt"
    code, out, err = run("send", str(host.settings.folder / "x.parquet"), *words)
    assert (code, out) == (2, "")
    assert "error: refused: " in err


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["send", "results/none.json"], "no such file"),
        (["send", "model.pt2"], "expected a result (.json) or saved predictions"),
        (["send", "results/my-lifter.json", "--name", ""], "400: name: expected"),
        (["sent", "none"], "404: this token has no submission"),
        (["sent", "../board"], "expected the id"),
    ],
)
def test_wrong_words(words, text, run, url):
    code, out, err = run(*words, "--server", url, "--token-file", "token.txt")
    assert (code, out) == (2, "")
    assert text in err


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("http://board.example.org", "without encryption"),
        ("https://alice:secret@board.example.org", "has a password"),
        ("board.example.org", "expected an address"),
        ("ftp://127.0.0.1", "expected an address"),
        ("http://127.0.0.1:x", "expected an address"),
        ("http://127.0.0.1:9", "no answer"),
    ],
)
def test_wrong_addresses(address, text, run, host):
    code, out, err = run("sent", "1", "--server", address, "--token-file", "token.txt")
    assert (code, out) == (2, "")
    assert text in err
    assert "secret" not in err
    assert host.token not in err


@pytest.mark.parametrize("content", ["", "a b", "a\nb: c"])
def test_what_is_no_token(content, run, tmp_path):
    (tmp_path / "token.txt").write_text(content)
    code, _, err = run("sent", "1", "--server", "http://127.0.0.1:9", "--token-file", "token.txt")
    assert code == 2
    assert "expected" in err
    assert run("sent", "1", "--server", "http://127.0.0.1:9")[0] == 2


def test_a_wrong_token(run, url, tmp_path, host):
    (tmp_path / "token.txt").write_text(f"{host.token}x")
    code, _, err = run("sent", "1", "--server", url, "--token-file", "token.txt")
    assert code == 2
    assert "401: no valid token" in err
    assert host.token not in err


def answering(*answers):
    """A client of a server that gives these answers, the last one again and again."""
    left = list(answers)
    transport = httpx2.MockTransport(lambda _: left.pop(0) if len(left) > 1 else left[0])
    return Client("https://board.example.org", "token", transport)


def test_a_server_that_does_not_answer_for_a_while(monkeypatch):
    monkeypatch.setattr(module, "PAUSE", 0.01)
    told = []
    found = answering(
        httpx2.Response(200, json={"id": "1", "state": "waiting"}),
        httpx2.Response(503, json={"error": "later\x1b[2J"}, headers={"retry-after": "60"}),
        httpx2.Response(200, json={"id": "1", "state": "failed"}),
    )
    assert found.wait(found.state("1"), 60, told.append).state == "failed"
    assert [text.split(" (")[0] for text in told] == ["waiting", "no answer", "failed"]
    assert not any("\x1b" in text for text in told)


def test_the_time_limit(monkeypatch):
    monkeypatch.setattr(module, "PAUSE", 0.01)
    found = answering(httpx2.Response(200, json={"id": "1", "state": "running"}))
    with pytest.raises(IncompleteError, match=r"1: running after 0\.05 s; it stays"):
        found.wait(found.state("1"), 0.05, lambda _: None)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx2.Response(429, json={"error": "many"}, headers={"retry-after": "7"}), NotNowError),
        (httpx2.Response(302, headers={"location": "https://other.example.org"}), ValueError),
        (httpx2.Response(200, text="<html>"), ValueError),
        (httpx2.Response(200, json=[1]), ValueError),
    ],
)
def test_other_answers(answer, error, tmp_path):
    path = tmp_path / "x.parquet"
    path.write_bytes(b"x")
    with pytest.raises(error, match=f"answered with {answer.status_code}"):
        answering(answer).send(submission_files(path))


def test_without_the_package(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "httpx2", None)
    monkeypatch.delitem(sys.modules, "corruptbench.server.client")
    code, _, err = run("sent", "1", "--server", "http://127.0.0.1:9", "--token-file", "token.txt")
    assert code == 2
    assert "pip install 'corruptbench[server]'" in err
