"""Exported files, read back by the rules of the repositories that read them."""

from __future__ import annotations

import json
import pickle
import zipfile

import numpy as np
import pytest

from corruptbench.build import shards
from corruptbench.build.detect import CellDetections
from corruptbench.build.lock import write_lock
from corruptbench.build.plan import DetectorFacts, WorkItem, shard_path
from corruptbench.datasets import open_dataset
from corruptbench.datasets.human36m.tables import official
from corruptbench.datasets.human36m.toolbox import clip_of, recordings
from corruptbench.evaluate.shardset import open_shards
from corruptbench.evaluate.windows import lifter_input
from corruptbench.manifest import CLEAN, Cell, load_manifest
from tests.corruptbench.conftest import contract
from tests.fixtures.folder import write_manifest
from tests.fixtures.human36m import poses

CAMERAS = ("54138969", "55011271", "58860488", "60457274")
SIZES = ((1000, 1002), (1000, 1000), (1000, 1000), (1000, 1002))
CELLS = (CLEAN, Cell("erase", 1), Cell("erase", 3))
BY = DetectorFacts("fake", "coco17", "none", "0" * 64)


def write_shards(dataset, manifest, out, layout="coco17"):
    """Random detections of every clip, the third and the last frame without any; no video."""
    records = []
    for clip_id in manifest.select(dataset.clip_ids()):
        clip = dataset.load(clip_id)
        found = []
        for number, cell in enumerate(CELLS):
            random = np.random.default_rng([number, *str(clip_id).encode()])
            keypoints = random.uniform(0, 1000, (len(clip.joints), 17, 2)).astype(np.float32)
            scores = random.uniform(0, 1, (len(clip.joints), 17)).astype(np.float32)
            for missing in (2, -1):
                keypoints[missing], scores[missing] = np.nan, 0
            boxes = np.zeros((len(clip.joints), 4), np.float32)
            found.append(CellDetections(cell, keypoints, scores, boxes, "0" * 64))
        path = shard_path(out, clip_id)
        item = WorkItem(clip_id, CELLS, path, out / "videos", len(clip.joints), "0" * 64)
        shards.write(item, found, manifest, DetectorFacts("fake", layout, "none", "0" * 64))
        records.append(shards.read_record(path))
    write_lock(out, records, "none")
    return out


@pytest.fixture(scope="module")
def set_in_folders(mini, mini_manifest, tmp_path_factory):
    """Words of the command line that name shards of the miniature set."""
    out = write_shards(
        open_dataset("folder", mini), load_manifest(str(mini_manifest)),
        tmp_path_factory.mktemp("shards"),
    )  # fmt: skip
    return ["--shards", out, "--root", mini, "--manifest", mini_manifest]


RECORDINGS = {"S9": ("Greeting", "SittingDown", "SittingDown 1"), "S11": ("Phoning 3", "Walking")}


@pytest.fixture(scope="module")
def h36m(tmp_path_factory):
    """The same for Human3.6M, and the path of its packed labels, which hold more recordings."""
    root = tmp_path_factory.mktemp("h36m")
    world = {
        s: {
            name: (poses(6 + i % 5, i) / 1000).astype("float32")
            for i, name in enumerate(official().frames[s])
        }
        for s in ("S1", "S9", "S11")
    }
    labels = root / "data_3d_h36m.npz"
    np.savez_compressed(labels, positions_3d=world)
    chosen = sorted({name for names in RECORDINGS.values() for name in names})
    others = [
        f"{s}/{name}"
        for s, names in RECORDINGS.items()
        for name in chosen
        if name in official().frames[s] and name not in names
    ]
    manifest = write_manifest(
        root / "m.toml",
        **{
            '"folder"': '"human36m"',
            'subjects = ["A1", "A2"]': f'subjects = ["S9", "S11"]\nsequences = {chosen}\n'
            f"exclude = {[*others, 'S11/Walking.58860488']}",
        },
    )
    out = write_shards(open_dataset("human36m", labels), load_manifest(str(manifest)), root / "out")
    return ["--shards", out, "--root", labels, "--manifest", manifest], labels


def opened(words):
    return open_shards(words[1], words[3], str(words[5]))


