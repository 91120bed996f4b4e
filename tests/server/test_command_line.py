"""The commands for those who host a board."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys

import pytest

from corruptbench.cli import main


@pytest.fixture
def run(capsys, tmp_path):
    """Runs ``corruptbench leaderboard`` in this process, with the folder of a server."""

    def _run(*words: str) -> tuple[int, str, str]:
        try:
            main(["leaderboard", *words, "--folder", str(tmp_path / "server")])
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return _run


def test_tokens_and_log(run):
    code, made, _ = run("token", "add", "alice")
    assert code == 0
    assert re.fullmatch(r"cbt_1_[\w-]{43}\n", made)
    assert run("token", "add", "bob")[0] == 0
    assert run("token", "revoke", "bob")[1] == "revoked: bob\n"
    lines = run("token", "list")[1].splitlines()
    assert [line.split(":")[0] for line in lines] == ["alice", "bob"]
    assert ["revoked" in line for line in lines] == [False, True]
    assert run("token", "add", "alice")[0] == 2
    assert run("token", "revoke", "nobody")[0] == 2
    entries = json.loads(run("log", "--json")[1])
    assert [(e["who"], e["what"], e["outcome"]) for e in entries] == [
        ("owner", "token add", "alice"), ("owner", "token add", "bob"),
        ("owner", "token revoke", "bob"),
    ]  # fmt: skip
    assert run("log", "--last", "1")[1].endswith("owner  token revoke    bob\n")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])
def test_a_public_address_needs_a_flag(host, run):
    code, out, err = run("serve", "--host", host)
    assert (code, out) == (2, "")
    assert "other machines could reach it" in err
    assert "option --host" in err
    assert err.count("\n") == 1


def test_wrong_addresses(run):
    for host in ("nowhere.invalid", "a..b", "x" * 70):
        assert f"host {host}: " in run("serve", "--host", host)[2]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, _, err = run("serve", "--port", port)
    assert code == 2
    assert f"127.0.0.1 port {port}" in err


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("bord = 'x'", "did you mean board"),
        ("limits.upload_mb = 0", "limits.upload_mb"),
        ("database = 'mysql://a@b/c'", "found mysql, expected postgresql"),
        ("database = 'nothing'", "no URL"),
        ("database = 'postgresql://u:secret@/x?host=/nowhere'", "does not answer"),
        ("[", "not TOML"),
    ],
)
def test_wrong_settings(toml, words, run, tmp_path):
    (tmp_path / "server").mkdir()
    (tmp_path / "server/server.toml").write_text(toml)
    code, out, err = run("log")
    assert (code, out) == (2, "")
    assert words in err
    assert "secret" not in err
    assert "Traceback" not in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("manifest = 'studio-d'", "unknown manifest"),
        ("manifest = 'mine.toml'", "no such file"),
        ("manifest = 'studio-c'\nresults = false", "takes nothing"),
        ("manifest = 'studio-c'\nshards = 'none'", "no folder"),
        ("manifest = 'studio-c'\n[[benchmark]]\nmanifest = 'studio-c'", "there twice"),
    ],
)
def test_wrong_benchmarks(toml, words, run, tmp_path):
    (tmp_path / "server").mkdir()
    (tmp_path / "server/server.toml").write_text(f"[[benchmark]]\n{toml}")
    for command in ("serve", "work"):
        code, out, err = run(command)
        assert (code, out) == (2, "")
        assert words in err


def test_without_the_packages():
    code = (
        "import sys; sys.modules['sqlalchemy'] = None\n"
        "from corruptbench.cli import main\n"
        "main(['leaderboard', 'token', 'add', 'x'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "pip install 'corruptbench[server]'" in done.stderr
