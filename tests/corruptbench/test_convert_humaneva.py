"""HumanEva's files for VideoPose3D: its chunks, read back as its run.py reads them."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import scipy.io

from corruptbench.datasets import humaneva
from corruptbench.datasets.humaneva import HumanEva
from corruptbench.datasets.humaneva.labels import LabelFiles
from corruptbench.formats.humaneva_chunks import labeled_chunks, validity
from corruptbench.manifest import Cell, load_manifest
from tests.corruptbench.test_convert_videopose3d import positions, videopose3d_loader
from tests.fixtures import humaneva as fixture
from tests.fixtures.export_shards import expected_tracks, write_shards
from tests.fixtures.folder import write_manifest

CAMERAS = ("C1", "C2", "C3")
SIZES = ((640, 480),) * 3

#: Frames without a label, from 0, of the miniature's parts, of 12, 6, 6, 7, 9 and 4 frames.
GAPS = {
    ("S1", "Walking", "Validate"): [0, 3, 4],
    ("S1", "Box", "Validate"): [],
    ("S2", "Walking", "Validate"): [5],
    ("S1", "Walking", "Train"): [2],
    ("S1", "Box", "Train"): list(range(9)),
    ("S2", "Walking", "Train"): [0, 1, 2],
}
#: By hand: the runs are numbered in one go, those without a label are left out.
CHUNKS = {
    "Validate/S1": {
        "Walking 1 chunk1": range(1, 3),
        "Walking 1 chunk3": range(5, 12),
        "Box 1 chunk0": range(6),
    },
    "Validate/S2": {"Walking 1 chunk0": range(5)},
    "Train/S1": {"Walking 1 chunk0": range(2), "Walking 1 chunk2": range(3, 7)},
    "Train/S2": {"Walking 1 chunk1": range(3, 4)},
}
WORDS = ("--format", "videopose3d", "--cell", "erase 3")


def opened(root):
    return HumanEva(root, fixture.RECORDINGS, fixture.positions())


def write_root(root):
    """Cameras and converted labels of the miniature; no videos."""
    for subject in ("S1", "S2"):
        for name, camera in fixture.cameras().items():
            fixture.write_camera(root / subject / "Calibration_Data" / f"{name}.cal", camera)
    for recording in fixture.RECORDINGS:
        gaps = {p: GAPS[recording.subject, recording.action, p] for p in ("Validate", "Train")}
        fixture.write_converted(root, recording, gaps)
    return root


def write_words(root, **changed):
    """Words of the command line that name shards of the miniature; a manifest of one's own."""
    manifest = write_manifest(
        root / "m.toml",
        **{'"folder"': '"humaneva"', '["A1", "A2"]': '["S1", "S2"]', '"h36m17"': '"humaneva15"'}
        | changed,
    )
    data = write_root(root / "data")
    out = write_shards(opened(data), load_manifest(str(manifest)), root / "out")
    return ["--shards", out, "--root", data, "--manifest", manifest]


@pytest.fixture(autouse=True)
def _miniature(monkeypatch):
    monkeypatch.setattr(humaneva, "open_root", opened)


@pytest.fixture
def shards(tmp_path):
    """Shards of both partitions."""
    return write_words(tmp_path)


def package(root):
    """``positions_3d`` as VideoPose3D's preparation makes it of converted_15j, after the facts.

    It goes through a partition frame by frame; where it turns from labeled to not or back, a new
    chunk begins.
    """
    found = {}
    for path in sorted(root.glob("converted_15j/*/*/*.mat")):
        subject = f"{path.parents[1].name}/{path.parent.name}"
        poses = scipy.io.loadmat(path)["poses_3d"]
        number, before = -1, None
        for pose in poses:
            now = bool(np.isfinite(pose).all())
            number += now != before
            before = now
            if now:
                name = f"{path.stem.replace('_', ' ')} chunk{number}"
                found.setdefault(subject, {}).setdefault(name, []).append(pose)
    return {
        s: {name: np.array(poses, dtype="float32") / 1000 for name, poses in each.items()}
        for s, each in found.items()
    }


