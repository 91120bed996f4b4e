"""Where output goes, what --json and --quiet print, and terminals of all kinds."""

from __future__ import annotations

import errno
import json
import os
import pty
import re
import resource
import signal
import subprocess
import sys
import termios
import time
import warnings
from contextlib import suppress
from io import StringIO

import pytest
from rich.table import Table

from corruptbench import cli as command_line
from corruptbench import processors
from corruptbench.cli import group
from corruptbench.cli.output import NARROW, say_table
from corruptbench.progress import Meter
from corruptbench.terminal import wrapped
from tests.corruptbench.conftest import run_process
from tests.docs.blocks import ROOT

CLIPS = ("clips", "--manifest", "studio-c-mini")
#: Quick, and says something.
LIST = ("weights", "list")


def keys_in_help(cli, *path):
    """Words of the sentence in a help that states the keys of --json."""
    return set(re.findall(r"\w+", cli(*path, "-h").out.partition("With --json:")[2]))


def printed(cli, *words):
    """What a command prints with --json; its help states every key."""
    done = cli(*words, "--json")
    assert done.code in (0, 1), done.err
    value = json.loads(done.out)
    rows = value if isinstance(value, list) else [value]
    path = [word for word in words[:2] if re.fullmatch("[a-z]+", str(word))]
    path = path if words[0] in ("data", "leaderboard", "weights") else path[:1]
    said = keys_in_help(cli, *path)
    for row in rows:
        nested = [r for part in ("rows", "cells") for r in _list(row.get(part))]
        for record in (row, *nested):
            assert set(record) <= said, set(record) - said
    return value, done


def _list(value):
    return value if isinstance(value, list) else []


def test_json_of_clips(cli):
    clips, _ = printed(cli, *CLIPS)
    assert len(clips) == 12
    assert [c["name"] for c in clips] == cli(*CLIPS).out.split("\n")[:-1]


def test_json_of_data_check_and_weights(cli):
    found, _ = printed(cli, "data", "check", "studio")
    assert {f["level"] for f in found} == {"ok"}
    weights, _ = printed(cli, "weights", "list")
    names = ["movenet:lightning", "movenet:thunder", "movenet:multipose"]
    assert [w["detector"] for w in weights] == names


@pytest.mark.detector
def test_json_of_results(cli, mini, mini_manifest, mini_full, tiny_lifter, tmp_path):
    own = ("--manifest", mini_manifest)
    of_shards = ("--shards", mini_full, "--root", mini, *own)
    quality, _ = printed(cli, "detections", *of_shards)
    assert (len(quality["cells"]), quality["detector"]) == (11, "movenet:lightning")
    score = ("evaluate", tiny_lifter, *of_shards, "--out", tmp_path)
    result, done = printed(cli, *score, "--quiet")
    assert done.err == ""
    assert result["complete"] is True
    assert result["result"]["lifter"]["name"] == "tiny"
    assert json.loads((tmp_path / "tiny.json").read_text()) == result["result"]
    submit = ("submit", tmp_path / "tiny.json", "--board", tmp_path / "board", *own)
    wrong = cli(*submit, "--paper", "2312.06797")
    assert wrong.code == 2
    assert "paper: found 2312.06797, expected arXiv:" in wrong.err
    said = {"paper": "arXiv:2312.06797", "report": "https://example.org/report.html"}
    paper = ("--paper", said["paper"], "--report", said["report"], "--training-data", "clean")
    first, _ = printed(cli, *submit, *paper)
    assert first["rows"][0]["about"] == said | {"training_data": ["clean"]}
    again, _ = printed(cli, *submit)
    assert (first["added"], again["added"]) == (True, False)
    board, _ = printed(cli, "leaderboard", "show", "--board", tmp_path / "board")
    assert board[0]["rows"] == first["rows"]
    assert first["rows"][0]["rank"] == 1
    own_board = ("--board", tmp_path / "board", *own)
    assert "1 row, no problem" in cli("leaderboard", "check", *own_board).out
    row = next((tmp_path / "board").rglob("result.json"))
    text = row.read_text()
    row.write_text(text.replace('"parameters": ', '"parameters": -'))
    wrong = cli("leaderboard", "check", *own_board)
    assert (wrong.code, "lifter.parameters" in wrong.err) == (2, True)
    shown, done = printed(cli, "leaderboard", "show", "--board", tmp_path / "board")
    assert (shown, "left out: " in done.err) == ([], True)
    row.write_text(text)
    checked, _ = printed(cli, "verify", mini_full, "--against", mini_full / "lock.json")
    comparison = checked["comparison"]
    assert set(comparison) <= keys_in_help(cli, "verify")
    assert (comparison["row_groups"], comparison["pixels"]) == (checked["row_groups"], [])