def videopose3d_loader(path_2d, path_3d=None, sizes=None):
    """What VideoPose3D does with its two files, after its documentation; returns its 2D input."""
    with np.load(path_2d, allow_pickle=True) as file:
        assert set(file) == {"positions_2d", "metadata"}
        keypoints, metadata = file["positions_2d"].item(), file["metadata"].item()
    name = path_2d.stem.split("_", 3)[3]
    layout = next(k for k in ("mpii", "coco", "h36m", "humaneva15", "humaneva20") if k in name)
    assert metadata["layout_name"] == layout
    left, right = metadata["keypoints_symmetry"]
    assert (left, right) == {
        "h36m": ([4, 5, 6, 11, 12, 13], [1, 2, 3, 14, 15, 16]),
        "coco": ([1, 3, 5, 7, 9, 11, 13, 15], [2, 4, 6, 8, 10, 12, 14, 16]),
    }[layout]
    if path_3d:
        with np.load(path_3d, allow_pickle=True) as file:
            labels = file["positions_3d"].item()
        for subject, actions in labels.items():
            assert subject in keypoints
            for action, world in actions.items():
                assert action in keypoints[subject]
                assert len(keypoints[subject][action]) == 4
                for i, one in enumerate(keypoints[subject][action]):
                    assert len(one) >= len(world)
                    keypoints[subject][action][i] = one[: len(world)]
        assert {s: set(a) for s, a in keypoints.items()} == {s: set(a) for s, a in labels.items()}
    for actions in keypoints.values():
        for each in actions.values():
            for i, one in enumerate(each):
                assert one.dtype == np.float32
                assert one.shape[1] == metadata["num_joints"] == 17
                w, h = sizes[i]
                one[..., :2] = one[..., :2] / w * 2 - [1, h / w]
    return keypoints


@pytest.mark.parametrize(("layout", "tag"), [("h36m17", "h36m"), ("coco17", "coco")])
@pytest.mark.parametrize("confidence", [True, False])
def test_videopose3d_gets_what_our_evaluation_gets(
    set_in_folders, layout, tag, confidence, tmp_path, cli
):
    words = ["--format", "videopose3d", "--layout", layout, "--out", tmp_path]
    done = cli("export", *set_in_folders, *words, *["--confidence"] * confidence)
    assert done.code == 0, done.err
    cells = {"clean": "clean", "erase 1": "erase_1", "erase 3": "erase_3"}
    files = {c: tmp_path / f"data_2d_mini_corruptbench_{tag}_{t}.npz" for c, t in cells.items()}
    assert set(tmp_path.iterdir()) == {*files.values(), tmp_path / "corruptbench-export.json"}
    shard_set = opened(set_in_folders)
    ours = contract(keypoints=layout, channels="xyc" if confidence else "xy", frames=1)
    for cell, path in files.items():
        theirs = videopose3d_loader(path, sizes=[(128, 128)] * 2)
        assert {s: list(a) for s, a in theirs.items()} == {
            "A1": ["step_1", "sway_1"],
            "A2": ["step_1"],
        }
        for clip, detections in shard_set.clips():
            (d,) = [d for d in detections if str(d.cell) == cell]
            expected = lifter_input(
                d.keypoints.astype(float), d.scores.astype(float), "coco17", clip.camera, ours
            )
            number = ["cam1", "cam2"].index(clip.id.camera)
            found = theirs[clip.id.subject][clip.id.sequence][number]
            assert found.shape == expected.shape == (*d.scores.shape, 2 + confidence)
            assert np.abs(found - expected).max() < 2e-6


