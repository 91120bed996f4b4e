"""`data check` for manifests of one's own, and of the open folder layout."""

from __future__ import annotations

import json
import shutil

import pytest

from corruptbench.manifest import load_manifest
from tests.corruptbench.data_needs.conftest import brief
from tests.fixtures import folder


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
