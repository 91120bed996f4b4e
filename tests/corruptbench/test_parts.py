"""Builds in parts: which clips each one has, who may work in a folder, and what comes out."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import replace

import pytest

from corruptbench import process_id
from corruptbench.api import build_part
from corruptbench.builder import parts
from corruptbench.builder.parts import Part, items_of, parse_part
from corruptbench.builder.plan import WorkItem
from corruptbench.builder.reservation import reserved, reserved_for
from corruptbench.builder.temporaries import without_temporaries_of
from corruptbench.cli import main
from corruptbench.datasets import ClipId
from corruptbench.errors import IncompleteError, InputError
from corruptbench.files import _mark, temporaries
from corruptbench.manifest import CLEAN
from corruptbench.process_id import this_process
from corruptbench.shards.records import shard_path
from tests.corruptbench.conftest import build_arguments

FEW = ("--severity", "1", "--corruption", "erase", "--workers", "1")


def files(folder):
    """Relative path to bytes, of all files."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def lasting(folder):
    """Relative path to bytes, without the locks and temporary files that a killed part leaves."""
    return {k: v for k, v in files(folder).items() if not k.endswith((".lock", ".part"))}


def work_items(out, frames):
    ids = [ClipId("mini", "A1", f"walk_{i}", "cam1", "walk") for i in range(len(frames))]
    return [
        WorkItem(c, (CLEAN,), shard_path(out, c), out / "videos" / str(c), n, (64, 64), "f")
        for c, n in zip(ids, frames, strict=True)
    ]


@pytest.mark.parametrize("wanted", ["0/8", " 0 / 8 ", (0, 8)])
def test_a_part(wanted):
    assert parse_part(wanted) == Part(0, 8)
    assert str(parse_part(wanted)) == "0/8"


@pytest.mark.parametrize("wanted", ["8/8", (9, 8), "0/0", "1", "", "-1/8", "a/8", "1/8/9", "٠/8"])
def test_no_part(wanted):
    with pytest.raises(InputError, match="expected") as caught:
        parse_part(wanted)
    assert caught.value.parameter == "part"


def test_the_last_part_is_explained_to_those_who_count_from_1():
    with pytest.raises(InputError, match=r"expected 0/8 to 7/8.*from 0.*\(0-7\)"):
        parse_part("8/8")


@pytest.mark.parametrize("count", [1, 2, 3, 7, 20])
def test_parts_have_each_clip_once_and_about_as_many_frames(count, tmp_path):
    items = work_items(tmp_path, [900, 10, 300, 300, 300, 20, 500, 70, 300, 300, 100, 400])
    divided = [items_of(Part(i, count), items) for i in range(count)]
    assert sorted(str(i.clip_id) for d in divided for i in d) == sorted(
        str(i.clip_id) for i in items
    )
    sums = [sum(i.frames for i in d) for d in divided]
    assert max(sums) <= max(900, sum(sums) / count + 300)
    for i, found in enumerate(divided):
        assert [x for x in items if x in found] == list(found)
        assert set(items_of(Part(i, count), items[::-1])) == set(found)