def test_videopose3d_for_human36m_with_its_labels_cut(h36m, tmp_path, cli):
    words, labels = h36m
    more = ["--format", "videopose3d", "--layout", "coco17", "--cell", "erase 3"]
    done = cli("export", *words, *more, "--out", tmp_path, "--annotations", labels)
    assert done.code == 0, done.err
    assert "left out: S11/Walking (not all 4 cameras)" in done.out
    found = videopose3d_loader(
        tmp_path / "data_2d_h36m_corruptbench_coco_erase_3.npz", tmp_path / "data_3d_h36m.npz",
        sizes=SIZES,
    )  # fmt: skip
    assert {s: sorted(a) for s, a in found.items()} == {
        "S9": ["Greeting", "SittingDown", "SittingDown 1"],
        "S11": ["Phoning 3"],
    }
    whole = np.load(labels, allow_pickle=True)["positions_3d"].item()
    cut = np.load(tmp_path / "data_3d_h36m.npz", allow_pickle=True)["positions_3d"].item()
    assert np.array_equal(cut["S9"]["Greeting"], whole["S9"]["Greeting"])
    for clip, (d,) in opened(words).clips((Cell("erase", 3),)):
        if clip.id.sequence != "Walking":
            number = CAMERAS.index(clip.id.camera)
            expected = d.keypoints[0] / 1000 * 2 - [1, SIZES[number][1] / 1000]
            one = found[clip.id.subject][clip.id.sequence][number]
            assert np.abs(one[0] - expected).max() < 1e-6
            assert np.array_equal(one[2], one[1]), "a frame without detection repeats the earlier"
            assert np.array_equal(one[-1], one[-2])


def test_labels_that_the_shards_were_not_built_with(h36m, tmp_path, cli):
    words, labels = h36m
    longer = tmp_path / "longer.npz"
    whole = np.load(labels, allow_pickle=True)["positions_3d"].item()
    whole["S9"]["Greeting"] = np.zeros((50, 32, 3), "float32")
    np.savez_compressed(longer, positions_3d=whole)
    more = ["--format", "videopose3d", "--out", tmp_path / "out", "--annotations", longer]
    done = cli("export", *words, *more)
    assert done.code == 2
    assert "longer.npz: S9: Greeting: 50 frames, the shards have" in done.err
    assert not (tmp_path / "out").exists()


