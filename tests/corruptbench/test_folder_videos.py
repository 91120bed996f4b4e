"""Videos of open folders: their endings, and cameras that differ by subject."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import av
import pyarrow.parquet as pq
import pytest

from corruptbench.datasets import open_dataset
from corruptbench.errors import InputError
from corruptbench.video.reader import decode, frame_rate
from tests.fixtures.camera_json import CAM1
from tests.fixtures.folder import declare

# -- endings of videos -----------------------------------------------------------------------------


def convert(path: Path, ending: str, codec: str) -> Path:
    """The same pictures at the same rate in another container."""
    target = path.with_name(path.stem + ending)
    with av.open(str(target), "w") as container:
        stream = container.add_stream(codec, rate=frame_rate(path))
        stream.width = stream.height = 128
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for frame in decode(path):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    path.unlink()
    return target


ENDINGS = [
    (".avi", "mjpeg"), (".AVI", "mjpeg"), (".mov", "libx264"), (".MOV", "libx264"),
    (".mkv", "libx264"), (".MKV", "libx264"), (".MP4", "libx264"),
]  # fmt: skip


@pytest.mark.parametrize(("ending", "codec"), ENDINGS)
def test_other_endings(ending, codec, mine, cli):
    made = convert(mine / "videos/A1/step_1.cam1.mp4", ending, codec)
    dataset = open_dataset("folder", mine)
    clip = dataset.load(next(iter(dataset.clip_ids())))
    assert clip.video == made
    clip.require_video()
    assert sum(1 for _ in decode(clip.video)) == 10
    records = json.loads(cli("data", "check", "folder", "--root", mine, "--json").out)
    assert not [r for r in records if r["level"] == "missing"]
    assert {r["found"] for r in records if r["what"] == "videos"} >= {"4 files", "2 files"}


def test_two_videos_of_one_clip(mine, cli):
    video = mine / "videos/A1/step_1.cam1.mp4"
    shutil.copy(video, video.with_suffix(".avi"))
    dataset = open_dataset("folder", mine)
    clip = next(iter(dataset.clip_ids()))
    said = r"videos/A1: 'step_1\.cam1\.mp4' and 'step_1\.cam1\.avi' are both the video of mini/A1"
    with pytest.raises(InputError, match=said):
        dataset.load(clip)
    done = cli("data", "check", "folder", "--root", mine, "--json")
    (bad,) = [r for r in json.loads(done.out) if r["level"] != "ok"]
    assert (done.code, bad["level"], bad["what"]) == (2, "missing", "videos")
    assert "'step_1.cam1.mp4' and 'step_1.cam1.avi'" in bad["found"]


def test_two_names_of_one_file(mine):
    """As on a system that ignores case."""
    video = mine / "videos/A1/step_1.cam1.mp4"
    video.with_suffix(".MP4").hardlink_to(video)
    dataset = open_dataset("folder", mine)
    assert dataset.load(next(iter(dataset.clip_ids()))).video == video


# -- a calibration for each subject ----------------------------------------------------------------


def test_a_camera_of_a_subject(mine):
    """It has another place, lens and size; other subjects and cameras keep theirs."""
    other = CAM1 | {"width": 200, "height": 160, "distortion": [-0.1, 0.0, 0.0, 0.0]}
    dataset = open_dataset("folder", declare(mine, subject_cameras={"A2": {"cam1": other}}))
    found = {(c.subject, c.camera): dataset.load(c).camera for c in dataset.clip_ids()}
    assert {k: v.width for k, v in found.items()} == {
        ("A1", "cam1"): 128, ("A1", "cam2"): 128, ("A2", "cam1"): 200, ("A2", "cam2"): 128,
    }  # fmt: skip
    assert found["A2", "cam1"].distortion.tolist() == [-0.1, 0, 0, 0, 0]


def test_boxes_reach_as_far_as_the_subjects_picture(mine):
    """Boxes are looked at against the size of the picture that they are in."""
    path = mine / "labels/A2.parquet"
    table = pq.read_table(path)
    table = table.append_column("box.cam1", [[[0.0, 0.0, 9000.0, 2000.0]] * table.num_rows])
    pq.write_table(table, path)
    clip = next(c for c in open_dataset("folder", mine).clip_ids() if c.subject == "A2")
    with pytest.raises(InputError, match=r"box\.cam1: the box"):
        open_dataset("folder", mine).load(clip)
    large = CAM1 | {"width": 3000, "height": 2000, "focal_length": [2400.0, 2400.0]}
    declare(mine, subject_cameras={"A2": {"cam1": large}})
    assert open_dataset("folder", mine).load(clip).boxes[0, 2] == 9000


def test_the_check_uses_the_subjects_cameras(mine, cli):
    """For the size of videos, and for what the camera sees."""
    away = CAM1 | {"width": 200, "position": [0, 90_000, 0]}
    declare(mine, subject_cameras={"A2": {"cam1": away}})
    done = cli("data", "check", "folder", "--root", mine, "--json")
    bad = {(r["subject"], r["what"]) for r in json.loads(done.out) if r["level"] != "ok"}
    assert bad >= {("A2", "videos"), ("A2", "cameras")}
    assert {subject for subject, _ in bad} == {"A2"}