def test_who_may_work_in_a_folder(tmp_path):
    out = tmp_path / "deep" / "out"
    with ExitStack() as stack:
        stack.enter_context(reserved_for(Part(0, 2), out))
        with reserved_for(Part(1, 2), out):
            pass
        with pytest.raises(InputError, match="part 0/2 is running"), reserved_for(Part(0, 2), out):
            pass
        with pytest.raises(InputError, match="another build is running"), reserved(out):
            pass
    assert list(tmp_path.iterdir()) == []
    with (
        reserved(out),
        pytest.raises(InputError, match="whole build is running"),
        reserved_for(Part(0, 2), out),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_part_removes_temporary_files_of_its_clips_alone(tmp_path):
    """Also those of another machine, as this part holds the lock; but not of a live worker here."""
    mine, others = work_items(tmp_path, [10, 10])
    gone, alive = replace(this_process(), start=1), replace(this_process(), pid=os.getppid())
    alive = replace(alive, start=process_id._stat(alive.pid)[1])
    elsewhere = replace(this_process(), machine="0" * 12)

    def touch(target, process):
        target.parent.mkdir(parents=True, exist_ok=True)
        path = target.with_name(f".{_mark(target)}.{process}.part")
        path.touch()
        return path

    targets = (mine.path, mine.videos / "clean.mp4")
    go = [touch(t, p) for t in targets for p in (gone, elsewhere)]
    stay = [touch(t, alive) for t in targets]
    stay += [touch(t, gone) for t in (others.path, others.videos / "clean.mp4")]
    with without_temporaries_of([mine]):
        assert not any(p.exists() for p in go)
        assert all(p.exists() for p in stay)
        left_by_a_worker, of_the_new_holder = (touch(mine.path, p) for p in (gone, elsewhere))
    assert not left_by_a_worker.exists()
    assert of_the_new_holder.exists()


def test_of_parts_that_begin_at_once_the_first_one_decides(tmp_path, monkeypatch):
    first, second = (_record(parts=n) for n in (2, 3))
    parts.join_parts(tmp_path, first)
    monkeypatch.setattr(parts.Path, "exists", lambda _: False)  # as it was a moment ago
    parts._write_first(parts.record_path(tmp_path), second)
    monkeypatch.undo()
    assert parts.read_parts(tmp_path) == first
    assert [p.name for p in tmp_path.iterdir()] == ["parts.json"]
    monkeypatch.setattr(os, "link", _no_links)
    parts.record_path(tmp_path).unlink()
    parts.join_parts(tmp_path, first)
    parts._write_first(parts.record_path(tmp_path), second)
    assert [p.name for p in tmp_path.iterdir()] == ["parts.json"]
    with pytest.raises(InputError, match=r"parts\.json: parts: .*began with 2, here it is 3"):
        parts.join_parts(tmp_path, second)


def _no_links(*_):
    """Act as exFAT and some network file systems do."""
    raise PermissionError(errno.EPERM, "Operation not permitted")


def _record(**changes):
    digest = "0" * 64
    fields = {
        "format": "corruptbench-parts/1", "parts": 2, "runtime": "cpu", "cells": ("clean",),
        "benchmark": {"id": "m", "version": 1, "manifest_sha256": digest},
        "detector": {
            "name": "d", "layout": "coco17", "score_meaning": "s", "weights_sha256": digest
        },
        "crf": None, "clips_sha256": digest, "build_version": 1, "software": {"numpy": "1"},
    }  # fmt: skip
    return parts.PartsRecord.model_validate(fields | changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"clips_sha256": "1" * 64}, "clips_sha256"),
        ({"build_version": 2}, "build_version: .*began with 1, here it is 2"),
        ({"software": {"numpy": "2"}}, r"software\.numpy: .*began with 1, here it is 2"),
        ({"cells": ("clean", "erase 1")}, "cells: .*began with clean, here it is clean, erase 1"),
        ({"runtime": "cuda"}, "runtime"),
    ],
)
def test_parts_of_other_inputs(changes, said, tmp_path):
    parts.join_parts(tmp_path, _record())
    with pytest.raises(InputError, match=said):
        parts.join_parts(tmp_path, _record(**changes))


@pytest.fixture(scope="module")
def whole(mini, mini_manifest, tmp_path_factory):
    """A finished build of `FEW`; do not write to it."""
    out = tmp_path_factory.mktemp("whole")
    main(build_arguments(mini, mini_manifest, out, *FEW))
    return out


