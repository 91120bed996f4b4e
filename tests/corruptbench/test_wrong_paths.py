"""Folders, pipes and devices where a command reads or writes a file, and files in place of folders.

Each is refused by one sentence that says what was found there. A pipe is not waited for.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT

X = "X"  #: in the words of a command: the wrong path
SHARDS, MODEL, CONTRACT, VIDEO, BOARD = "SHARDS", "MODEL", "CONTRACT", "VIDEO", "BOARD"
#: Commands that are given X in place of a file.
FILES = (
    f"build --manifest {X}.toml",
    f"build --detector onnx:{X}.onnx",
    f"build --detector ground-truth:{X}.parquet",
    f"calibrate-scores {SHARDS} --out {X}",
    f"contract check {X}",
    f"contract check {CONTRACT} {X}",
    f"contract init --out {X}",
    f"corrupt {X} o.mp4 --corruption erase",
    f"corrupt {VIDEO} {X}.mp4 --corruption erase",
    f"corrupt {VIDEO} o.mp4 --corruption erase --boxes {X}.csv",
    f"evaluate {X} --shards {SHARDS}",
    f"evaluate-detector {SHARDS} --csv {X}",
    f"evaluate-detector {SHARDS} --html {X}",
    f"evaluate-detector {SHARDS} --scores calibrated --calibration {X}",
    f"export {X}.py:build --random --contract {CONTRACT}",
    f"measure-noise --shards {SHARDS} --out {X}",
    f"preview {VIDEO} --out {X}.png",
    f"report {X}",
    f"submit {X}",
    f"train --config {X}",
    f"train videopose3d --shards {SHARDS} --tagn {X}",
    f"train videopose3d --shards {SHARDS} --on-corruptions {X}",
    f"train videopose3d --shards {SHARDS} --log {X}",
    f"verify {SHARDS} --against {X}",
)
#: Commands that are given X in place of a folder.
FOLDERS = (
    f"build --out {X}",
    f"build --root {X}",
    f"calibrate-scores {X}",
    f"clips --manifest humaneva-i-c --root {X}",
    f"convert --shards {SHARDS} --format videopose3d --out {X}",
    f"convert --shards {X} --format videopose3d --out o",
    f"croissant {X}",
    f"demo --out {X}",
    f"detections --shards {X}",
    f"evaluate {MODEL} --shards {SHARDS} --out {X}",
    f"evaluate {MODEL} --shards {X}",
    f"evaluate-detector {X}",
    f"leaderboard check --board {X}",
    f"leaderboard check --before {X} --board {BOARD}",
    f"leaderboard export --board {X} --out o",
    f"leaderboard render --board {X}",
    f"leaderboard show --board {X}",
    f"measure-noise --shards {X}",
    f"plan --root {X}",
    f"score p.parquet --shards {SHARDS} --out {X}",
    f"train videopose3d --shards {X}",
    f"verify {X}",
)
FOUND = {
    "folder": ("a folder", "Is a directory", "exists"),
    "pipe": ("a device or pipe", "no regular file", "not a folder", "no folder", "exists"),
    "file": ("a file", "not a folder", "no folder"),
}


@pytest.fixture
def run(cli, mini, mini_manifest, drawn_shards, tiny_lifter, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli("contract", "init", "--family", "videopose3d", "--out", "c.toml").code == 0
    known = {
        SHARDS: drawn_shards.folder, MODEL: tiny_lifter, CONTRACT: "c.toml",
        VIDEO: next(mini.rglob("*.mp4")), BOARD: ROOT / "leaderboard/results",
    }  # fmt: skip

    def run(command, wrong):
        words = [str(known.get(w, w.replace(X, wrong))) for w in command.split()]
        own = () if "--root" in words else ("--root", mini)
        if "--manifest" not in words and words[0] not in NO_MANIFEST:
            words += ["--manifest", mini_manifest]
            words += own
        return cli(*words)

    return run


#: Commands without a data set, or without one in these tests.
NO_MANIFEST = (
    "clips", "contract", "corrupt", "croissant", "demo", "export", "leaderboard", "preview",
    "report", "submit", "verify",
)  # fmt: skip


def make(kind, path):
    {"folder": Path.mkdir, "pipe": os.mkfifo, "file": Path.touch}[kind](path)


def check(done, kind, name):
    assert done.code == 2, (done.out, done.err)
    assert name in done.err
    assert any(f"{words}" in done.err for words in FOUND[kind]), done.err
    assert any(word in done.err for word in ("expected", "name another", "remedy")), done.err


@pytest.mark.parametrize("kind", ["folder", "pipe"])
@pytest.mark.parametrize("command", FILES)
def test_in_place_of_a_file(command, kind, run, tmp_path):
    name = next(w for w in command.split() if X in w).replace(X, "wrong")
    name = name.partition(":")[2] if name.startswith(("onnx:", "ground")) else name
    name = name.partition(":")[0]
    make(kind, tmp_path / name)
    check(run(command, "wrong"), kind, name)


@pytest.mark.parametrize("kind", ["file", "pipe"])
@pytest.mark.parametrize("command", FOLDERS)
def test_in_place_of_a_folder(command, kind, run, tmp_path):
    make(kind, tmp_path / "wrong")
    check(run(command, "wrong"), kind, "wrong")