def test_the_same_bytes_every_time(set_in_folders, tmp_path, cli):
    for name in "ab":
        words = ["--format", "videopose3d", "--cell", "clean", "--out", tmp_path / name]
        assert cli("export", *set_in_folders, *words).code == 0
    first, second = (
        {p.name: p.read_bytes() for p in (tmp_path / n).iterdir()} for n in "ab"
    )  # fmt: skip
    assert first == second
    with zipfile.ZipFile(tmp_path / "a/data_2d_mini_corruptbench_h36m_clean.npz") as archive:
        assert {i.date_time for i in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"numpy._core" not in archive.read("positions_2d.npy"), "NumPy 1 has no such module"
    record = json.loads((tmp_path / "a/corruptbench-export.json").read_text())
    assert record["cells"] == {"data_2d_mini_corruptbench_h36m_clean.npz": "clean"}
    assert record["benchmark"]["id"] == "mini-c"


# -- MotionBERT ------------------------------------------------------------------------------------

#: Sources as H36M-Toolbox numbers them, by hand from the table of metadata.xml.
SOURCES = {
    "s_09_act_05_subact_02": ("S9", "Greeting"),
    "s_09_act_10_subact_01": ("S9", "SittingDown"),
    "s_09_act_10_subact_02": ("S9", "SittingDown 1"),
    "s_11_act_06_subact_01": ("S11", "Phoning 3"),
    "s_11_act_14_subact_02": ("S11", "Walking"),
}


def test_toolbox_numbers():
    for source, (subject, sequence) in SOURCES.items():
        for i, camera in enumerate(CAMERAS, 1):
            assert clip_of(f"{source}_ca_{i:02d}") == (subject, sequence, camera)
    assert clip_of("s_01_act_04_subact_01_ca_01") == ("S1", "Eating 2", "54138969")
    assert clip_of("s_01_act_12_subact_01_ca_01") == ("S1", "Photo 1", "54138969")
    assert clip_of("s_05_act_12_subact_01_ca_01") == ("S5", "Photo", "54138969")
    assert clip_of("s_05_act_03_subact_02_ca_04") == ("S5", "Discussion 3", "60457274")
    assert clip_of("s_06_act_13_subact_01_ca_04") == ("S6", "Waiting 3", "60457274")
    assert clip_of("s_08_act_16_subact_02_ca_04") == ("S8", "WalkTogether 2", "60457274")
    for wrong in ("s_02_act_02_subact_01_ca_01", "s_09_act_02_subact_01_ca_05", "x", "s_9_act_2"):
        assert clip_of(wrong) is None
    for subject in official().frames:
        assert sorted(recordings(subject).values()) == sorted(official().frames[subject])


def motionbert_pickle(path, words, surplus=3, shift=0.0, deep=False):
    """A pickle in MotionBERT's layout: S9's rows run on after our labels, one clip is not ours."""
    clips = {c.id: c for c, _ in opened(words).clips((CLEAN,))}
    by_name = {(c.subject, c.sequence, c.camera): clips[c] for c in clips}
    columns = {"source": [], "camera_name": [], "action": [], "joint3d_image": []}
    for source, key in [*SOURCES.items(), ("s_11_act_02_subact_01", ("S11", "Directions 1"))]:
        for number, camera in enumerate(CAMERAS, 1):
            clip = by_name.get((*key, camera))
            pixels = np.zeros((7, 17, 2)) if clip is None else clip.keypoints
            extra = surplus if key[0] == "S9" else 0
            pixels = np.concatenate([pixels, np.repeat(pixels[-1:], extra, axis=0)])
            image = np.concatenate([pixels + 1.5 + shift, np.zeros((len(pixels), 17, 1))], axis=-1)
            columns["source"] += [f"{source}_ca_{number:02d}"] * len(pixels)
            columns["camera_name"] += [camera] * len(pixels)
            columns["action"] += [key[1]] * len(pixels)
            columns["joint3d_image"] += list(image)
    rows = len(columns["source"])
    test = columns | {
        "joint3d_image": np.array(columns["joint3d_image"]),
        "joint_2d": np.zeros((rows, 17, 2)),
        "confidence": np.zeros((rows, 17, 1) if deep else (rows, 17)),
        "2.5d_factor": np.arange(rows, dtype=float),
        "joints_2.5d_image": np.arange(rows * 51.0).reshape(rows, 17, 3),
    }
    train = {"joint_2d": np.ones((4, 17, 2)), "source": ["s_01_act_02_subact_01_ca_01"] * 4}
    path.write_bytes(pickle.dumps({"train": train, "test": test}))
    return test, by_name


@pytest.mark.parametrize("deep", [True, False])
def test_motionbert(h36m, deep, tmp_path, cli):
    words, _ = h36m
    path = tmp_path / "h36m_sh.pkl"
    before, by_name = motionbert_pickle(path, words, deep=deep)
    more = ["--format", "motionbert", "--cell", "erase 3", "--cell", "clean", "--out", tmp_path]
    done = cli("export", *words, *more, "--annotations", path)
    assert done.code == 0, done.err
    data = (tmp_path / "h36m_sh_corruptbench_erase_3.pkl").read_bytes()
    assert b"numpy._core" not in data, "NumPy 1 has no such module"
    content = pickle.loads(data)
    assert np.array_equal(content["train"]["joint_2d"], np.ones((4, 17, 2)))
    test = content["test"]
    ours = [
        i
        for i, source in enumerate(before["source"])
        if (clip := by_name.get((*SOURCES.get(source[:21], ("", "")), before["camera_name"][i])))
        and before["source"][:i].count(source) < len(clip.joints)
    ]
    assert f"left out: {len(before['source']) - len(ours)} rows of the test split" in done.out
    assert list(test) == list(before)
    assert np.array_equal(test["2.5d_factor"], ours)
    for column in before:
        assert len(test[column]) == len(ours)
        if column not in ("joint_2d", "confidence"):
            expected = [before[column][i] for i in ours]
            assert np.array_equal(np.asarray(test[column]), np.asarray(expected))
    assert test["confidence"].shape == ((len(ours), 17, 1) if deep else (len(ours), 17))
    layout = contract(joints="h36m17", normalize="pixel", channels="xyc", frames=1)
    for clip, (d,) in opened(words).clips((Cell("erase", 3),)):
        at = [
            i
            for i, source in enumerate(test["source"])
            if (*SOURCES[source[:21]], test["camera_name"][i])
            == (clip.id.subject, clip.id.sequence, clip.id.camera)
        ]
        expected = lifter_input(
            d.keypoints.astype(float), d.scores.astype(float), "coco17", clip.camera, layout
        )
        assert np.array_equal(test["joint_2d"][at], expected[..., :2])
        assert np.array_equal(test["confidence"][at].reshape(-1, 17), expected[..., 2])


def test_rows_that_are_not_the_frames_one_after_the_other(h36m, tmp_path, cli):
    words, _ = h36m
    path = tmp_path / "h36m_sh.pkl"
    motionbert_pickle(path, words, shift=30.0)
    more = ["--format", "motionbert", "--out", tmp_path / "out", "--annotations", path]
    done = cli("export", *words, *more)
    assert done.code == 2
    assert "h36m_sh.pkl: human36m/S9/Greeting.54138969: its labels lie" in done.err
    assert "45 px from those of --root" in done.err
    assert not (tmp_path / "out").exists()


# -- mmpose ----------------------------------------------------------------------------------------


def test_mmpose(h36m, tmp_path, cli):
    words, _ = h36m
    clips = [clip for clip, _ in opened(words).clips((CLEAN,))]
    names, part = [], []
    for clip in clips:
        for t in range(0, len(clip.joints), 2):  # every second frame
            stem = f"{clip.id.subject}_{clip.id.sequence.replace(' ', '_')}.{clip.id.camera}"
            names.append(f"{clip.id.subject}/{stem}/{stem}_{t + 1:06d}.jpg")
            part.append(np.c_[clip.keypoints[t], np.ones(17)])
    names.append("S11/S11_Directions.54138969/S11_Directions.54138969_000001.jpg")
    part.append(np.zeros((17, 3)))
    path = tmp_path / "h36m_test.npz"
    scale = np.arange(len(names), dtype=float)
    np.savez(path, imgname=np.array(names), part=np.array(part), scale=scale)
    more = ["--format", "mmpose", "--out", tmp_path, "--annotations", path, "--cell", "erase 1"]
    done = cli("export", *words, *more)
    assert done.code == 0, done.err
    assert "left out: 1 rows" in done.out
    with np.load(tmp_path / "h36m_test_corruptbench.npz") as cut:
        assert cut["imgname"].tolist() == names[:-1]
        assert np.array_equal(cut["scale"], scale[:-1])
        assert np.array_equal(cut["part"], part[:-1])
    found = np.load(tmp_path / "h36m_test_corruptbench_erase_1.npy")
    assert found.shape == (len(names) - 1, 17, 3)
    row = 0
    layout = contract(joints="h36m17", normalize="pixel", channels="xyc", frames=1)
    for clip, (d,) in opened(words).clips((Cell("erase", 1),)):
        expected = lifter_input(
            d.keypoints.astype(float), d.scores.astype(float), "coco17", clip.camera, layout
        )[::2]
        assert np.array_equal(found[row : row + len(expected)], expected)
        row += len(expected)


def test_what_cannot_be_exported(set_in_folders, h36m, tmp_path, cli):
    words, labels = h36m
    out = ["--out", tmp_path / "out"]
    page = tmp_path / "page.pkl"
    page.write_text("<html>")
    cases = [
        ([*set_in_folders, "--format", "motionbert"], "for Human3.6M, these are shards of mini"),
        ([*words, "--format", "motionbert"], "--annotations is missing: expected"),
        ([*words, "--format", "mmpose", "--layout", "coco17"], "--layout coco17: repositories"),
        ([*words, "--format", "motionbert", "--annotations", page], "page.pkl: a web page"),
        ([*words, "--format", "mmpose", "--annotations", labels], "no imgname, part in it"),
        ([*words, "--format", "videopose3d", "--cell", "erase 2"], "--cell 'erase 2': the shards"),
    ]
    for arguments, said in cases:
        done = cli("export", *arguments, *out)
        assert done.code == 2
        assert said in done.err
        assert "Traceback" not in done.err
    assert not (tmp_path / "out").exists()


def test_packed_labels_do_for_an_evaluation(h36m, tiny_lifter, tmp_path, cli):
    """Shards and data_3d_h36m.npz, no other file of the data set."""
    (shard_words, root_words, manifest_words) = (h36m[0][i : i + 2] for i in (0, 2, 4))
    done = cli(
        "evaluate", tiny_lifter, *shard_words, *root_words, *manifest_words, "--out", tmp_path
    )
    assert done.code == 0, done.err
    result = json.loads((tmp_path / "tiny.json").read_text())
    frames = sum(len(c.joints) for c, _ in opened(h36m[0]).clips((CLEAN,)))
    assert result["coverage"]["n_scored"] == 3 * frames
