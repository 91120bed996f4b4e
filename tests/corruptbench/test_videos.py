"""A build that also writes the corrupted videos."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from fractions import Fraction

import numpy as np
import pytest

from corruptbench.builder import corrupted_videos
from corruptbench.cli import main
from corruptbench.corruptions import ClipInfo, get
from corruptbench.manifest import Cell, load_manifest
from corruptbench.shards import parquet
from corruptbench.skeleton import H36M17
from corruptbench.video.reader import decode, frame_rate
from corruptbench.video.writer import comment_of, open_video
from tests.corruptbench.conftest import build_arguments
from tests.fixtures.folder import add_boxes, cameras, damage, motion, write_dataset

pytestmark = pytest.mark.detector

#: Labeled frames of the shorter clips.
LABELS = 4
NAMES = ["clean", "erase-1", "erase-3", "gaussian_noise-1", "gaussian_noise-3"]
WORDS = ("--severity", "1,3", "--videos", "--crf", 0)


def files(folder):
    """Relative path to bytes, of all files."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """Root of a data set of clips of `LABELS` labels and three more; do not write to it."""
    return write_dataset(tmp_path_factory.mktemp("short"), LABELS, surplus=2)


@pytest.fixture(scope="module")
def built(short, mini_manifest, tmp_path_factory):
    """A finished build with lossless videos; do not write to it."""
    out = tmp_path_factory.mktemp("built")
    main(build_arguments(short, mini_manifest, out, *WORDS, "--workers", 2))
    return out


@pytest.fixture
def again(short, mini_manifest, built, tmp_path, cli):
    """Runs the build on a copy of the finished one; says what was to be built."""
    out = tmp_path / "out"
    shutil.copytree(built, out)

    def run(*words, data=short):
        done = cli(*build_arguments(data, mini_manifest, out, *words, "--workers", 1))
        assert done.code == 0, done.err
        return done.err.splitlines()[0]

    run.out = out
    return run


def test_shards_and_lock_do_not_change(short, mini_manifest, built, tmp_path, cli):
    words = build_arguments(short, mini_manifest, tmp_path, "--severity", "1,3", "--workers", 1)
    assert cli(*words).code == 0
    found = {k: v for k, v in files(built).items() if not k.startswith("videos/")}
    assert len(found) == 7
    assert found == files(tmp_path)


def test_every_clip_has_a_video_of_every_cell(built):
    clips = ["A1/step_1", "A1/sway_1", "A2/step_1"]
    wanted = {f"mini/{c}.{cam}/{n}.mp4" for c in clips for cam in ("cam1", "cam2") for n in NAMES}
    assert set(files(built / "videos")) == wanted


def gray(frame):
    return frame @ np.array([0.2126, 0.7152, 0.0722])  # BT.709: what 4:2:0 keeps at full size


def covered(built, name, cell):
    (found,) = parquet.read(built / f"keypoints/mini/{name}.parquet", [cell])
    return found.hidden.any()


@pytest.mark.parametrize("cell", [Cell("erase", 3), Cell("gaussian_noise", 1)])
def test_videos_are_the_corrupted_pictures(short, mini_manifest, built, cell):
    """Of a clip that is covered in some frame: most of these short ones are not."""
    clips = [(f"A{s + 1}/step_1.{camera}", s, camera) for s in (0, 1) for camera in cameras(128)]
    hides = cell.corruption == "erase"
    name, phase, camera = next(c for c in clips if not hides or covered(built, c[0], cell))
    clean = np.stack(list(decode(short / f"videos/{name}.mp4"))[:LABELS])
    rig = cameras(128)[camera]
    points = rig.project(rig.world_to_camera(motion(LABELS, phase).astype(np.float32)))
    boxes = np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)
    boxes, joints = (np.round(place * 64) / 64 for place in (boxes, points))
    info = ClipInfo(LABELS, 128, 128, 50.0, boxes, joints, H36M17.bones)
    key = load_manifest(str(mini_manifest)).key(cell, f"mini/{name}")
    wanted = get(cell.corruption).clip(clean, info, cell.severity, key)
    folder = built / f"videos/mini/{name}"
    for name, pictures in (("clean", clean), (f"{cell.corruption}-{cell.severity}", wanted)):
        path = folder / f"{name}.mp4"
        found = list(decode(path))
        assert len(found) == LABELS, "one for each label, although the source has two more"
        assert frame_rate(path) == 50
        assert np.array_equal(np.stack(found), pictures), "rate factor 0 loses nothing"
    changes = [np.abs(gray(a) - gray(b)).mean() for a, b in zip(clean, wanted, strict=True)]
    assert max(changes) > 1


def test_pictures_without_a_person_are_written_too(mini_manifest, tmp_path, cli):
    data, out = write_dataset(tmp_path / "data", LABELS), tmp_path / "out"
    add_boxes(data, "A2", above=[2, 3])
    words = ("--severity", 5, "--corruption", "gaussian_noise", "--workers", 1, "--videos")
    assert cli(*build_arguments(data, mini_manifest, out, *words)).code == 0
    clean, noisy = (
        list(decode(out / f"videos/mini/A2/step_1.cam1/{name}.mp4"))
        for name in ("clean", "gaussian_noise-5")
    )
    assert len(clean) == len(noisy) == LABELS
    assert all(np.abs(gray(a) - gray(b)).mean() > 10 for a, b in zip(clean, noisy, strict=True))


def test_a_second_run_does_nothing(again):
    before = {p: p.stat().st_mtime_ns for p in again.out.rglob("*.mp4")}
    assert "0 to build" in again(*WORDS)
    assert "0 to build" in again("--severity", 1)
    assert {p: p.stat().st_mtime_ns for p in again.out.rglob("*.mp4")} == before


def test_what_is_missing_or_cut_off_is_written_again(again, built):
    folder = again.out / "videos/mini/A1/sway_1.cam2"
    (folder / "erase-3.mp4").unlink()
    cut = folder / "clean.mp4"
    cut.write_bytes(cut.read_bytes()[:-200])
    (folder / ".erase-1.mp4.77.part").write_bytes(b"left by a kill")
    assert f"1 to build ({2 * (LABELS + 3)} crops)" in again(*WORDS)  # two cells of sway_1
    assert files(again.out) == files(built)


def test_videos_for_shards_that_are_there(again, built):
    shutil.rmtree(again.out / "videos")
    assert "6 to build" in again(*WORDS)
    assert files(again.out) == files(built)


def test_what_was_called_lossless_and_was_not_is_written_again(again, built):
    """Videos of rate factor 0 were once 4:2:0, and their comments lack the word."""
    path = again.out / "videos/mini/A1/step_1.cam1/gaussian_noise-3.mp4"
    said = comment_of(path)
    assert said.endswith(", crf 0, RGB")
    frames = list(decode(path))
    with open_video(path, Fraction(50), 1, said.removesuffix(", RGB")) as take:
        for frame in frames:
            take(frame)
    assert f"1 to build ({LABELS} crops)" in again(*WORDS)
    assert files(again.out) == files(built)


def test_another_compression_is_written_again(again, built):
    assert "6 to build" in again("--severity", "1,3", "--videos", "--crf", 40)
    path = "videos/mini/A1/step_1.cam1/gaussian_noise-3.mp4"
    assert len(files(again.out)[path]) < len(files(built)[path]) / 5
    assert "0 to build" in again("--severity", "1,3", "--videos", "--crf", 40)


@pytest.mark.parametrize("videos", [True, False])
def test_videos_of_other_inputs_do_not_stay(again, short, built, tmp_path, videos):
    """After the source changed, no old video stands beside the new shard."""
    data = tmp_path / "data"
    shutil.copytree(short, data)
    source = data / "videos/A1"
    shutil.copy(source / "sway_1.cam1.mp4", source / "step_1.cam1.mp4")
    words = ("--severity", "1", "--videos", "--crf", "0") if videos else ("--severity", "1")
    assert "1 to build" in again(*words, data=data)
    left = files(again.out / "videos/mini/A1/step_1.cam1")
    assert sorted(left) == (["clean.mp4", "erase-1.mp4", "gaussian_noise-1.mp4"] if videos else [])
    old = files(built / "videos/mini/A1/step_1.cam1")
    assert not any(old[name] == data for name, data in left.items())
    others = files(again.out / "videos/mini/A2")
    assert others == files(built / "videos/mini/A2")


def test_a_failing_clip_leaves_no_half_video(short, mini_manifest, tmp_path, cli):
    data, out = tmp_path / "data", tmp_path / "out"
    shutil.copytree(short, data)
    damage(data / "videos/A2/step_1.cam1.mp4")
    words = ("--severity", 1, "--workers", 1, "--videos")
    done = cli(*build_arguments(data, mini_manifest, out, *words))
    assert done.code == 3
    assert "step_1.cam1.mp4: " in done.err
    assert not list(out.rglob("*.part"))
    assert len(list(out.rglob("*.mp4"))) == 5 * 3, "those of all other clips"
    assert not list((out / "videos/mini/A2/step_1.cam1").rglob("*.mp4"))


def test_few_videos_are_open_at_once(short, mini_manifest, built, tmp_path, cli, monkeypatch):
    """Encoders need much memory: a clip's cells are built in several passes, to the same bytes."""
    count, most = 0, 0
    original = corrupted_videos.open_video

    @contextmanager
    def counted(*arguments):
        nonlocal count, most
        count += 1
        most = max(most, count)
        with original(*arguments) as take:
            yield take
        count -= 1

    monkeypatch.setattr(corrupted_videos, "open_video", counted)
    monkeypatch.setattr(corrupted_videos, "AT_ONCE", 2)
    done = cli(*build_arguments(short, mini_manifest, tmp_path / "out", *WORDS, "--workers", 1))
    assert done.code == 0, done.err
    assert most == 2
    assert files(tmp_path / "out") == files(built)


def test_a_factor_without_videos(short, mini_manifest, tmp_path, cli):
    done = cli(*build_arguments(short, mini_manifest, tmp_path / "out", "--crf", 3))
    assert done.code == 2
    assert "--crf 3 concerns videos: add --videos" in done.err
    assert not list(tmp_path.iterdir())
