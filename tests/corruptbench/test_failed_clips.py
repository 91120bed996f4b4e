"""Clips that cannot be built cost no other clip."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from corruptbench.api.building import build_request
from corruptbench.builder import runner, worker_process, workers
from corruptbench.builder.failures import Failure
from corruptbench.builder.station import Station, attempt
from corruptbench.corruptions import CorruptionError
from corruptbench.errors import InputError
from tests.corruptbench.conftest import build_arguments
from tests.corruptbench.test_parts import files, whole  # noqa: F401
from tests.fixtures import endings
from tests.fixtures.folder import FRAMES, damage, motion, write_labels

FEW = ("--severity", "1", "--corruption", "erase")


def outcomes(recipe, ticks=None):
    station = SimpleNamespace(recipe=recipe)
    tick = (lambda _: None) if ticks is None else ticks.append
    return {
        item.clip_id: failure for item, failure in workers.build_items(
            station, 2, endings.ITEMS, tick
        )
    }  # fmt: skip


def test_a_clip_whose_worker_dies_is_tried_once_more(tmp_path, monkeypatch):
    monkeypatch.setattr(worker_process, "_start", endings.dies_at_items)
    ticks = []
    found = outcomes(tmp_path, ticks)
    tries = sorted(p.name for p in tmp_path.iterdir())
    assert tries == ["first.0", "second.0", "second.1", "third.0", "third.1"]
    assert found["first"] is found["third"] is None
    failure = found["second"]
    assert (failure.clip, failure.exit_code, failure.signal) == ("second", 7, None)
    assert "ended with exit code 7" in failure.cause
    assert sum(ticks) == 10, "crops of a worker that died do not count"


def test_a_clip_whose_worker_hangs_is_tried_once_more(tmp_path, monkeypatch):
    """An ONNX model with an endless loop, for example."""

    def silence(worker, _):
        hanging = [tmp_path / f"hangs-{process.pid}" for process in worker.processes]
        return 3600.0 if any(path.exists() for path in hanging) else 0.0

    monkeypatch.setattr(worker_process, "_start", endings.hangs_at_items)
    monkeypatch.setattr(worker_process.Worker, "silence", silence)
    ticks = []
    with pytest.warns(UserWarning, match="was ended: it finished no batch for 30 min") as said:
        found = outcomes(tmp_path, ticks)
    tries = sorted(p.name for p in tmp_path.glob("*.*"))
    assert tries == ["first.0", "second.0", "second.1", "third.0", "third.1"]
    assert found["first"] is found["third"] is None
    failure = found["second"]
    assert (failure.clip, failure.exit_code, failure.signal) == ("second", None, signal.SIGKILL)
    assert re.fullmatch(r"worker [12] was ended: it finished no batch for 30 min", failure.cause)
    warned = sorted(str(w.message).partition(":")[0] for w in said)
    assert warned == ["second", "third"], "once for each"
    assert sum(ticks) == 10, "crops of a worker that hung do not count"


def test_a_worker_is_silent_until_its_next_batch_or_item():
    worker = worker_process.Worker(1, None, worker_process.shared("b"))
    assert [worker.silence(2.0) for _ in range(3)] == [2.0, 4.0, 6.0]
    worker.counter.value += 8
    assert [worker.silence(2.0) for _ in range(2)] == [0.0, 2.0]
    worker.counter.value -= 8  # an item that failed
    assert [worker.silence(2.0) for _ in range(2)] == [0.0, 2.0]
    worker.pool = SimpleNamespace(submit=lambda *_: None)
    worker.give(endings.ITEMS[0])
    assert worker.silence(2.0) == 2.0


def test_a_worker_that_hangs_in_its_start_ends_the_build(monkeypatch):
    monkeypatch.setattr(worker_process, "_start", endings.hangs_at_once)
    monkeypatch.setattr(workers, "SILENCE", 0.5)
    with pytest.raises(InputError, match=r"finished no batch.*same command"):
        outcomes(None)


def test_the_others_are_built(monkeypatch):
    monkeypatch.setattr(worker_process, "_start", endings.fails_at_the_second)
    assert outcomes(None) == {"first": None, "second": Failure("second", "bad"), "third": None}


def test_a_full_disk_ends_the_build(monkeypatch):
    monkeypatch.setattr(worker_process, "_start", endings.finds_the_disk_full)
    with pytest.raises(OSError, match="No space left"):
        outcomes(None)


@pytest.mark.parametrize("kind", [InputError, CorruptionError])
def test_an_attempt_that_fails_takes_its_crops_back(kind):
    done = []

    def build(_, tick):
        tick(3)
        tick(4)
        raise kind("the video is damaged")

    assert attempt(build, endings.ITEMS[0], done.append) == Failure("first", "the video is damaged")
    assert sum(done) == 0


@pytest.mark.detector
@pytest.mark.parametrize("number", [1, 2])
def test_a_damaged_clip_and_its_repair(number, mini, mini_manifest, whole, tmp_path, cli):  # noqa: F811
    data, out = tmp_path / "data", tmp_path / "out"
    shutil.copytree(mini, data)
    victim = data / "videos/A1/sway_1.cam1.mp4"
    damage(victim)
    words = build_arguments(data, mini_manifest, out, *FEW, "--workers", number)
    done = cli(*words)
    assert done.code == 3
    assert "Traceback" not in done.err
    assert "1 of 6 clips could not be built" in done.err
    assert len(list(out.rglob("*.parquet"))) == 5
    assert not (out / "lock.json").exists()
    (failure,) = json.loads((out / "failures.json").read_text())["failures"]
    assert failure["clip"] == "mini/A1/sway_1.cam1"
    assert "sway_1.cam1.mp4" in failure["cause"]
    assert f"{failure['clip']}: {failure['cause']}" in done.err
    shutil.copy(mini / "videos/A1/sway_1.cam1.mp4", victim)
    again = cli(*words)
    assert again.code == 0
    assert "1 to build" in again.err
    assert files(out) == files(whole)


@pytest.mark.detector
def test_a_killed_worker_does_not_end_the_build(mini, mini_manifest, whole, tmp_path):  # noqa: F811
    out = tmp_path / "out"
    words = build_arguments(mini, mini_manifest, out, *FEW, "--workers", 2)
    process = subprocess.Popen(
        [sys.executable, "-m", "corruptbench", *words], stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 120
    while not list(out.rglob("*.parquet")) and time.monotonic() < deadline:
        assert process.poll() is None, "the build ended before a worker could be killed"
        time.sleep(0.02)
    os.kill(_workers(process.pid)[0], signal.SIGKILL)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert files(out) == files(whole)


def _workers(pid):
    """Process ids of the workers of a build."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(c) for c in children if b"spawn_main" in Path(f"/proc/{c}/cmdline").read_bytes()]


