"""`data check` of copies that hold what a benchmark needs and no more, or not even that.

Trees have all files of the benchmarks by their official names, and labels of official lengths;
videos are empty files whose facts the tests make up.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest

from corruptbench.datasets.human36m import tables
from corruptbench.datasets.humaneva.partitions import OFFICIAL, POSITIONS
from corruptbench.errors import InputError
from corruptbench.manifest import load_manifest
from corruptbench.video import probe
from tests.fixtures import folder, human36m
from tests.fixtures import humaneva as eva
from tests.fixtures.facts import facts
from tests.fixtures.folder import swaying

POSES = human36m.DOWNLOADED["D3_Positions"]


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


@pytest.fixture(scope="module")
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


def test_human36m_without_what_is_not_needed(h36m, check, cli):
    """No training subject, and nothing of the recording that the benchmark leaves out."""
    assert check("human36m", "--root", h36m) == (0, [])
    done = cli("data", "check", "human36m", "--root", h36m)
    lines = done.out.splitlines()
    training = [line for line in lines if "not there; not needed" in line and "subject" in line]
    assert [re.search(r"S\d+", line)[0] for line in training] == ["S1", "S5", "S6", "S7", "S8"]
    videos = next(line for line in lines if "S11" in line and "videos" in line)
    assert "116 files; not there and not needed: " in videos
    assert "120 files, 116 of them needed" in videos
    assert any("236 needed" in line and "those of human36m-c " in line for line in lines)


@pytest.mark.parametrize(("sequence", "level"), [("Walking", "missing"), ("Directions", "differs")])
def test_human36m_damaged_files(sequence, level, h36m, check):
    """What is not needed cannot be missing, and videos that are not needed are not opened."""
    labels = h36m / "S11" / POSES / f"{sequence}.cdf"
    videos = [h36m / "S11/Videos" / f"{sequence}.{c}.mp4" for c in tables.CAMERAS]
    for path in (labels, *videos):
        path.write_text("<html>log in</html>")
    _, records = check("human36m", "--root", h36m)
    damaged = [r for r in records if r["where"].endswith((".cdf", ".mp4"))]
    spoilt = {labels, *videos} if level == "missing" else {labels}
    assert {r["where"] for r in damaged} == {str(p) for p in spoilt}
    assert {r["level"] for r in damaged} == {level}


@pytest.mark.parametrize(
    ("lost", "manifest", "code", "found"),
    [
        ("S9/Videos/Greeting.55011271.mp4", "human36m-c", 2, {("missing", "S9", "videos")}),
        ("S9/Videos/Greeting.55011271.mp4", "human36m-c-unshifted", 0, set()),
        (f"S9/{POSES}/Waiting 1.cdf", "human36m-c-unshifted", 0, set()),
        (
            f"S9/{POSES}/Walking 1.cdf", "human36m-c-unshifted", 2,
            {("missing", "S9", "poses"), ("differs", "S9", "labeled frames")},
        ),
    ],
)  # fmt: skip
def test_human36m_by_manifest(lost, manifest, code, found, h36m, check):
    (h36m / lost).unlink()
    done, records = check("human36m", "--root", h36m, "--manifest", manifest)
    assert (done, brief(records)) == (code, found)
    assert all(h36m.joinpath(lost).name in r["found"] for r in records if r["level"] == "missing")


def test_human36m_without_a_needed_subject(h36m, check):
    shutil.rmtree(h36m / "S11")
    code, records = check("human36m", "--root", h36m, "--manifest", "human36m-c")
    assert code == 2
    assert brief(records) == {("missing", "", "clips"), ("missing", "S11", "subject")}


def test_human36m_with_part_of_a_subject_that_is_not_needed(h36m, check):
    human36m.write_official(h36m, {"S5": {"Photo": tables.label_frames("S5", "Photo")}})
    code, records = check("human36m", "--root", h36m)
    assert code == 1
    assert brief(records) == {("differs", "S5", "poses"), ("differs", "S5", "videos")}
    assert records[0]["expected"] == "30 files, none of them needed"


def test_human36m_pictures_of_another_camera(h36m, check, monkeypatch):
    """Cameras of other heights, swapped: nothing can be built from such videos."""
    true = probe.probe

    def swapped(path):
        header = true(path)
        return replace(header, size=(1000, 2002 - header.size[1]))

    monkeypatch.setattr(probe, "probe", swapped)
    code, records = check("human36m", "--root", h36m)
    assert code == 2
    assert len(records) == 236
    of = {r["where"].rpartition("/")[2]: r for r in records if r["subject"] == "S9"}
    name = "Walking.54138969.mp4"
    assert of[name]["found"] == f"{tables.video_frames('S9', 'Walking', '54138969')} frames of " + (
        "1000x1000"
    )
    assert "frames of 1000x1002" in of[name]["expected"]


def write_own(path, **changes):
    """human36m-c with other lines."""
    manifest = load_manifest("human36m-c")
    text = f"""
        id = "own"
        version = 1
        title = "own"
        dataset = "{changes.get("dataset", "human36m")}"
        [clips]
        subjects = {json.dumps(changes.get("subjects", ["S9", "S11"]))}
        exclude = {json.dumps(changes.get("exclude", list(manifest.clips.exclude)))}
        [crop]
        boxes = "{changes.get("boxes", "ground-truth")}"
        padding = 1.25
        [scoring]
        joints = "h36m17"
        root_joint = 0
        average = "actions"
    """
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, set()),
        ({"boxes": "published"}, {("missing", "S9", "boxes"), ("missing", "S11", "boxes")}),
        (
            {"exclude": []},
            {("missing", "S11", w) for w in ("poses", "videos")}
            | {("differs", "S11", "labeled frames")},
        ),
        ({"subjects": ["S9", "S11", "S12"]}, {("missing", "", "clips")}),
    ],
)
def test_a_manifest_of_ones_own(changes, found, h36m, tmp_path, check):
    manifest = write_own(tmp_path / "own.toml", **changes)
    code, records = check("human36m", "--root", h36m, "--manifest", manifest)
    assert code == (2 if found else 0)
    assert brief(records) == found


def test_manifests_that_do_not_fit(h36m, tmp_path, cli):
    for name, said in (
        ("studio-c", "--manifest studio-c: dataset: studio, expected human36m"),
        ("studio-d", "'studio-d'"),
        (write_own(tmp_path / "own.toml", dataset="folder"), "dataset: folder, expected human36m"),
    ):
        done = cli("data", "check", "human36m", "--root", h36m, "--manifest", name)
        assert done.code == 2
        assert said in done.err
        assert not done.out


def test_folder_by_manifest(mini, tmp_path, check):
    """Of a subject that the manifest leaves out a part differs; nothing at all is well."""
    root = shutil.copytree(mini, tmp_path / "data")
    manifest = folder.write_manifest(
        tmp_path / "m.toml", **{'subjects = ["A1", "A2"]': 'subjects = ["A2"]'}
    )
    words = ("folder", "--root", root, "--manifest", manifest)
    assert check(*words) == (0, [])
    (root / "videos/A1/sway_1.cam2.mp4").unlink()
    (root / "videos/A1/sway_1.cam1.mp4").write_text("<html>")
    code, records = check(*words)
    assert (code, len(records), brief(records)) == (1, 1, {("differs", "A1", "videos")})
    assert check("folder", "--root", root)[0] == 2
    shutil.rmtree(root / "videos/A1")
    (root / "labels/A1.parquet").unlink()
    assert check(*words) == (0, [])
    (root / "labels/A1.parquet").write_text("<html>")
    code, records = check(*words)
    assert (code, brief(records)) == (1, {("differs", "A1", "labels")})


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


def test_humaneva_with_the_27_videos_only(humaneva, check, cli):
    assert check("humaneva", "--root", humaneva) == (0, [])
    records = json.loads(cli("data", "check", "humaneva", "--root", humaneva, "--json").out)
    assert records[0]["found"] == "27 needed"
    (videos,) = [r for r in records if (r["subject"], r["what"]) == ("S2", "videos")]
    assert videos["found"].startswith("9 files; not there and not needed: ThrowCatch_1_(C1).avi, ")
    assert videos["expected"] == "15 files, 9 of them needed"
    labels = [r["found"] for r in records if (r["subject"], r["what"]) == ("S2", "labels")]
    assert len(labels) == 3 + 1
    assert labels[-1].startswith("Walking_1 Train, Jog_1 Train, ThrowCatch_1 Validate, ...: not")


def lose(name):
    return lambda root: (root / name).unlink()


def write(name, text):
    return lambda root: (root / name).write_text(text)


@pytest.mark.parametrize(
    ("spoil", "code", "found", "words"),
    [
        (
            lose("S2/Image_Data/Jog_1_(C3).avi"), 2, ("missing", "S2", "videos"),
            r"8 files; not Jog_1_\(C3\)\.avi; not there and not needed: ThrowCatch",
        ),
        (
            write("S2/Image_Data/Jog_1_(C3).avi", "<html>"), 2, ("missing", "S2", "videos"),
            "no readable video",
        ),
        (write("S2/Image_Data/Gestures_1_(C3).avi", "<html>"), 0, None, None),
        # S1 Walking starts at frame 82 of C1; frame 590 of its clock ends Validate, 1203 Train
        (
            write("S1/Image_Data/Walking_1_(C1).avi", str(81 + 589)), 2,
            ("missing", "S1", "videos"), "^670 frames",
        ),
        (
            write("S1/Image_Data/Walking_1_(C1).avi", str(81 + 590)), 1,
            ("differs", "S1", "videos"), "^671 frames",
        ),
        (write("S1/Image_Data/Walking_1_(C1).avi", str(81 + 1203)), 0, None, None),
        (
            lose("S3/Calibration_Data/C2.cal"), 2, ("missing", "S3", "cameras"), "^C2: missing",
        ),
        (
            lose("converted_15j/Validate/S3/Box_1.mat"), 2, ("missing", "S3", "labels"),
            "Box_1 Validate: .*no 3D labels",
        ),
        (
            lose("S3/Sync_Data/Box_1_(BW4).ofs"), 1, ("differs", "S3", "synchronization"),
            "Box_1: 6 .ofs files",
        ),
    ],
)  # fmt: skip
def test_humaneva_lacks_or_has_otherwise(spoil, code, found, words, humaneva, check):
    spoil(humaneva)
    done, records = check("humaneva", "--root", humaneva)
    assert (done, brief(records)) == (code, {found} if found else set())
    assert all(re.search(words, r["found"]) for r in records)


def test_humaneva_pictures_in_place_of_videos(humaneva, check):
    for path in (humaneva / "S1/Image_Data").glob("*.avi"):
        path.unlink()
        path.with_suffix("").mkdir()
    code, records = check("humaneva", "--root", humaneva)
    assert (code, brief(records)) == (2, {("missing", "S1", "videos")})
    assert "folders of pictures with ffmpeg" in records[0]["remedy"]


def test_humaneva_neither_labels_nor_videos(humaneva, check):
    shutil.rmtree(humaneva / "S2/Image_Data")
    shutil.rmtree(humaneva / "converted_15j/Validate/S2")
    code, records = check("humaneva", "--root", humaneva)
    assert code == 2
    assert brief(records) == {("missing", "S2", "videos"), ("missing", "S2", "labels")}


def test_humaneva_by_manifest(humaneva, tmp_path, check):
    """Two cameras of one action of two subjects: a third camera, another subject may lack."""
    manifest = tmp_path / "own.toml"
    text = files("corruptbench.manifests").joinpath("humaneva-i-c.toml").read_text()
    for old, new in (
        ('id = "humaneva-i-c"', 'id = "own-c"'),
        (', "S3"]', "]"), (', "C3"]', "]"), (', "Jog_1_Validate", "Box_1_Validate"]', "]"),
        (', "Jog", "Box"]', "]"),
    ):  # fmt: skip
        assert old in text
        text = text.replace(old, new)
    manifest.write_text(text)
    words = ("humaneva", "--root", humaneva, "--manifest", manifest)
    shutil.rmtree(humaneva / "S3")
    (humaneva / "S1/Calibration_Data/C3.cal").unlink()
    shutil.rmtree(humaneva / "converted_15j/Validate/S3")
    assert check(*words) == (0, [])
    (humaneva / "S1/Sync_Data/Box_1_(BW4).ofs").unlink()
    (humaneva / "S2/Calibration_Data/C3.cal").write_text("<html>")
    code, records = check(*words)
    assert code == 1
    assert brief(records) == {("differs", "S1", "synchronization"), ("differs", "S2", "cameras")}


def packed(path):
    """data_3d_h36m.npz of the test subjects, as VideoPose3D makes it: no Directions of S11."""
    still = (human36m.poses(1) / 1000).astype("float32")
    lengths = {s: tables.official().frames[s] for s in ("S9", "S11")}
    whole = {
        s: {
            n: swaying(still[0], v[0], 0.05 + i / 1000)
            for i, (n, v) in enumerate(recordings.items())
        }
        for s, recordings in lengths.items()
    }
    del whole["S11"]["Directions"]
    np.savez_compressed(path, positions_3d=whole)
    return whole


def test_labels_only_is_the_same_everywhere(h36m, humaneva, mini, tmp_path, check):
    """Good to evaluate, not to build: it differs, in the same words, and nothing else does."""
    own = shutil.copytree(mini, tmp_path / "own")
    for root in (h36m, humaneva, own):
        for videos in [*root.rglob("Videos"), *root.rglob("videos"), *root.rglob("Image_Data")]:
            shutil.rmtree(videos)
    npz = tmp_path / "data_3d_h36m.npz"
    packed(npz)
    said = set()
    for name, root, count in (
        ("human36m", h36m, 2), ("human36m", npz, 1), ("humaneva", humaneva, 3), ("folder", own, 2),
    ):  # fmt: skip
        code, records = check(name, "--root", root)
        assert (code, len(records)) == (1, count)
        said |= {tuple(r[k] for k in ("level", "what", "found", "remedy")) for r in records}
    assert said == {
        ("differs", "videos", "labels only", "enough to evaluate; to build, add the videos")
    }


def test_a_recording_missing_from_packed_labels(tmp_path, check):
    path = tmp_path / "data_3d_h36m.npz"
    whole = packed(path)
    del whole["S9"]["Greeting"]
    np.savez_compressed(path, positions_3d=whole)
    code, records = check("human36m", "--root", path)
    assert code == 2
    assert brief(records) == {("differs", "", "videos"), ("missing", "S9", "poses")}
    code, records = check("human36m", "--root", path, "--manifest", "human36m-c-unshifted")
    assert (code, brief(records)) == (1, {("differs", "", "videos")})
