"""`corruptbench demo`: what it writes, that it resumes, and what it leaves alone."""

from __future__ import annotations

import errno
import hashlib
import os

import pytest

from corruptbench.cli import demo
from tests.fixtures.tiny_benchmark import tiny_manifest

WRITTEN = {
    "README.txt", "board", "leaderboard.html", "preview.png", "results", "shards",
}  # fmt: skip


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """The folder of a demo of the tiny benchmark."""
    monkeypatch.setattr(demo, "MANIFEST", str(tiny_manifest(tmp_path)))
    return tmp_path / "demo"


def content(folder):
    paths = sorted(p for p in folder.rglob("*") if p.is_file())
    return {p: hashlib.sha256(p.read_bytes()).hexdigest() for p in paths}


@pytest.mark.detector
def test_demo_and_again(cli, tiny):
    first = cli("demo", "--out", tiny, "--quiet")
    assert (first.code, first.err) == (0, "")
    assert {p.name for p in tiny.iterdir()} == WRITTEN
    assert "videopose3d-27" in (tiny / "leaderboard.html").read_text()
    (tiny / "preview.png").unlink()
    row = next(tiny.glob("board/*/videopose3d-27")) / "result.json"
    row.write_text(row.read_text().replace('"n_scored":', '"n_scored": 1'))  # of other shards
    before = content(tiny / "shards")
    second = cli("demo", "--out", tiny)
    assert second.code == 0, second.err
    assert "0 to build" in second.err
    assert content(tiny / "shards") == before
    assert {p.name for p in tiny.iterdir()} == WRITTEN


def test_demo_leaves_the_folders_of_others_alone(cli, tmp_path):
    (tmp_path / "board").mkdir()
    (tmp_path / "board/mine").write_text("mine")
    before = content(tmp_path)
    done = cli("demo", "--out", tmp_path)
    assert done.code == 2
    assert str(tmp_path) in done.err
    assert content(tmp_path) == before


def test_demo_fetches_weights(cli, tmp_path, monkeypatch):
    asked = []

    def fetch(spec, source, progress):
        asked.append((spec, source))
        progress("fetching")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setenv("CORRUPTBENCH_WEIGHTS", str(tmp_path / "none"))
    monkeypatch.setattr("corruptbench.detectors.weights.fetch", fetch)
    done = cli("demo", "--out", tmp_path / "demo")
    assert done.code == 2
    assert asked == [("movenet:lightning", None)]
    assert "corruptbench weights fetch movenet:lightning" in done.err
    assert f"{tmp_path / 'demo'}: " in done.err
    assert "the same command resumes" in done.err