@pytest.mark.detector
def test_tables_fit_80_columns(cli, mini, mini_manifest, mini_shards, tiny_lifter, tmp_path):
    of_shards = ("--shards", mini_shards, "--root", mini, "--manifest", mini_manifest)
    for words in (
        ("detections", *of_shards),
        ("evaluate", tiny_lifter, *of_shards, "--out", tmp_path),
    ):
        done = cli(*words)
        sentences = ("result: ", "warning: ", "camera ")
        table = [line for line in done.out.splitlines() if not line.startswith(sentences)]
        assert max(map(len, table)) <= NARROW
        assert "1 clips" not in done.out + done.err
    assert "partial: " in done.err


@pytest.mark.detector
def test_quiet(cli, mini, mini_manifest, tmp_path):
    words = ("build", "--root", mini, "--manifest", mini_manifest, "--severity", 1)
    words += ("--corruption", "erase", "--workers", 1, "--out", tmp_path / "shards")
    assert cli(*words, "--quiet").err == ""
    loud = cli(*words)
    assert "0 to build (0 crops), 1 worker" in loud.err
    assert "2 cells" in loud.err
    bad = cli(*words[:-1], mini, "--quiet", "--detector", "openpose")
    assert (bad.code, bad.out) == (2, "")
    assert "openpose" in bad.err