@pytest.mark.detector
def test_parts_give_the_bytes_of_one_build(mini, mini_manifest, whole, tmp_path, cli):
    """Two parts side by side in two processes, one of them killed and run again."""
    out = tmp_path / "out"
    words = build_arguments(mini, mini_manifest, out, *FEW)
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "corruptbench", *words, "--part", f"{i}/2"],
            stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )
        for i in (1, 0)
    ]  # fmt: skip
    try:
        killed, other = running
        deadline = time.monotonic() + 120
        while not list(out.rglob("*.parquet")) and time.monotonic() < deadline:
            time.sleep(0.02)
        killed.send_signal(signal.SIGSTOP)  # so that it does not end before it is killed
        assert killed.poll() is None, "the part ended before it could be killed"
        beside = cli(*words)
        assert beside.code == 2
        assert "another build is running" in beside.err
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
        assert other.wait(timeout=120) == 0
    finally:
        for process in running:
            process.kill()
            process.wait()
    assert not (out / "lock.json").exists()
    before = lasting(out)
    early = cli(*words, "--finish")
    assert early.code == 3
    assert "of 6 clips not built" in early.err
    assert lasting(out) == before
    assert cli(*words, "--part", "1/2").code == 0
    assert not (out / "lock.json").exists()
    assert cli(*words, "--finish").code == 0
    assert files(out) == files(whole)


@pytest.mark.detector
def test_what_is_removed_before_a_part_and_before_a_whole_build(
    mini, mini_manifest, whole, tmp_path, cli
):
    out = tmp_path / "out"
    for path in whole.rglob("*.parquet"):  # as others are writing, or killed ones wrote
        temporary = out / path.relative_to(whole).with_name(f".{_mark(path)}.1.part")
        temporary.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch()
    words = build_arguments(mini, mini_manifest, out, *FEW)
    assert cli(*words, "--part", "0/6").code == 0
    (built,) = out.rglob("*.parquet")
    left = [p.name for p in out.rglob("*.part")]
    assert len(left) == 5
    assert temporaries(built) == []
    assert cli(*words).code == 0
    assert files(out) == files(whole)


@pytest.mark.detector
def test_a_folder_that_was_begun_otherwise(mini, mini_manifest, tmp_path, cli):
    out = tmp_path / "out"
    words = build_arguments(mini, mini_manifest, out, "--corruption", "erase", "--workers", 1)
    done = cli(*words, "--severity", "1", "--part", "5/6")
    assert done.code == 0, done.err
    assert "part 5/6 (1 clip)" in done.out
    for other, said in (
        (("--severity", "2", "--part", "0/6"), "cells: "),
        (("--severity", "1", "--part", "0/2"), "parts: "),
        (("--severity", "2", "--finish"), "cells: "),
    ):
        refused = cli(*words, *other)
        assert refused.code == 2
        assert f"parts.json: {said}" in refused.err
    empty = build_arguments(mini, mini_manifest, tmp_path / "many", *FEW, "--part", "7/8")
    assert "part 7/8 (0 clips)" in cli(*empty).out
    both = cli(*words, "--part", "0/6", "--finish")
    assert both.code == 2
    with pytest.raises(IncompleteError) as caught:
        _finish(mini, mini_manifest, out)
    assert "5 of 6 clips" in str(caught.value)
    assert build_part((5, 6), mini_manifest, root=mini, severity=1, corruption="erase", out=out,
                      workers=1, progress=False) == 1  # fmt: skip


@pytest.mark.parametrize("found", ["no such folder", "a folder"])
def test_nothing_to_finish(mini, mini_manifest, tmp_path, cli, found):
    out = tmp_path / "out"
    if found == "a folder":
        out.mkdir()
    done = cli(*build_arguments(mini, mini_manifest, out, "--finish"))
    assert done.code == 3
    assert f"{out}: nothing is built here yet ({found} without shards); build the parts" in done.err
    assert "(option --out)" in done.err
    assert not list(tmp_path.rglob("*.lock"))


def _finish(mini, mini_manifest, out):
    from corruptbench import finish_build

    return finish_build(mini_manifest, root=mini, severity=1, corruption="erase", out=out)


@pytest.mark.parametrize("part", ["0/99999999999", f"0/{10**40}"])
def test_more_parts_than_any_benchmark_has_clips_are_refused(part):
    with pytest.raises(InputError, match="too many parts; expected at most"):
        parse_part(part)
