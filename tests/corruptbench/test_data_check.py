"""`corruptbench data check`: what it finds, where it says so, and with which exit code."""

from __future__ import annotations

import json
import re
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from corruptbench.datasets import open_dataset
from corruptbench.errors import InputError
from corruptbench.video.probe import probe
from tests.fixtures import folder, humaneva


def findings(cli, *words):
    """Exit code and the JSON's records, as (level, subject, what) -> record."""
    done = cli("data", "check", *words, "--json")
    assert not done.err
    records = json.loads(done.out)
    return done.code, records


def bad(records):
    return {(r["level"], r["subject"], r["what"]) for r in records if r["level"] != "ok"}


def test_whole_folder(mini, cli):
    code, records = findings(cli, "folder", "--root", mini)
    assert code == 0
    assert not bad(records)
    assert set(records[0]) == {
        "level", "subject", "what", "found", "expected", "remedy", "where",
    }  # fmt: skip
    said = {(r["subject"], r["what"]): r["found"] for r in records}
    assert said["A1", "labels"] == "2 sequences"
    assert said["A2", "labels"] == "1 sequences"
    assert said["A1", "videos"] == "4 files"


def test_missing_video(mine, cli):
    (mine / "videos/A1/sway_1.cam2.mp4").unlink()
    done = cli("data", "check", "folder", "--root", mine)
    assert done.code == 2
    lines = done.out.strip().splitlines()
    assert any("missing" in line and "sway_1.cam2.mp4" in line for line in lines)
    assert lines[-2].endswith(" 0 differs, 1 missing")
    assert (
        lines[-1]
        == "folder: cannot be built: A1: videos: 3 files; not sway_1.cam2.mp4 (expected 4 files)"
    )
    code, records = findings(cli, "folder", "--root", mine)
    assert code == 2
    assert bad(records) == {("missing", "A1", "videos")}


def test_labels_only(mine, cli):
    shutil.rmtree(mine / "videos/A2")
    code, records = findings(cli, "folder", "--root", mine)
    assert code == 1
    assert bad(records) == {("differs", "A2", "videos")}
    (about,) = [r for r in records if r["level"] == "differs"]
    assert about["found"] == "labels only"
    assert about["remedy"] == "enough to evaluate; to build, add the videos"


def test_neither_labels_nor_videos(mine, cli):
    """Then nothing of the subject is of use: its videos are missing too."""
    shutil.rmtree(mine / "videos/A2")
    (mine / "labels/A2.parquet").unlink()
    code, records = findings(cli, "folder", "--root", mine)
    assert code == 2
    assert bad(records) == {("missing", "A2", "labels"), ("missing", "A2", "videos")}


@pytest.mark.parametrize(
    ("factor", "level", "said"),
    [
        (0.001, "missing", "0.425 (meters?)"),
        (0.2, "missing", "85 (pixels?)"),
        (0.3, "differs", "a thigh of 12"),
        (np.nan, "missing", "none of its 8 labels is valid"),
    ],
)
def test_units(factor, level, said, mine, cli):
    labels = folder.motion(folder.FRAMES, 0) * factor
    folder.write_labels(mine / "labels/A2.parquet", {"step_1": labels})
    code, records = findings(cli, "folder", "--root", mine)
    assert code == {"differs": 1, "missing": 2}[level]
    assert any(said in r["found"] for r in records if (r["level"], r["subject"]) == (level, "A2"))


