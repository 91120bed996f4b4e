"""What a page takes for granted: shards, a model, a video, the files of a data set."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from shutil import copy, copytree

import numpy as np
import pyarrow.parquet as pq
import pytest

from corruptbench.builder.clip_detector import CropDetector
from corruptbench.builder.plan import choose_cells, fingerprint
from corruptbench.datasets import Clip, open_dataset
from corruptbench.datasets.studio import EMBEDDED
from corruptbench.detectors import load
from corruptbench.manifest import Cell, load_manifest
from corruptbench.shards import parquet
from corruptbench.shards.lock import write_lock
from corruptbench.shards.records import CellDetections, shard_path
from corruptbench.video.reader import decode
from tests.docs.blocks import ROOT
from tests.fixtures import export_shards
from tests.fixtures.folder import write_video

BASELINE = ROOT / "baselines/videopose3d-27.pt2"
WALKING = "S6/walking_1.cam1.mp4"
#: Of the videos and labels that pages name: few, so that the detector takes a second.
FRAMES = 20
#: The joints of h36m17 that come next to COCO's: nose, eyes, ears, then left and right in turn.
COCO = [9, 10, 10, 10, 10, 11, 14, 12, 15, 13, 16, 4, 1, 5, 2, 6, 3]


def _detections(clip: Clip, cell: Cell) -> CellDetections:
    """Labels in the picture with a noise of as many px as the severity."""
    random = np.random.default_rng(cell.severity)
    points = clip.camera.project(clip.joints_camera)[:, COCO]
    points = np.round(64 * random.normal(points, cell.severity)) / 64
    scores = np.ones(points.shape[:2], np.float32)
    boxes = clip.boxes.astype(np.float32)
    free = np.zeros(len(boxes), np.float32), np.zeros(len(boxes), np.uint32)
    return CellDetections(cell, points.astype(np.float32), scores, boxes, *free, "0" * 64)


def _write_shards(out: Path, cells: Sequence[Cell]) -> Path:
    """Shards of studio-C-mini as a build writes them, without the minutes of a detector."""
    manifest, studio = load_manifest("studio-c-mini"), open_dataset("studio", None)
    movenet = CropDetector(load("movenet:lightning"))
    records = []
    for clip_id in manifest.select(studio.clip_ids()):
        clip, path = studio.load(clip_id), shard_path(out, clip_id)
        found = [_detections(clip, cell) for cell in cells]
        inputs = fingerprint(clip, manifest, movenet)
        parquet.write(path, clip_id, inputs, found, manifest, movenet.record)
        records.append(parquet.read_record(path))
    write_lock(out, records, "none")
    return out


@pytest.fixture(scope="session")
def noisy_shards(tmp_path_factory) -> Path:
    """studio-C-mini, clean and with gaussian_noise 3: a finished build; do not write to it."""
    cells = choose_cells(load_manifest("studio-c-mini"), (3,), ("gaussian_noise",))
    return _write_shards(tmp_path_factory.mktemp("noisy") / "shards", cells)


@pytest.fixture(scope="session")
def demo_shards(tmp_path_factory) -> Path:
    """All cells of studio-C-mini; do not write to it."""
    cells = load_manifest("studio-c-mini").cells
    return _write_shards(tmp_path_factory.mktemp("demo") / "shards", cells)


@pytest.fixture(scope="session")
def any_video(tmp_path_factory) -> Path:
    """A short video of a person."""
    path = tmp_path_factory.mktemp("video") / "in.mp4"
    write_video(path, list(islice(decode(EMBEDDED / "videos" / WALKING), FRAMES)))
    return path


@pytest.fixture(scope="session")
def human36m(tmp_path_factory) -> Path:
    """A folder with VideoPose3D's file of labels, shortened, and shards of human36m-c."""
    folder = tmp_path_factory.mktemp("human36m")
    labels = export_shards.write_labels(folder)
    manifest = load_manifest("human36m-c")
    export_shards.write_shards(open_dataset("human36m", labels), manifest, folder / "shards")
    return folder


def _studio_folder(root: Path, walking_video: Path) -> None:
    """Videos and labels of a data set in the open layout: one clip of the studio set."""
    video, labels = root / "videos/S1/walking_1.cam1.mp4", root / "labels/S1.parquet"
    for path in (video, labels):
        path.parent.mkdir(parents=True)
    copy(walking_video, video)
    walking = [("sequence", "=", "walking_1"), ("frame", "<", FRAMES)]
    table = pq.read_table(EMBEDDED / "labels/S6.parquet", filters=walking)
    others = [f"box.cam{i}" for i in (2, 3, 4)]
    pq.write_table(table.drop_columns(others), labels)


@pytest.fixture
def folder(tmp_path, request):
    """Makes the folder in which the blocks of a page run, with what the page names."""

    def make(page: str) -> Path:
        for part in ("baselines", "leaderboard/results"):
            copytree(ROOT / part, tmp_path / part)
        copy(BASELINE, tmp_path / "model.pt2")
        copy(request.getfixturevalue("any_video"), tmp_path / "in.mp4")
        if page == "docs/convert.md":
            copytree(request.getfixturevalue("human36m"), tmp_path, dirs_exist_ok=True)
        elif page == "docs/tutorial.md":
            copytree(request.getfixturevalue("demo_shards"), tmp_path / "demo/shards")
        elif page == "docs/evaluate.md":  # submits
            copytree(request.getfixturevalue("demo_shards"), tmp_path / "mini-shards")
        else:
            copytree(request.getfixturevalue("noisy_shards"), tmp_path / "shards")
        if page == "docs/data.md":
            _studio_folder(tmp_path / "ROOT", tmp_path / "in.mp4")
        return tmp_path

    return make
