"""MotionBERT's pickle, read back as its data reader and its evaluation read it."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from corruptbench.datasets import open_dataset
from corruptbench.datasets.human36m.tables import official
from corruptbench.formats import h36m_toolbox
from corruptbench.manifest import Cell
from tests.fixtures.export_shards import CAMERAS, TEST, TRAIN, expected_tracks, human36m

#: Sources as H36M-Toolbox numbers them, by hand from the table of metadata.xml.
SOURCES = {
    "test": {
        "s_09_act_05_subact_02": ("S9", "Greeting"),
        "s_09_act_10_subact_01": ("S9", "SittingDown"),
        "s_09_act_10_subact_02": ("S9", "SittingDown 1"),
        "s_11_act_06_subact_01": ("S11", "Phoning 3"),
        "s_11_act_14_subact_02": ("S11", "Walking"),
        "s_11_act_03_subact_01": ("S11", "Discussion 1"),  # not in the shards
    },
    "train": {
        "s_01_act_04_subact_01": ("S1", "Eating 2"),
        "s_01_act_12_subact_01": ("S1", "Photo 1"),
        "s_01_act_03_subact_02": ("S1", "Discussion"),  # not in the shards
    },
}
#: Of S9 the pickle's rows run on after the labels.
SURPLUS = {"S9": 3, "S11": 0, "S1": 0}


@pytest.fixture(scope="module")
def held_out(tmp_path_factory):
    """Words of the command line that name shards of S9 and S11."""
    return human36m(tmp_path_factory.mktemp("test"), TEST, ["S11/Walking.58860488"])


@pytest.fixture(scope="module")
def all_shards(tmp_path_factory):
    """The same with S1."""
    return human36m(tmp_path_factory.mktemp("all"), TEST | TRAIN)


def clip_of(source):
    return h36m_toolbox.clip_of(source, official().frames, CAMERAS)


def test_toolbox_numbers():
    for each in SOURCES.values():
        for source, (subject, sequence) in each.items():
            for i, camera in enumerate(CAMERAS, 1):
                assert clip_of(f"{source}_ca_{i:02d}") == (subject, sequence, camera)
    assert clip_of("s_05_act_12_subact_01_ca_01") == ("S5", "Photo", "54138969")
    assert clip_of("s_05_act_03_subact_02_ca_04") == ("S5", "Discussion 3", "60457274")
    assert clip_of("s_06_act_13_subact_01_ca_04") == ("S6", "Waiting 3", "60457274")
    assert clip_of("s_08_act_16_subact_02_ca_04") == ("S8", "WalkTogether 2", "60457274")
    for wrong in ("s_02_act_02_subact_01_ca_01", "s_09_act_02_subact_01_ca_05", "x", "s_9_act_2"):
        assert clip_of(wrong) is None
    for subject, frames in official().frames.items():
        sources = (
            f"s_{subject[1:]:>02}_act_{act:02d}_subact_{sub:02d}_ca_01"
            for act in range(1, 18)
            for sub in range(4)
        )
        clips = [clip_of(source) for source in sources]
        assert sorted(clip[1] for clip in clips if clip) == sorted(frames)


def write_pickle(path, words, shift=0.0, confidence="deep"):
    """A pickle in MotionBERT's layout, of the recordings in `SOURCES`; returns its content."""
    data = open_dataset("human36m", words[3])
    clips = {(c.subject, c.sequence, c.camera): c for c in data.clip_ids()}
    whole = {}
    for split, sources in SOURCES.items():
        source, names, actions, image = [], [], [], []
        for text, key in sources.items():
            for number, camera in enumerate(CAMERAS, 1):
                pixels = data.load(clips[*key, camera]).keypoints
                pixels = np.concatenate([pixels, np.repeat(pixels[-1:], SURPLUS[key[0]], axis=0)])
                source += [f"{text}_ca_{number:02d}"] * len(pixels)
                names += [camera] * len(pixels)
                actions += [key[1].partition(" ")[0]] * len(pixels)
                image += list(np.pad(pixels + 1.5 + shift, ((0, 0), (0, 0), (0, 1))))
        rows = len(source)
        whole[split] = {
            "joint_2d": np.zeros((rows, 17, 2)),
            "confidence": np.zeros((rows, 17, 1) if confidence == "deep" else (rows, 17)),
            "joint3d_image": np.array(image),
            "camera_name": names,
            "source": source,
            "action": actions,
            "2.5d_factor": np.arange(rows, dtype=float),
            "joints_2.5d_image": np.arange(rows * 51.0).reshape(rows, 17, 3),
        }
        if confidence == "none":
            del whole[split]["confidence"]
    path.write_bytes(pickle.dumps(whole))
    return whole