@pytest.mark.detector
def test_the_failures_of_a_part(mini, mini_manifest, whole, tmp_path, cli):  # noqa: F811
    data, out = tmp_path / "data", tmp_path / "out"
    shutil.copytree(mini, data)
    damage(data / "videos/A1/sway_1.cam1.mp4")
    words = build_arguments(data, mini_manifest, out, *FEW, "--workers", 1)
    codes = [cli(*words, "--part", f"{i}/2").code for i in (0, 1)]
    assert sorted(codes) == [0, 3]
    assert len(list(out.glob("failures-*-of-2.json"))) == 1
    early = cli(*words, "--finish")
    assert early.code == 3
    assert f"  mini/A1/sway_1.cam1 (part {codes.index(3)}/2)" in early.err
    shutil.copy(mini / "videos/A1/sway_1.cam1.mp4", data / "videos/A1/sway_1.cam1.mp4")
    assert [cli(*words, "--part", f"{i}/2").code for i in (0, 1)] == [0, 0]
    assert not list(out.glob("failures*"))
    assert cli(*words, "--finish").code == 0
    assert files(out) == files(whole)


@pytest.mark.detector
def test_a_clip_that_a_dead_worker_had_finished_stays(mini, mini_manifest, tmp_path, cli):
    """The second try finds nothing to do."""
    assert cli(*build_arguments(mini, mini_manifest, tmp_path, *FEW)).code == 0
    request = build_request(
        mini_manifest, root=mini, severity="1", corruption="erase", out=tmp_path
    )
    station, plan = runner._prepared(request)
    before = {item.path: item.path.stat() for item in plan.items}
    for item in plan.items:
        assert attempt(station.build, item, lambda _: None) is None
    assert {path: path.stat() for path in before} == before


def other_picture(root):
    shutil.copy(root / "videos/A1/step_1.cam1.mp4", root / "videos/A2/step_1.cam1.mp4")


def other_labels(root):
    joints = motion(FRAMES, 1) + 20.0
    write_labels(root / "labels/A2.parquet", {"step_1": joints})


@pytest.mark.detector
def test_a_video_that_vanishes_while_a_build_runs_costs_no_other_clip(
    mine, mini_manifest, tmp_path
):
    request = build_request(
        mini_manifest, root=mine, severity="1", corruption="erase", out=tmp_path / "out"
    )
    _, plan = runner._prepared(request)
    item = next(i for i in plan.items if i.clip_id.subject == "A2")
    (mine / f"videos/A2/step_1.{item.clip_id.camera}.mp4").unlink()
    failure = attempt(Station(request.recipe).build, item, lambda _: None)
    assert "expected the video of" in failure.cause


@pytest.mark.detector
def test_a_video_that_changes_while_its_clip_is_built(mine, mini_manifest, tmp_path):
    request = build_request(
        mini_manifest, root=mine, severity="1", corruption="erase", videos=True,
        out=tmp_path / "out",
    )  # fmt: skip
    station, plan = runner._prepared(request)
    item = next(i for i in plan.items if str(i.clip_id).endswith("A2/step_1.cam1"))
    failure = attempt(station.build, item, lambda _: other_picture(mine))
    assert "not those that the build was planned from" in failure.cause
    assert not item.path.exists()
    assert not [*item.videos.glob("*")]


@pytest.mark.detector
@pytest.mark.parametrize(
    ("detector", "change", "cameras"),
    [
        ("movenet:lightning", other_picture, {"cam1"}),
        ("ground-truth:projected", other_labels, {"cam1", "cam2"}),
    ],
)
def test_a_clip_that_changes_while_a_build_runs(
    mine, mini_manifest, tmp_path, detector, change, cameras
):
    """Its shard would have the fingerprint of the files that were there before."""
    request = build_request(
        mini_manifest, root=mine, severity="1", corruption="erase", detector=detector,
        out=tmp_path / "out",
    )  # fmt: skip
    _, plan = runner._prepared(request)
    change(mine)
    later = Station(request.recipe)  # as in a worker process, which starts after the plan
    tries = {item: attempt(later.build, item, lambda _: None) for item in plan.items}
    failed = {item: failure for item, failure in tries.items() if failure}
    assert {(i.clip_id.subject, i.clip_id.camera) for i in failed} == {("A2", c) for c in cameras}
    for item, failure in failed.items():
        assert "not those that the build was planned from" in failure.cause
        assert not item.path.exists()