def write_package(path, poses):
    np.savez_compressed(path, positions_3d=poses)
    return path


def check_converted(words, out, layout, tag, chunks=CHUNKS):
    """All files of a conversion with labels, by the loader's rules and against our evaluation."""
    path = out / f"data_2d_humaneva15_corruptbench_{tag}_erase_3.npz"
    labels = out / "data_3d_humaneva15.npz"
    found = videopose3d_loader(path, labels if labels.is_file() else None, SIZES)
    assert {s: set(each) for s, each in found.items()} == {s: set(e) for s, e in chunks.items()}
    joints = "humaneva15"
    ours = expected_tracks(words, Cell("erase", 3), joints=joints, keypoints=layout, channels="xy")
    for subject, each in chunks.items():
        partition, person = subject.split("/")
        for name, frames in each.items():
            recording = f"{name.split(' ')[0]}_1_{partition}"
            for i, camera in enumerate(CAMERAS):
                expected = ours[person, recording, camera][list(frames)]
                assert found[subject][name][i].shape == expected.shape, "exactly its frames"
                assert np.abs(found[subject][name][i] - expected).max() < 2e-6


@pytest.mark.parametrize("layout", [None, "humaneva15", "coco17"])
def test_chunks_with_the_labels_cut(shards, layout, tmp_path, cli):
    theirs = package(shards[3])
    assert {s: {n: len(a) for n, a in each.items()} for s, each in theirs.items()} == {
        s: {n: len(f) for n, f in each.items()} for s, each in CHUNKS.items()
    }
    theirs["Train/S3"] = {"Walking 1 chunk0": theirs["Train/S2"]["Walking 1 chunk1"]}
    path = write_package(tmp_path / "data_3d_humaneva15.npz", theirs)
    out = tmp_path / "converted"
    words = [*WORDS, "--annotations", path, "--out", out, *(["--joints", layout] if layout else [])]
    done = cli("convert", *shards, *words)
    assert done.code == 0, done.err
    assert "left out: S1/Box_1_Train (no frame has a label)" in done.err
    check_converted(
        shards, out, layout or "humaneva15", "coco" if layout == "coco17" else "humaneva15"
    )
    cut = positions(out / "data_3d_humaneva15.npz")
    del theirs["Train/S3"]
    assert {s: set(each) for s, each in cut.items()} == {s: set(e) for s, e in theirs.items()}
    for subject, each in cut.items():
        for name, poses in each.items():
            assert np.array_equal(poses, theirs[subject][name])


def test_chunks_without_annotations(shards, tmp_path, cli):
    done = cli("convert", *shards, *WORDS, "--out", tmp_path / "converted")
    assert done.code == 0, done.err
    assert not (tmp_path / "converted/data_3d_humaneva15.npz").exists()
    check_converted(shards, tmp_path / "converted", "humaneva15", "humaneva15")


def test_one_partition(tmp_path, cli):
    """As the benchmark has it; the numbers of its chunks are those of the whole package."""
    sequences = "sequences = ['Walking_1_Validate', 'Box_1_Validate']"
    words = write_words(tmp_path, **{"[crop]": f"{sequences}\n\n[crop]"})
    path = write_package(tmp_path / "p.npz", package(words[3]))
    done = cli("convert", *words, *WORDS, "--annotations", path, "--out", tmp_path / "converted")
    assert done.code == 0, done.err
    chunks = {s: each for s, each in CHUNKS.items() if s.startswith("Validate")}
    check_converted(words, tmp_path / "converted", "humaneva15", "humaneva15", chunks)