def motionbert_reader(path, frames):
    """What MotionBERT makes of its pickle, after its description.

    Of each split, all inputs (N, frames, 17, 3): pixels to -1..1 by the width of the camera's
    picture, and the confidence, 1 where the training split has none; and the rows of its clips.
    """
    content = pickle.loads(path.read_bytes())
    read = {}
    for split, columns in content.items():
        rows = len(columns["source"])
        points = columns["joint_2d"][:, :, :2].astype(np.float32)
        assert points.shape == (rows, 17, 2)
        sizes = {"54138969": 1002, "55011271": 1000, "58860488": 1000, "60457274": 1002}
        heights = np.array([sizes[name] for name in columns["camera_name"]])
        assert len(heights) == rows
        points = points / 1000 * 2
        points[..., 0] -= 1
        points[..., 1] -= (heights / 1000)[:, None]
        confidence = np.ones((rows, 17, 1))
        if "confidence" in content["train"]:
            confidence = columns["confidence"].astype(np.float32)
            if content["train"]["confidence"].ndim == 2:
                confidence = confidence[:, :, None]
        inputs = np.concatenate([points, confidence], axis=2)
        labels = columns["joint3d_image"][:, :, :3].astype(np.float32)
        assert labels.shape == (rows, 17, 3)
        clips = np.array(clip_indices(columns["source"], frames))
        read[split] = inputs[clips], labels[clips], clips
    return content, read


def clip_indices(sources, frames):
    """Rows of clips: whole ones of a run of equal sources, or a short run stretched to one."""
    bounds = [i for i in range(1, len(sources)) if sources[i] != sources[i - 1]]
    clips = []
    for start, end in zip([0, *bounds], [*bounds, len(sources)], strict=True):
        whole = [np.arange(i, i + frames) for i in range(start, end - frames + 1, frames)]
        stretched = np.linspace(start, end, frames, endpoint=False).astype(int)
        clips += whole or [stretched]
    return clips


def scored(content, clips):
    """The clips that its evaluation scores; it reads the test split's other columns row by row."""
    columns = {
        name: np.array(content["test"][name])
        for name in ("action", "2.5d_factor", "joints_2.5d_image", "source")
    }
    assert {len(column) for column in columns.values()} == {len(content["test"]["joint_2d"])}
    skipped = ("s_09_act_05_subact_02", "s_09_act_10_subact_02", "s_09_act_13_subact_01")
    of_clips = {name: column[clips] for name, column in columns.items()}
    assert of_clips["joints_2.5d_image"].shape[1:] == (clips.shape[1], 17, 3)
    for sources in of_clips["source"]:
        assert len(set(sources)) == 1, "a clip is of one video"
    return [i for i, sources in enumerate(of_clips["source"]) if sources[0][:-6] not in skipped]


def kept_rows(before, split, tracks):
    """The rows of a split for which there are detections, each with its clip and frame."""
    columns, kept = before[split], []
    for i, source in enumerate(columns["source"]):
        key = (*SOURCES[split][source[:21]], columns["camera_name"][i])
        frame = columns["source"][:i].count(source)
        if key in tracks and frame < len(tracks[key]):
            kept.append((i, key, frame))
    return kept