def change(root, camera, **values):
    """Other values of a camera in dataset.json."""
    path = root / "dataset.json"
    record = json.loads(path.read_text())
    record["cameras"][camera] |= values
    path.write_text(json.dumps(record))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"focal_length": [float("nan"), 500]}, "focal_length.0: .* finite number"),
        ({"focal_length": [-500, 500]}, "focal_length.0: found -500, expected more than 0"),
        ({"principal_point": [64, float("inf")]}, "principal_point.1: .* finite number"),
        ({"position": [0, 0, float("inf")]}, "position.2: .* finite number"),
        ({"position": [0, 0]}, "position: .* at least 3 values"),
        ({"skew": float("nan")}, "skew: .* finite number"),
        ({"width": 0}, "width: found 0, expected more than 0"),
        ({"height": 12.5}, "height: found 12.5, expected a whole number"),
        ({"model": "fisheye"}, "model: .*'none', 'opencv' or 'human36m'"),
        ({"model": "opencv", "distortion": [0.1] * 3}, "distortion: 3 numbers; expected k1, k2"),
        ({"distortion": [0.1, 0, 0, 0, 0]}, "distortion is given, but model is 'none'"),
        ({"rotation": [[1, 0, 0], [0, 0, -1]]}, "rotation: .* at least 3 values"),
        ({"rotation": [[1, 0, 0], [0, 0, -1], [0, 1.01, 0]]}, "rotation: .*0.02 from orthonormal"),
        ({"rotation": [[1, 0, 0], [0, 0, 1], [0, 1, 0]]}, "rotation: .*determinant -1, a mirror"),
    ],
)
def test_cameras_that_are_none(values, said, mine, cli):
    change(mine, "cam1", **values)
    done = cli("data", "check", "folder", "--root", mine)
    assert done.code == 2
    assert re.search(rf"dataset\.json: cameras\.cam1.*{said}.*; docs/data\.md says", done.err)


def test_a_rotation_with_six_decimals(mine, cli):
    turn = Rotation.from_euler("XYZ", [-92.345678, 12.3456789, 3.21]).as_matrix()
    change(mine, "cam1", rotation=np.round(turn, 6).tolist())
    assert not cli("data", "check", "folder", "--root", mine).err


@pytest.mark.parametrize("model", ["opencv", "human36m"])
def test_lens_and_skew_are_read(model, mine):
    """In the order k1, k2, p1, p2, k3; by hand, for a point half as far to the side as away."""
    k1, k2, p1, p2, k3 = distortion = [-0.2, 0.1, 0.003, -0.002, 0.05]
    change(mine, "cam1", model=model, distortion=distortion, skew=0.01)
    dataset = open_dataset("folder", mine)
    camera = dataset.load(next(c for c in dataset.clip_ids() if c.camera == "cam1")).camera
    x, y, r2 = 0.5, 0.25, 0.3125
    radial = 1 + k1 * r2 + k2 * r2**2 + k3 * r2**3
    tangential = (2 if model == "opencv" else 1) * (p1 * y + p2 * x)
    v = y * (radial + tangential) + p1 * r2
    u = x * (radial + tangential) + p2 * r2 + 0.01 * v
    expected = np.array([u, v]) * camera.focal_length + camera.principal_point
    assert camera.project(np.array([500.0, 250, 1000])) == pytest.approx(expected, abs=1e-9)


def test_joints_of_humaneva(mine, cli):
    """Their thigh is another; all else is as with Human3.6M's."""
    path = mine / "dataset.json"
    path.write_text(path.read_text().replace("h36m17", "humaneva15"))
    for subject, names in (("A1", ("step_1", "sway_1")), ("A2", ("step_1",))):
        labels = {
            name: folder.swaying(humaneva.STANDING, folder.FRAMES, 20 + i)
            for i, name in enumerate(names)
        }
        folder.write_labels(mine / f"labels/{subject}.parquet", labels)
    code, records = findings(cli, "folder", "--root", mine)
    assert (code, bad(records)) == (0, set())
    motion = [r["found"] for r in records if r["what"] == "motion"]
    assert [text.rpartition("; ")[2] for text in motion] == ["a thigh of 410 mm"] * 2
    path.write_text(path.read_text().replace("humaneva15", "smpl24"))
    done = cli("data", "check", "folder", "--root", mine)
    assert done.code == 2
    assert "dataset.json: joints: unknown joint set 'smpl24'" in done.err