def test_labels_from_the_package_itself(tmp_path, cli):
    """The package does for both: as labels of --root, and as annotations."""
    words = write_words(tmp_path, **{"[crop]": "sequences = ['Box_1_Validate']\n\n[crop]"})
    poses = package(words[3])
    shutil.rmtree(words[3] / "converted_15j")
    path = write_package(words[3] / "data_3d_humaneva15.npz", poses)
    done = cli("convert", *words, *WORDS, "--annotations", path, "--out", tmp_path / "converted")
    assert done.code == 0, done.err
    chunks = {"Validate/S1": {"Box 1 chunk0": range(6)}}
    check_converted(words, tmp_path / "converted", "humaneva15", "humaneva15", chunks)


def test_a_recording_needs_its_three_cameras(tmp_path, cli):
    words = write_words(tmp_path, **{"[crop]": "exclude = ['S1/Walking_1_Validate.C2']\n\n[crop]"})
    done = cli("convert", *words, *WORDS, "--out", tmp_path / "converted")
    assert done.code == 0, done.err
    assert "left out: S1/Walking_1_Validate (not all 3 cameras: no C2)" in done.err
    chunks = CHUNKS | {"Validate/S1": {"Box 1 chunk0": range(6)}}
    check_converted(words, tmp_path / "converted", "humaneva15", "humaneva15", chunks)
    (tmp_path / "two").mkdir()
    words = write_words(tmp_path / "two", **{"[crop]": "cameras = ['C1', 'C2']\n\n[crop]"})
    done = cli("convert", *words, *WORDS, "--out", tmp_path / "other")
    assert done.code == 2
    assert (
        "(not all 3 cameras: no C3), and no other recording has them all; expected C1" in done.err
    )
    assert not (tmp_path / "other").exists()


def refused(cli, words, poses, tmp_path):
    path = write_package(tmp_path / "other.npz", poses)
    done = cli("convert", *words, *WORDS, "--annotations", path, "--out", tmp_path / "converted")
    assert done.code == 2
    assert not (tmp_path / "converted").exists()
    return done.err


def test_chunks_that_are_not_the_packages(shards, tmp_path, cli):
    """Names or lengths of another conversion: which chunks is said."""
    poses = package(shards[3])
    walking = poses["Validate/S1"]
    ours = "chunk1 of 2 frames, chunk3 of 7 frames"
    box = {"Box 1 chunk0": walking["Box 1 chunk0"]}
    first, second = walking["Walking 1 chunk1"], walking["Walking 1 chunk3"]
    cases = {
        "chunk0 of 2 frames, chunk2 of 7 frames": {0: first, 2: second},
        "chunk1 of 2 frames": {1: first},
        "chunk1 of 1 frames, chunk3 of 7 frames": {1: first[:1], 3: second},
        f"{ours}, chunk5 of 2 frames": {1: first, 3: second, 5: first},
    }
    for theirs, chunks in cases.items():
        changed = {f"Walking 1 chunk{i}": a for i, a in chunks.items()} | box
        said = refused(cli, shards, poses | {"Validate/S1": changed}, tmp_path)
        assert (
            f"other.npz: Validate/S1: Walking 1: {theirs}; by the labels of the data set {ours}"
            in said
        )
        assert "converted_15j that it was made from" in said
    said = refused(
        cli, shards, poses | {"Train/S1": poses["Train/S1"] | {"Box 1 chunk0": first}}, tmp_path
    )
    assert "Train/S1: Box 1: chunk0 of 2 frames; by the labels of the data set no chunk" in said


def test_labels_that_are_not_ours(shards, tmp_path, cli):
    poses = package(shards[3])
    box = poses["Validate/S1"]["Box 1 chunk0"]
    moved = box.copy()
    moved[2, 14, 1] += 0.0015
    cases = [
        (moved, "its joints lie up to 1.5 mm from those of the data set, expected at most 1"),
        (box * 1000, "its joints lie up to"),
        (box[:, :14], "float32 (6, 14, 3) (14 joints do not tell which of the 15 they are)"),
    ]
    for changed, said in cases:
        other = poses["Validate/S1"] | {"Box 1 chunk0": changed}
        found = refused(cli, shards, poses | {"Validate/S1": other}, tmp_path)
        assert f"other.npz: Validate/S1: Box 1 chunk0: {said}" in found
        assert "prepare_data_humaneva.py" in found


