"""`data check` of labels without videos, and of labels in one file."""

from __future__ import annotations

import shutil

import numpy as np

from corruptbench.datasets.human36m import tables
from tests.corruptbench.data_needs.conftest import brief
from tests.fixtures import human36m
from tests.fixtures.folder import swaying


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