def test_a_camera_that_looks_elsewhere(mine, cli):
    """As OpenCV has it, a translation in place of the position."""
    position = np.array(
        json.loads((mine / "dataset.json").read_text())["cameras"]["cam2"]["position"]
    )
    change(mine, "cam2", position=(-position).tolist())
    code, records = findings(cli, "folder", "--root", mine)
    assert (code, bad(records)) == (2, {("missing", s, "cameras") for s in ("A1", "A2")})
    refused = [r for r in records if r["level"] == "missing"]
    assert all(r["found"].startswith("cam2: field of view 45.2 x 45.2") for r in refused)
    assert "not the translation of OpenCV" in refused[0]["remedy"]
    well = {r["found"][:6] for r in records if (r["level"], r["what"]) == ("ok", "cameras")}
    assert well == {"cam1: "}


def test_infinite_labels(mine, cli):
    still = np.repeat(folder.STANDING[None], folder.FRAMES, axis=0)
    still[3, 4, 1] = np.inf
    folder.write_labels(mine / "labels/A2.parquet", {"step_1": still})
    code, records = findings(cli, "folder", "--root", mine)
    assert (code, bad(records)) == (2, {("missing", "A2", "labels")})
    assert any("infinite numbers" in r["found"] for r in records)


def test_a_video_that_does_not_state_its_length(mine, cli):
    """A fragmented MP4 has no count in its header: its packets are counted."""
    frames = [np.full((128, 128, 3), 90, dtype=np.uint8)] * folder.FRAMES
    path = mine / "videos/A1/step_1.cam1.mp4"
    placed = {"movflags": "+frag_keyframe+empty_moov+delay_moov"}
    folder.write_video(path, frames, **placed)
    assert probe(path).frames == folder.FRAMES
    assert findings(cli, "folder", "--root", mine)[0] == 0
    folder.write_video(path, frames[1:], **placed)
    code, records = findings(cli, "folder", "--root", mine)
    assert (code, bad(records)) == (2, {("missing", "A1", "videos")})


def test_lists_that_do_not_agree(mine, cli):
    """A sequence without labels cannot be used; labels of an unlisted sequence are not used."""
    still = np.repeat(folder.STANDING[None], folder.FRAMES, axis=0)
    folder.write_labels(mine / "labels/A1.parquet", {"step_1": still})
    folder.write_labels(mine / "labels/A2.parquet", {"step_1": still, "spin_1": still})
    code, records = findings(cli, "folder", "--root", mine)
    assert code == 2
    assert bad(records) == {("missing", "A1", "labels"), ("differs", "A2", "labels")}
    said = {(r["subject"], r["what"], r["level"]): r["found"] for r in records}
    assert said["A1", "labels", "missing"].endswith("not sway_1")
    assert said["A2", "labels", "differs"] == "besides spin_1"
    assert said["A2", "motion", "ok"].endswith("a thigh of 420 mm")  # hip at z 900, knee at 480


def test_videos_that_do_not_fit(mine, cli):
    videos = mine / "videos/A1"
    frames = [np.full((96, 128, 3), 90, dtype=np.uint8)] * 30
    folder.write_video(videos / "step_1.cam1.mp4", frames)  # another size
    shutil.copy(videos / "step_1.cam2.mp4", videos / "sway_1.cam2.mp4")  # one frame too few
    (videos / "sway_1.cam1.mp4").write_text("<html>")
    code, records = findings(cli, "folder", "--root", mine)
    assert code == 2
    spoilt = {r["where"].rpartition("/")[2]: r for r in records if r["level"] == "missing"}
    assert set(spoilt) == {"step_1.cam1.mp4", "sway_1.cam2.mp4", "sway_1.cam1.mp4"}
    assert spoilt["step_1.cam1.mp4"]["found"] == "30 frames of 128x96"
    assert spoilt["sway_1.cam2.mp4"]["found"] == f"{folder.FRAMES + 2} frames of 128x128"
    assert (
        spoilt["sway_1.cam2.mp4"]["expected"] == f"at least {folder.FRAMES + 3} frames of 128x128"
    )
    assert "no readable video: a web page (was the login" in spoilt["sway_1.cam1.mp4"]["found"]