def test_a_recording_that_the_package_lacks(shards, tmp_path, cli):
    """S3's ThrowCatch is not in the official package, for one."""
    poses = package(shards[3])
    del poses["Validate/S1"]["Box 1 chunk0"], poses["Train/S2"]
    path = write_package(tmp_path / "p.npz", poses)
    done = cli("convert", *shards, *WORDS, "--annotations", path, "--out", tmp_path / "converted")
    assert done.code == 0, done.err
    assert "left out: S1/Box_1_Validate (not in the 3D file)" in done.err
    assert "left out: S2/Walking_1_Train (not in the 3D file)" in done.err
    walking = {n: f for n, f in CHUNKS["Validate/S1"].items() if n.startswith("Walking")}
    chunks = {s: e for s, e in CHUNKS.items() if s != "Train/S2"} | {"Validate/S1": walking}
    check_converted(shards, tmp_path / "converted", "humaneva15", "humaneva15", chunks)


def test_labels_from_the_motion_capture_need_the_package(shards, tmp_path, cli, monkeypatch):
    """Which frames have a label is then our own reading of the motion capture."""
    root = shards[3]
    poses = package(root)
    read = {
        (r.subject, r.name, p): LabelFiles(root).read(r, p)
        for r in fixture.RECORDINGS
        for p in ("Validate", "Train")
    }
    shutil.rmtree(root / "converted_15j")
    for recording in fixture.RECORDINGS:
        path = root / recording.subject / "Mocap_Data" / f"{recording.name}.mat"
        path.parent.mkdir(exist_ok=True)
        path.touch()
    monkeypatch.setattr(
        LabelFiles, "_derived", lambda _, r, p: (read[r.subject, r.name, p].copy(), root)
    )
    done = cli("convert", *shards, *WORDS, "--out", tmp_path / "converted")
    assert done.code == 2
    assert ": the labels of humaneva/S1/Box_1_Train.C1 are from its motion capture" in done.err
    assert (
        "expected converted_15j or data_3d_humaneva15.npz in this folder, or the latter" in done.err
    )
    assert not (tmp_path / "converted").exists()
    path = write_package(tmp_path / "p.npz", poses)
    done = cli("convert", *shards, *WORDS, "--annotations", path, "--out", tmp_path / "converted")
    assert done.code == 0, done.err
    check_converted(shards, tmp_path / "converted", "humaneva15", "humaneva15")
    read["S1", "Walking_1", "Validate"][6] = np.nan
    said = refused_again(cli, shards, path, tmp_path)
    assert "p.npz: Validate/S1: Walking 1: chunk1 of 2 frames, chunk3 of 7 frames; by the" in said


def refused_again(cli, words, path, tmp_path):
    done = cli("convert", *words, *WORDS, "--annotations", path, "--out", tmp_path / "again")
    assert done.code == 2
    assert not (tmp_path / "again").exists()
    return done.err


def test_other_formats_have_no_humaneva(shards, tmp_path, cli):
    done = cli("convert", *shards, "--format", "motionbert", "--out", tmp_path / "converted")
    assert done.code == 2
    assert (
        "for Human3.6M, these are shards of humaneva; expected the format videopose3d" in done.err
    )


def test_chunks_and_validity_are_inverse():
    random = np.random.default_rng(0)
    for length in [1, 2, 3, *random.integers(4, 60, 60)]:
        valid = random.uniform(size=length) < random.uniform(0.1, 1)
        chunks = labeled_chunks(valid)
        frames = [t for part in chunks.values() for t in range(length)[part]]
        assert frames == np.flatnonzero(valid).tolist()
        gaps = labeled_chunks(~valid)
        assert not set(chunks) & set(gaps)
        assert sorted([*chunks, *gaps]) == list(range(len(chunks) + len(gaps)))
        if chunks:
            lengths = ({i: p.stop - p.start for i, p in each.items()} for each in (chunks, gaps))
            assert np.array_equal(validity(*lengths, length), valid)