def check_split(before, content, split, tracks):
    """The rows with detections have them, and the user's other columns; there are no others."""
    kept = kept_rows(before, split, tracks)
    rows, after = [i for i, *_ in kept], content[split]
    assert list(after) == list(before[split])
    for name, column in before[split].items():
        assert len(after[name]) == len(rows)
        if name not in ("joint_2d", "confidence"):
            assert np.array_equal(np.asarray(after[name]), np.asarray([column[i] for i in rows]))
    expected = np.array([tracks[key][frame] for _, key, frame in kept])
    assert np.array_equal(after["joint_2d"], expected[..., :2])
    if "confidence" in after:
        assert after["confidence"].shape == (len(rows), *before[split]["confidence"].shape[1:])
        assert np.array_equal(after["confidence"].reshape(-1, 17), expected[..., 2])
    return rows


@pytest.mark.parametrize("confidence", ["deep", "flat", "none"])
def test_the_test_split(held_out, confidence, tmp_path, cli):
    path = tmp_path / "h36m_sh.pkl"
    before = write_pickle(path, held_out, confidence=confidence)
    more = ["--format", "motionbert", "--cell", "erase 3", "--cell", "clean", "--out", tmp_path]
    done = cli("convert", *held_out, *more, "--annotations", path)
    assert done.code == 0, done.err
    assert (tmp_path / "h36m_sh_corruptbench_clean.pkl").is_file()
    out = tmp_path / "h36m_sh_corruptbench_erase_3.pkl"
    assert b"numpy._core" not in out.read_bytes(), "NumPy 1 has no such module"
    tracks = expected_tracks(held_out, Cell("erase", 3), normalize="pixel")
    for frames in (3, 243):
        content, read = motionbert_reader(out, frames)
        inputs, labels, clips = read["test"]
        assert len(inputs) == len(labels) == len(clips)
        assert scored(content, clips)
    rows = check_split(before, content, "test", tracks)
    total = len(before["test"]["source"])
    assert (
        f"left out: {total - len(rows)} of {total} rows of the test split, without detections\n"
        in done.err
    )
    assert "train split" not in done.err
    for name, column in before["train"].items():
        assert np.array_equal(content["train"][name], column)


def test_the_input_is_that_of_our_evaluation(held_out, tmp_path, cli):
    path = tmp_path / "h36m_sh.pkl"
    before = write_pickle(path, held_out)
    more = ["--format", "motionbert", "--cell", "erase 3", "--out", tmp_path]
    assert cli("convert", *held_out, *more, "--annotations", path).code == 0
    out = tmp_path / "h36m_sh_corruptbench_erase_3.pkl"
    inputs, _, clips = motionbert_reader(out, 3)[1]["test"]
    ours = expected_tracks(held_out, Cell("erase", 3))
    kept = kept_rows(before, "test", ours)
    for found, rows in zip(inputs, clips, strict=True):
        expected = np.array([ours[kept[i][1]][kept[i][2]] for i in rows])
        assert np.abs(found - expected).max() < 1e-6


@pytest.mark.parametrize("confidence", ["deep", "flat"])
def test_both_splits(all_shards, confidence, tmp_path, cli):
    path = tmp_path / "h36m_sh.pkl"
    before = write_pickle(path, all_shards, confidence=confidence)
    more = ["--format", "motionbert", "--cell", "erase 1", "--out", tmp_path]
    done = cli("convert", *all_shards, *more, "--annotations", path)
    assert done.code == 0, done.err
    tracks = expected_tracks(all_shards, Cell("erase", 1), normalize="pixel")
    content, _ = motionbert_reader(tmp_path / "h36m_sh_corruptbench_erase_1.pkl", 3)
    for split in ("train", "test"):
        gone = len(before[split]["source"]) - len(check_split(before, content, split, tracks))
        assert f"left out: {gone} of {len(before[split]['source'])} rows of the {split} split" in (
            done.err
        )