def test_embedded_set(cli):
    """All of the test subjects is there; the training subjects, labels only, are no benchmark."""
    code, records = findings(cli, "studio")
    assert (code, bad(records)) == (0, set())
    code, records = findings(cli, "studio", "--manifest", "studio-train")
    assert code == 1
    assert bad(records) == {("differs", f"S{n}", "videos") for n in range(1, 6)}


@pytest.mark.parametrize("name", ["folder", "human36m", "humaneva"])
@pytest.mark.parametrize("words", [(), ("--json",)])
def test_root_that_is_none(name, words, tmp_path, cli):
    done = cli("data", "check", name, "--root", tmp_path / "nowhere", *words)
    assert done.code == 2
    assert "nowhere: no such folder" in done.err
    assert not done.out


def test_unknown_data_set(tmp_path, cli):
    done = cli("data", "check", "h37m", "--root", tmp_path)
    assert done.code == 2
    assert "'h37m'" in done.err
    assert "folder, human36m, humaneva, studio" in done.err
    with pytest.raises(InputError, match="unknown data set 'h37m': expected one of folder, human"):
        open_dataset("h37m", tmp_path)


@pytest.mark.parametrize("placed", [{}, {"movflags": "+faststart"}])
@pytest.mark.parametrize("cut", [0.5, 1.0])
def test_truncated_video(placed, cut, mine, cli):
    """With its header at the end a cut video has none; with it in front, one that says too much."""
    path = mine / "videos/A1/step_1.cam1.mp4"
    frames = [np.full((128, 128, 3), 90, dtype=np.uint8)] * 30
    folder.write_video(path, frames, **placed)
    assert findings(cli, "folder", "--root", mine)[0] == 0
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * cut) - 1])
    code, records = findings(cli, "folder", "--root", mine)
    assert code == 2
    (spoilt,) = [r for r in records if r["level"] == "missing"]
    assert spoilt["where"] == str(path)
    assert f"truncated: {path.stat().st_size} bytes, by its header at least" in spoilt["found"]


def test_what_follows_a_video_does_not_make_it_truncated(mine, cli):
    with (mine / "videos/A1/step_1.cam1.mp4").open("ab") as stream:
        stream.write(bytes(100) + b"more")
    assert findings(cli, "folder", "--root", mine)[0] == 0


def test_truncated_in_a_chunk_of_a_long_video(mine, cli):
    """Beyond 4 GB a chunk states its size in eight bytes."""
    path = mine / "videos/A1/step_1.cam1.mp4"
    long = struct.pack(">I4sQ", 1, b"free", 16 + 100) + bytes(100)
    data = path.read_bytes() + long
    path.write_bytes(data)
    assert findings(cli, "folder", "--root", mine)[0] == 0
    path.write_bytes(data[:-1])
    code, records = findings(cli, "folder", "--root", mine)
    assert (code, bad(records)) == (2, {("missing", "A1", "videos")})


def test_the_cameras_in_the_docs(mine, cli):
    """The examples of docs/data.md are read; they look at the middle of the room."""
    text = (Path(__file__).parents[2] / "docs/data.md").read_text()
    blocks = map(json.loads, re.findall(r"```json[^\n]*\n(.*?)```", text, re.DOTALL))
    first, second, third = blocks
    cameras = first["cameras"] | second
    assert [c["model"] for c in cameras.values()] == ["none", "opencv"]
    change(mine, "cam1", **third["subject_cameras"]["S2"]["cam1"])
    _, records = findings(cli, "folder", "--root", mine)
    assert {r["what"] for r in records if r["level"] != "ok"} == {"videos"}
    for name, values in cameras.items():
        change(mine, name, **values)
    _, records = findings(cli, "folder", "--root", mine)
    assert {r["what"] for r in records if r["level"] != "ok"} == {"videos"}
