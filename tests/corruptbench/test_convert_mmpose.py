"""mmpose's files, read back as its Human3.6M data set reads them."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from corruptbench.datasets import open_dataset
from corruptbench.manifest import Cell
from tests.fixtures.export_shards import TEST, TRAIN, expected_tracks, human36m

#: S1's pictures have the official names of its videos.
ODD = {"Photo 1": "TakingPhoto 1"}


@pytest.fixture(scope="module", params=[TEST, TRAIN], ids=["test", "train"])
def shards(request, tmp_path_factory):
    """Words of the command line that name shards, and the recordings of one split."""
    return human36m(tmp_path_factory.mktemp("h36m"), request.param), request.param


def write_annotations(path, words, recordings):
    """Every second frame of each clip, then one row of a clip that is not in the shards."""
    data = open_dataset("human36m", words[3])
    names, part, joints = [], [], []
    for clip_id in data.clip_ids():
        if clip_id.sequence not in recordings.get(clip_id.subject, ()):
            continue
        clip = data.load(clip_id)
        sequence = ODD.get(clip_id.sequence, clip_id.sequence).replace(" ", "_")
        stem = f"{clip_id.subject}_{sequence}.{clip_id.camera}"
        for t in range(0, len(clip.joints), 2):
            names.append(f"{clip_id.subject}/{stem}/{stem}_{t + 1:06d}.jpg")
            part.append(np.c_[clip.keypoints[t], np.ones(17)])
            joints.append(np.c_[clip.joints_camera[t] / 1000, np.ones(17)])
    names.append("S11/S11_Directions.54138969/S11_Directions.54138969_000001.jpg")
    part.append(np.zeros((17, 3)))
    joints.append(np.zeros((17, 4)))
    columns = {
        "imgname": np.array(names),
        "center": np.arange(2.0 * len(names)).reshape(-1, 2),
        "scale": np.arange(len(names), dtype=float),
        "part": np.array(part),
        "S": np.array(joints),
    }
    np.savez(path, **columns)
    return columns


def mmpose_reader(annotations, detections, seq_len, stride=1):
    """Samples as mmpose makes them, after its documentation, with ``keypoint_2d_src=detection``.

    Rows of the same subject, action and camera are a video, in the order of the rows; a sample is
    ``seq_len`` of them. Gives names, 2D (seq_len, 17, 2), visibility, and the 3D target.
    """
    with np.load(annotations) as file:
        names, labels = file["imgname"], file["S"]
        assert {len(file[c]) for c in ("imgname", "center", "scale", "part", "S")} == {len(names)}
    points = np.load(detections).astype(np.float32)
    assert points.shape[0] == labels.shape[0]
    assert points.shape[2] == 3
    videos = defaultdict(list)
    for i, name in enumerate(names):
        subject, rest = name.rsplit("/", 1)[-1].split("_", 1)
        action, rest = rest.split(".", 1)
        videos[subject, action, rest.split("_", 1)[0]].append(i)
    length = (seq_len - 1) * stride + 1
    for _, rows in sorted(videos.items()):
        for start in range(len(rows) - length + 1):
            sample = rows[start : start + length : stride]
            yield names[sample], points[sample, :, :2], points[sample, :, 2], labels[sample[-1]]


def frame_of(name):
    """Clip and frame of a picture."""
    subject, rest = name.rsplit("/", 1)[-1].split("_", 1)
    action, camera, frame = rest.split(".")[0], rest.split(".")[1][:8], rest[-10:-4]
    plain = {odd: usual for usual, odd in ODD.items()}
    action = action.replace("_", " ")
    return (subject, plain.get(action, action), camera), int(frame) - 1


def test_rows_are_those_of_the_annotations(shards, tmp_path, cli):
    words, recordings = shards
    path = tmp_path / "h36m_split.npz"
    before = write_annotations(path, words, recordings)
    more = ["--format", "mmpose", "--out", tmp_path, "--annotations", path, "--cell", "erase 1"]
    done = cli("convert", *words, *more)
    assert done.code == 0, done.err
    assert "left out: 1 rows" in done.err
    cut, found = tmp_path / "h36m_split_corruptbench.npz", "h36m_split_corruptbench_erase_1.npy"
    with np.load(cut) as after:
        assert {*after} == {*before}
        for name, column in before.items():
            assert np.array_equal(after[name], column[:-1])
    tracks = expected_tracks(words, Cell("erase", 1), normalize="pixel")
    for seq_len in (1, 3):
        samples = list(mmpose_reader(cut, tmp_path / found, seq_len))
        assert samples
        for names, points, visible, _ in samples:
            keys = [frame_of(name) for name in names]
            expected = np.array([tracks[key][frame] for key, frame in keys])
            assert np.array_equal(points, expected[..., :2])
            assert np.array_equal(visible, expected[..., 2])
    assert len(samples[0][0]) == 3


def test_annotations_of_the_other_split(shards, tmp_path, cli):
    words, recordings = shards
    other = TRAIN if recordings is TEST else TEST
    path = tmp_path / "h36m_other.npz"
    write_annotations(path, words, other)
    more = ["--format", "mmpose", "--out", tmp_path / "out", "--annotations", path]
    done = cli("convert", *words, *more)
    assert done.code == 2
    assert "h36m_other.npz: no row of it belongs to a clip of the shards: it holds S1" in done.err
    assert "wrong split?" in done.err
    assert not (tmp_path / "out").exists()


def test_a_frame_before_the_first(shards, tmp_path, cli):
    """Pictures count from 1; number 0 is no frame, and surely not the last one."""
    words, recordings = shards
    path = tmp_path / "h36m.npz"
    columns = write_annotations(path, words, recordings)
    columns["imgname"][0] = columns["imgname"][0].replace("_000001.", "_000000.")
    np.savez(path, **columns)
    more = ["--format", "mmpose", "--out", tmp_path, "--annotations", path, "--cell", "clean"]
    done = cli("convert", *words, *more)
    assert done.code == 0, done.err
    assert "left out: 2 rows" in done.err


def test_columns_that_are_amiss(shards, tmp_path, cli):
    words, recordings = shards
    path = tmp_path / "h36m.npz"
    columns = write_annotations(path, words, recordings)
    np.savez(path, **columns | {"part": columns["part"][:5]})
    more = ["--format", "mmpose", "--out", tmp_path / "out", "--annotations", path]
    done = cli("convert", *words, *more)
    assert done.code == 2
    rows = len(columns["imgname"])
    assert (
        f"h36m.npz: part: float64 of shape (5, 17, 3), expected numbers ({rows}, 17, 2 or 3)"
        in done.err
    )
    assert not (tmp_path / "out").exists()


def test_the_cut_annotations_are_not_written_over(shards, tmp_path, cli):
    words, recordings = shards
    path, mine = tmp_path / "h36m.npz", tmp_path / "h36m_corruptbench.npz"
    write_annotations(path, words, recordings)
    mine.write_bytes(b"mine")
    more = ["--format", "mmpose", "--out", tmp_path, "--annotations", path, "--cell", "clean"]
    done = cli("convert", *words, *more)
    assert done.code == 2
    assert f"{mine}: is there, no conversion wrote it" in done.err
    assert {p.name for p in tmp_path.iterdir()} == {path.name, mine.name}
    assert mine.read_bytes() == b"mine"
