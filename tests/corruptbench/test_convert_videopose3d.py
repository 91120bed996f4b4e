"""VideoPose3D's files, read back as its run.py reads them."""

from __future__ import annotations

import numpy as np
import pytest

from corruptbench.manifest import CLEAN, Cell
from tests.fixtures.export_shards import (
    CAMERAS,
    SIZES,
    TEST,
    expected_tracks,
    folder_words,
    human36m,
)


@pytest.fixture(scope="module")
def set_in_folders(mini, mini_manifest, tmp_path_factory):
    return folder_words(mini, mini_manifest, tmp_path_factory.mktemp("shards"))


@pytest.fixture(scope="module")
def h36m(tmp_path_factory):
    """The same for Human3.6M; one camera of a recording is missing."""
    return human36m(tmp_path_factory.mktemp("h36m"), TEST, ["S11/Walking.58860488"])


def videopose3d_loader(path_2d, path_3d=None, sizes=None):
    """What VideoPose3D does with its two files, after its documentation; returns its 2D input.

    A recording has as many cameras as ``sizes``; the 2D of a recording is that of the labels'
    frames, from the first on.
    """
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
        "humaneva15": ([2, 3, 4, 8, 9, 10], [5, 6, 7, 11, 12, 13]),
    }[layout]
    if path_3d:
        with np.load(path_3d, allow_pickle=True) as file:
            labels = file["positions_3d"].item()
        for subject, actions in labels.items():
            assert subject in keypoints
            for action, world in actions.items():
                assert action in keypoints[subject]
                assert len(keypoints[subject][action]) == len(sizes)
                for i, one in enumerate(keypoints[subject][action]):
                    assert len(one) >= len(world)
                    keypoints[subject][action][i] = one[: len(world)]
        assert {s: set(a) for s, a in keypoints.items()} == {s: set(a) for s, a in labels.items()}
    for actions in keypoints.values():
        for each in actions.values():
            assert len(each) == len(sizes)
            for i, one in enumerate(each):
                assert one.dtype == np.float32
                assert one.shape[1] == metadata["num_joints"]
                w, h = sizes[i]
                one[..., :2] = one[..., :2] / w * 2 - [1, h / w]
    return keypoints


@pytest.mark.parametrize(
    ("layout", "tag"), [("h36m17", "h36m"), ("coco17", "coco"), ("humaneva15", "humaneva15")]
)
@pytest.mark.parametrize("confidence", [True, False])
def test_what_our_evaluation_gets(set_in_folders, layout, tag, confidence, tmp_path, cli):
    words = ["--format", "videopose3d", "--joints", layout, "--out", tmp_path]
    done = cli("convert", *set_in_folders, *words, *["--confidence"] * confidence)
    assert done.code == 0, done.err
    cells = {CLEAN: "clean", Cell("erase", 1): "erase_1", Cell("erase", 3): "erase_3"}
    files = {c: tmp_path / f"data_2d_mini_corruptbench_{tag}_{t}.npz" for c, t in cells.items()}
    assert set(tmp_path.iterdir()) == {*files.values(), tmp_path / "corruptbench-export.json"}
    convention = {"keypoints": layout, "channels": "xyc" if confidence else "xy"}
    for cell, path in files.items():
        theirs = videopose3d_loader(path, sizes=[(128, 128)] * 2)
        assert {s: list(a) for s, a in theirs.items()} == {
            "A1": ["step_1", "sway_1"],
            "A2": ["step_1"],
        }
        for (subject, name, camera), expected in expected_tracks(
            set_in_folders, cell, **convention
        ).items():
            found = theirs[subject][name][["cam1", "cam2"].index(camera)]
            assert found.shape == expected.shape
            assert np.abs(found - expected).max() < 2e-6


WORDS = ("--format", "videopose3d", "--joints", "coco17", "--cell", "erase 3")


def test_human36m_with_its_labels_cut(h36m, tmp_path, cli):
    done = cli("convert", *h36m, *WORDS, "--out", tmp_path, "--annotations", h36m[3])
    assert done.code == 0, done.err
    assert "left out: S11/Walking (not all 4 cameras: no 58860488)" in done.err
    found = videopose3d_loader(
        tmp_path / "data_2d_h36m_corruptbench_coco_erase_3.npz", tmp_path / "data_3d_h36m.npz",
        sizes=SIZES,
    )  # fmt: skip
    assert {s: sorted(a) for s, a in found.items()} == {
        "S9": ["Greeting", "SittingDown", "SittingDown 1"],
        "S11": ["Phoning 3"],
    }
    whole, cut = positions(h36m[3]), positions(tmp_path / "data_3d_h36m.npz")
    assert np.array_equal(cut["S9"]["Greeting"], whole["S9"]["Greeting"])
    ours = expected_tracks(h36m, Cell("erase", 3), keypoints="coco17", channels="xy")
    for (subject, name, camera), expected in ours.items():
        if name != "Walking":
            one = found[subject][name][CAMERAS.index(camera)]
            assert np.abs(one - expected).max() < 1e-6
            assert np.array_equal(one[2], one[1]), "a frame without detection repeats the earlier"
            assert np.array_equal(one[-1], one[-2])