def test_forced_color_is_no_terminal(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(sys, "stderr", log := StringIO())
    with Meter("build", 2, "crops") as meter:
        meter.advance(2)
    assert "\x1b" not in log.getvalue()
    assert "build: 2/2 crops" in log.getvalue()
    monkeypatch.setattr(sys, "stdout", log := StringIO())
    say_table(Table("bold head"), wide=160)
    assert "bold head" in log.getvalue()
    assert "\x1b" not in log.getvalue()


def test_a_warning_is_a_line_for_people(monkeypatch, cli):
    def warn(*_, **__):
        warnings.simplefilter("always")
        warnings.warn("out: it cannot be locked", stacklevel=1)

    monkeypatch.setattr(group, "main", warn)
    assert cli("clips").err == "warning: out: it cannot be locked\n"


@pytest.mark.parametrize("term", ["xterm", "dumb"])
def test_a_terminal_has_a_bar_unless_it_cannot_move(term):
    code = """if True:
        from corruptbench.progress import Meter
        with Meter("build", 2, "crops") as meter:
            meter.advance(2)
    """
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": term}
    subprocess.run([sys.executable, "-c", code], stderr=slave, env=environment, check=True)
    os.close(slave)
    shown = os.read(master, 65536).decode()
    os.close(master)
    assert ("\x1b[" in shown) == (term != "dumb")
    assert "2/2" in shown


def test_nobody_reads_the_output():
    command = f"{sys.executable} -m corruptbench {' '.join(LIST)} | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(closed):
    command = f"{sys.executable} -m corruptbench {' '.join(LIST)} {closed}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert ("movenet" in done.stdout) == (" >&-" not in f" {closed}")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
@pytest.mark.parametrize("words", [CLIPS, LIST, ("--version",)])
def test_stdout_that_cannot_be_written(words):
    command = f"{sys.executable} -m corruptbench {' '.join(words)} > /dev/full"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "standard output: " in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("encoding", ["ascii", "latin1", "utf-8"])
def test_names_that_the_terminal_cannot_show(encoding, tmp_path):
    name = os.fsdecode(os.fsencode(tmp_path) + b"/b\xf6rd-\xe2\x80\xa0")
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    words = ("leaderboard", "show", "--board", name)
    done = subprocess.run(
        [sys.executable, "-m", "corruptbench", *words],
        capture_output=True, env=environment, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert b"rd-" in done.stderr


@pytest.mark.parametrize("columns", ["1", "20", "x", "1000"])
def test_odd_widths(columns, cli, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    for words in (("-h",), ("build", "-h"), LIST):
        done = cli(*words)
        assert (done.code, done.err) == (0, "")


def test_a_full_disk_is_named(cli, monkeypatch, tmp_path):
    def full(*arguments, **options):  # noqa: ARG001
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("corruptbench.api.build", full)
    done = cli("build", "--out", tmp_path / "shards")
    assert done.code == 2
    assert f"{tmp_path / 'shards'}: " in done.err
    assert "the same command resumes" in done.err
    monkeypatch.setattr("corruptbench.datasets.open_dataset", full)
    assert "corruptbench clips: " in cli("clips").err


@pytest.mark.detector
def test_a_file_that_may_not_grow(mini, mini_manifest, tmp_path):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    words = ("build", "--root", mini, "--manifest", mini_manifest, "--workers", 1, "--severity", 1)
    done = run_process(*map(str, words), "--out", str(tmp_path / "shards"), preexec_fn=limit)
    assert done.returncode == 2, done.stderr
    assert str(tmp_path / "shards") in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("quota", "most"),
    [("max 100000", 64), ("200000 100000", 2), ("50000 100000", 1), ("", 64), (None, 64)],
)
def test_usable_processors(quota, most, monkeypatch, tmp_path):
    if quota is not None:
        (tmp_path / "cpu.max").write_text(quota)
    monkeypatch.setattr(processors, "QUOTA", tmp_path / "cpu.max")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    assert processors.usable_processors() == most
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    assert processors.usable_processors() == most


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_scheduler_ends_a_command_as_ctrl_c_does(number, monkeypatch, capsys):
    """Files that the command has open are closed, and the message says what it leaves."""
    closed = []

    def work(*_, **__):
        try:
            os.kill(os.getpid(), number)
            time.sleep(5)
        finally:
            closed.append(number)

    if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
        pytest.skip("this run is to go on after a hangup (nohup), and so are its commands")
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(command_line.group, "main", work)
    with pytest.raises(SystemExit) as ended:
        command_line.main(["evaluate"])
    assert ended.value.code == 128 + number
    assert "interrupted; nothing was written" in capsys.readouterr().err
    assert closed == [number]
    assert signal.getsignal(signal.SIGTERM) == before


def in_terminal(columns, *words):
    """What a command prints to stdout and stderr, both of them a terminal of this width."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, columns))
    environment = {k: v for k, v in os.environ.items() if k != "COLUMNS"} | {"TERM": "xterm"}
    command = [sys.executable, "-m", "corruptbench", *map(str, words)]
    process = subprocess.Popen(command, stdout=slave, stderr=slave, env=environment)
    os.close(slave)
    shown = b""
    with suppress(OSError):  # EIO: the other end is closed
        while part := os.read(master, 65536):
            shown += part
    os.close(master)
    process.wait()
    return shown.decode().replace("\r\n", "\n")


#: Commands with long lines: results, notes and errors.
LONG = (
    ("weights",),
    ("contract", "check", "c.toml"),
    ("contract", "init", "--out", "c.toml"),
    ("plan", "--boxes", "movenet:multipose"),
    ("verify", "there/is/no/such/folder"),
    ("build", "--detector", "movenet:nothing"),
)


@pytest.mark.parametrize("words", LONG)
def test_lines_fit_the_terminal(words, cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    cli("contract", "init", "--family", "videopose3d", "--out", "c.toml")
    columns = 72
    shown = in_terminal(columns, *words)
    whole = cli(*words)
    assert len(shown.split()) == len((whole.out + whole.err).split()), "nothing is cut"
    wide = [line for line in shown.splitlines() if len(line) > columns]
    assert all(" " not in line.strip() for line in wide), "only a path may be wider"
    assert max(map(len, (whole.out + whole.err).splitlines())) > columns, "a pipe has no edge"


def test_wrapped_lines_keep_their_words_and_indents():
    class Terminal(StringIO):
        def isatty(self):
            return True

    path = "/a/very/long/path/of/more/than/forty/columns/model.pt2"
    text = f"  error: {path}: no such file, expected one\nsecond line"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "40")
        lines = wrapped(text, Terminal()).split("\n")
        assert wrapped(text, StringIO()) == text
    assert lines == ["  error:", f"    {path}:", "    no such file, expected one", "second line"]
