"""Copies of data sets that hold what a benchmark needs and no more, for `data check`.

Trees have all files of the benchmarks by their official names, and labels of official lengths;
videos are empty files whose facts the tests make up.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from corruptbench.datasets.human36m import tables
from corruptbench.datasets.humaneva.partitions import OFFICIAL, POSITIONS
from corruptbench.errors import InputError
from corruptbench.video import probe
from tests.fixtures import human36m
from tests.fixtures import humaneva as eva
from tests.fixtures.facts import facts


@pytest.fixture
def check(cli):
    """Exit code, and the records of a check that are not "ok"."""

    def run(*words):
        done = cli("data", "check", *words, "--json")
        assert not done.err
        records = json.loads(done.out)
        assert all(r["remedy"] for r in records if r["level"] != "ok")
        return done.code, [r for r in records if r["level"] != "ok"]

    return run


def brief(records):
    return {(r["level"], r["subject"], r["what"]) for r in records}


@pytest.fixture(scope="session")
def benchmark_h36m(tmp_path_factory):
    """S9 and S11 but for Directions of S11; do not write to it."""
    frames = {s: {n: v[0] for n, v in tables.official().frames[s].items()} for s in ("S9", "S11")}
    del frames["S11"]["Directions"]
    return human36m.write_official(tmp_path_factory.mktemp("h36m"), frames)


@pytest.fixture
def h36m(benchmark_h36m, tmp_path, monkeypatch):
    """A copy whose videos are the official ones by their headers, if empty."""

    def header(path):
        if path.stat().st_size:
            raise InputError(f"{path}: not a video")
        sequence, camera = path.stem.rsplit(".", 1)
        subject = path.parent.parent.name
        frames = tables.video_frames(subject, sequence, camera)
        return facts(tables.size(subject, camera), frames, 50)

    monkeypatch.setattr(probe, "probe", header)
    return shutil.copytree(benchmark_h36m, tmp_path / "h36m")


@pytest.fixture
def humaneva(tmp_path, monkeypatch):
    """The 27 videos of the benchmark and what goes with them; Sync_Data of Walking only.

    A video's frames by its header are those that its file names, else enough.
    """
    root = tmp_path / "eva"
    for recording in OFFICIAL:
        if recording.action not in ("Walking", "Jog", "Box"):
            continue
        subject = root / recording.subject
        (subject / "Image_Data").mkdir(parents=True, exist_ok=True)
        for name in ("C1", "C2", "C3"):
            (subject / "Image_Data" / f"{recording.name}_({name}).avi").touch()
        eva.write_converted(root, recording, {})
        eva.write_offsets(subject / "Sync_Data", recording)
    shutil.rmtree(root / "converted_15j/Train")
    for subject, places in POSITIONS.items():
        for (name, camera), place in zip(eva.cameras().items(), places, strict=True):
            path = root / subject / "Calibration_Data" / f"{name}.cal"
            turn = eva.looking_from(np.array(place))
            eva.write_camera(path, replace(camera, position=np.array(place), rotation=turn))

    def header(path):
        text = path.read_text()
        if "<" in text:
            raise InputError(f"{path}: not a video")
        return facts(eva.SIZE, int(text or 2000), 60)

    monkeypatch.setattr(probe, "probe", header)
    return root
