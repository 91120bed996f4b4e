"""`data check --detect`: labels that do not lie on the person are told from those that do."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corruptbench.datasets.studio import EMBEDDED

pytestmark = pytest.mark.detector

CAMERAS = ("cam1", "cam2")


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Two cameras of one recording of the studio set, as a data set of its own; do not write."""
    root = tmp_path_factory.mktemp("sound")
    record = json.loads((EMBEDDED / "dataset.json").read_text())
    record["cameras"] = {name: record["cameras"][name] for name in CAMERAS}
    record |= {"name": "lab", "sequences": {"S6": {"walking_1": "walking"}}}
    (root / "dataset.json").write_text(json.dumps(record))
    (root / "labels").mkdir()
    (root / "videos/S6").mkdir(parents=True)
    table = pq.read_table(EMBEDDED / "labels/S6.parquet")
    table = table.filter(pa.compute.equal(table["sequence"], "walking_1"))
    pq.write_table(table.select(["sequence", "frame", "joints"]), root / "labels/S6.parquet")
    for name in CAMERAS:
        video = f"videos/S6/walking_1.{name}.mp4"
        shutil.copy(EMBEDDED / video, root / video)
    return root


@pytest.fixture
def mine(sound, tmp_path):
    return shutil.copytree(sound, tmp_path / "lab")


def looked_at(cli, root, *words):
    done = cli("data", "check", "folder", "--root", root, "--detect", "--json", *words)
    records = json.loads(done.out)
    return done, [r for r in records if r["what"] == "labels on the person"]


def relabel(root, change):
    path = root / "labels/S6.parquet"
    table = pq.read_table(path)
    joints = table["joints"].combine_chunks().flatten().to_numpy().reshape(-1, 17, 3)
    flat = np.ascontiguousarray(change(joints), dtype=np.float32).ravel()
    pq.write_table(table.set_column(2, "joints", pa.FixedSizeListArray.from_arrays(flat, 51)), path)


def test_sound_labels(sound, cli):
    done, records = looked_at(cli, sound)
    assert done.code == 0
    assert [r["level"] for r in records] == ["ok"] * 2, "one row for each camera"
    assert "detect: 2/2 clips" in done.err
    assert "detect" not in looked_at(cli, sound, "--quiet")[0].err


def exchanged_videos(root):
    one, other = (root / f"videos/S6/walking_1.{name}.mp4" for name in CAMERAS)
    one.rename(root / "x.mp4")
    other.rename(one)
    (root / "x.mp4").rename(other)


def late(root):
    relabel(root, lambda joints: joints[np.maximum(np.arange(len(joints)) - 5, 0)])


def other_sides(root):
    swap = [0, 4, 5, 6, 1, 2, 3, 7, 8, 9, 10, 14, 15, 16, 11, 12, 13]
    relabel(root, lambda joints: joints[:, swap])


def other_arms(root):
    relabel(root, lambda joints: joints[:, [*range(12), 15, 16, 14, 12, 13]])


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (exchanged_videos, "the video shows what camera cam2 sees"),
        (late, "the labels are 5."),
        (other_sides, "left and right are exchanged"),
        (other_arms, "left and right of elbow and wrist are exchanged"),
    ],
)
def test_labels_that_lie_elsewhere(spoil, said, mine, cli):
    spoil(mine)
    done, records = looked_at(cli, mine)
    assert done.code == 1
    bad = [r for r in records if r["level"] == "differs"]
    assert any(said in r["found"] for r in bad), records
    assert all(r["remedy"] for r in bad)
    assert {r["found"].partition(",")[0] for r in bad} == set(CAMERAS)


def test_nothing_is_detected_where_nothing_can_be_built(mine, cli):
    (mine / "videos/S6/walking_1.cam2.mp4").unlink()
    done, records = looked_at(cli, mine)
    assert done.code == 2
    assert not records
    assert done.err == "nothing was detected: first repair what the table says\n"