def test_the_training_split_alone(tmp_path, cli):
    words = human36m(tmp_path, TRAIN)
    path = tmp_path / "h36m_sh.pkl"
    before = write_pickle(path, words)
    more = ["--format", "motionbert", "--cell", "erase 1", "--out", tmp_path / "converted"]
    done = cli("convert", *words, *more, "--annotations", path)
    assert done.code == 0, done.err
    tracks = expected_tracks(words, Cell("erase", 1), normalize="pixel")
    content, _ = motionbert_reader(tmp_path / "converted/h36m_sh_corruptbench_erase_1.pkl", 3)
    check_split(before, content, "train", tracks)
    for name, column in before["test"].items():
        assert np.array_equal(content["test"][name], column)
    assert "test split" not in done.err


def refused(cli, words, path, tmp_path):
    more = ["--format", "motionbert", "--out", tmp_path / "out", "--annotations", path]
    done = cli("convert", *words, *more)
    assert done.code == 2
    assert not (tmp_path / "out").exists()
    return done.err


def test_rows_that_are_not_the_frames_one_after_the_other(held_out, tmp_path, cli):
    path = tmp_path / "h36m_sh.pkl"
    write_pickle(path, held_out, shift=30.0)
    said = refused(cli, held_out, path, tmp_path)
    assert "h36m_sh.pkl: test: human36m/S9/Greeting.54138969: its labels lie" in said
    assert "45 px from those of the data set" in said


def test_a_file_of_every_second_frame(held_out, tmp_path, cli):
    """Where people hardly move, its labels would agree."""
    path = tmp_path / "h36m_sh.pkl"
    whole = write_pickle(path, held_out)
    sampled = {
        name: column[::2] if len(column) == len(whole["test"]["source"]) else column
        for name, column in whole["test"].items()
    }
    path.write_bytes(pickle.dumps(whole | {"test": sampled}))
    said = refused(cli, held_out, path, tmp_path)
    assert "h36m_sh.pkl: test: " in said
    assert "take the original, unsampled file" in said
    assert "rows of human36m/S" in said


def test_a_pickle_of_other_subjects(held_out, tmp_path, cli):
    path = tmp_path / "h36m_sh.pkl"
    whole = write_pickle(path, held_out)
    path.write_bytes(pickle.dumps({"train": whole["train"]}))
    said = refused(cli, held_out, path, tmp_path)
    assert "h36m_sh.pkl: train: no row of it belongs to a clip of the shards" in said
    assert "it holds S1, the shards S11, S9; wrong split? expected" in said


def test_columns_that_are_amiss(held_out, tmp_path, cli):
    path = tmp_path / "h36m_sh.pkl"
    whole = write_pickle(path, held_out)
    rows = len(whole["test"]["source"])
    cases = [
        ({"joint_2d": np.zeros((5, 17, 2))}, f"(5, 17, 2), expected numbers ({rows}, 17, 2 or 3)"),
        ({"joint3d_image": np.zeros((rows, 16, 3))}, f"float64 of shape ({rows}, 16, 3), expected"),
        ({"joint3d_image": np.full((rows, 17, 3), "x")}, "<U1 of shape"),
    ]
    for changed, said in cases:
        path.write_bytes(pickle.dumps(whole | {"test": whole["test"] | changed}))
        found = refused(cli, held_out, path, tmp_path)
        assert f"h36m_sh.pkl: test: {next(iter(changed))}: " in found
        assert said in found
    path.write_bytes(pickle.dumps({"test": {"joint_2d": 1}, "train": {}}))
    found = refused(cli, held_out, path, tmp_path)
    assert "holds test, train, and in none of it joint_2d, joint3d_image, source" in found


def test_the_pickle_is_not_written_over(held_out, tmp_path, cli):
    """A file of the name that the conversion would give is there, and is the user's."""
    path = tmp_path / "h36m_sh.pkl"
    write_pickle(path, held_out)
    mine = tmp_path / "h36m_sh_corruptbench_clean.pkl"
    mine.write_bytes(path.read_bytes())
    more = ["--format", "motionbert", "--cell", "clean", "--out", tmp_path, "--annotations", path]
    done = cli("convert", *held_out, *more)
    assert done.code == 2
    assert f"{mine}: is there, no conversion wrote it" in done.err
    assert mine.read_bytes() == path.read_bytes()
    assert {p.name for p in tmp_path.iterdir()} == {path.name, mine.name}