def positions(path):
    with np.load(path, allow_pickle=True) as file:
        return file["positions_3d"].item()


def test_recordings_that_the_3d_file_lacks(h36m, tmp_path, cli):
    whole = positions(h36m[3])
    del whole["S9"]["Greeting"], whole["S11"]
    path = tmp_path / "less.npz"
    np.savez_compressed(path, positions_3d=whole)
    done = cli("convert", *h36m, *WORDS, "--out", tmp_path / "out", "--annotations", path)
    assert done.code == 0, done.err
    assert "left out: S9/Greeting (not in the 3D file)" in done.err
    assert "left out: S11/Phoning 3 (not in the 3D file)" in done.err
    found = videopose3d_loader(
        tmp_path / "out/data_2d_h36m_corruptbench_coco_erase_3.npz",
        tmp_path / "out/data_3d_h36m.npz", SIZES,
    )  # fmt: skip
    assert {s: sorted(a) for s, a in found.items()} == {"S9": ["SittingDown", "SittingDown 1"]}


def test_human36m_needs_its_four_cameras(tmp_path, cli):
    """Two cameras of each recording: whole by themselves, yet no loader could take them."""
    clips = [f"{subject}/{name}" for subject, names in TEST.items() for name in names]
    removed = [f"{clip}.{camera}" for clip in clips for camera in CAMERAS[1:3]]
    words = human36m(tmp_path, TEST, removed)
    done = cli("convert", *words, *WORDS, "--out", tmp_path / "converted")
    assert done.code == 2
    assert "S11/Phoning 3 (not all 4 cameras: no 55011271, 58860488)" in done.err
    assert "no other recording has them all" in done.err
    assert f"expected {', '.join(CAMERAS)}" in done.err
    assert not (tmp_path / "converted").exists()


def other_labels(whole):
    """Changes of a 3D file that make it another's, and what is said of them."""
    greeting = whole["S9"]["Greeting"]
    frames = len(greeting)
    moved = greeting.copy()
    moved[3, 27] += 0.002  # the last of the 17 joints, by 3.5 mm
    yield np.zeros((50, 32, 3), "float32"), f"50 frames, the shards have {frames}"
    yield greeting[:-1], f"{frames - 1} frames, the shards have {frames}"
    yield np.full_like(greeting, 7.0), "its joints lie up to 1"
    yield greeting * 1000, "its joints lie up to"
    yield np.full_like(greeting, np.nan), "its joints lie up to inf mm from those of the data set"
    yield moved, "its joints lie up to 3.46 mm from those of the data set, expected at most 1"
    few = "(17 joints do not tell which of the 32 they are), expected floats (frames, 32, 3)"
    yield greeting[:, :17], f"float32 ({frames}, 17, 3) {few}"
    yield greeting.astype(int), f"int64 ({frames}, 32, 3), expected floats"
    yield "text", "no array, expected floats"


def test_labels_that_the_shards_were_not_built_with(h36m, tmp_path, cli):
    whole = positions(h36m[3])
    path = tmp_path / "other.npz"
    for changed, said in other_labels(whole):
        np.savez_compressed(path, positions_3d=whole | {"S9": whole["S9"] | {"Greeting": changed}})
        done = cli("convert", *h36m, *WORDS, "--out", tmp_path / "out", "--annotations", path)
        assert done.code == 2
        assert f"other.npz: S9: Greeting: {said}" in done.err
        assert "prepare_data_h36m.py" in done.err
    assert not (tmp_path / "out").exists()


def test_a_3d_file_of_other_subjects(h36m, tmp_path, cli):
    path = tmp_path / "other.npz"
    np.savez_compressed(path, positions_3d={"S1": positions(h36m[3])["S1"]})
    done = cli("convert", *h36m, *WORDS, "--out", tmp_path / "out", "--annotations", path)
    assert done.code == 2
    assert "other.npz: no recording is left that could be converted" in done.err
    assert "S9/Greeting (not in the 3D file)" in done.err
    assert not (tmp_path / "out").exists()
