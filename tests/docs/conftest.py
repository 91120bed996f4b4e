"""What a page takes for granted: shards, a model, a video, the files of a data set."""

from __future__ import annotations

from pathlib import Path
from shutil import copy, copytree

import numpy as np
import pyarrow.parquet as pq
import pytest

import corruptbench as cb
from corruptbench.datasets import open_dataset
from corruptbench.datasets.studio import EMBEDDED
from corruptbench.manifest import load_manifest
from corruptbench.shards import parquet
from corruptbench.shards.lock import write_lock
from corruptbench.shards.records import CellDetections, DetectorRecord, shard_path
from tests.docs.blocks import ROOT
from tests.fixtures import export_shards

BASELINE = ROOT / "baselines/videopose3d-27.pt2"
WALKING = "S6/walking_1.cam1.mp4"


@pytest.fixture(scope="session")
def noisy_shards(tmp_path_factory) -> Path:
    """studio-C-mini, clean and with gaussian_noise 3, by the real detector; do not write to it."""
    out = tmp_path_factory.mktemp("docs") / "shards"
    cb.build("studio-c-mini", severity=3, corruption="gaussian_noise", out=out, progress=False)
    return out


@pytest.fixture(scope="session")
def demo_shards(tmp_path_factory) -> Path:
    """All cells of studio-C-mini without a detector: labels in the picture, with some noise."""
    out = tmp_path_factory.mktemp("demo") / "shards"
    manifest, studio = load_manifest("studio-c-mini"), open_dataset("studio", None)
    fake = DetectorRecord("fake", "h36m17", "none", "0" * 64)
    records = []
    for clip_id in manifest.select(studio.clip_ids()):
        clip = studio.load(clip_id)
        points = clip.camera.project(clip.joints_camera).astype(np.float32)
        scores = np.ones(points.shape[:2], np.float32)
        boxes = clip.boxes.astype(np.float32)
        random = np.random.default_rng(0)
        found = [
            CellDetections(
                cell, points + random.normal(0, cell.severity, points.shape).astype(np.float32),
                scores, boxes, "0" * 64,
            )
            for cell in manifest.cells()
        ]  # fmt: skip
        path = shard_path(out, clip_id)
        parquet.write(path, clip_id, "0" * 64, found, manifest, fake)
        records.append(parquet.read_record(path))
    write_lock(out, records, "none")
    return out


@pytest.fixture(scope="session")
def human36m(tmp_path_factory) -> Path:
    """A folder with VideoPose3D's file of labels, shortened, and shards of human36m-c."""
    folder = tmp_path_factory.mktemp("human36m")
    labels = export_shards.write_labels(folder)
    manifest = load_manifest("human36m-c")
    export_shards.write_shards(open_dataset("human36m", labels), manifest, folder / "shards")
    return folder


def studio_folder(folder: Path) -> None:
    """Videos and labels of a data set in the open layout: one clip of the studio set."""
    video, labels = folder / "ROOT/videos/S1/walking_1.cam1.mp4", folder / "ROOT/labels/S1.parquet"
    for path in (video, labels):
        path.parent.mkdir(parents=True)
    copy(EMBEDDED / "videos" / WALKING, video)
    pq.write_table(
        pq.read_table(EMBEDDED / "labels/S6.parquet", filters=[("sequence", "=", "walking_1")]),
        labels,
    )


@pytest.fixture
def folder(tmp_path, request):
    """Makes the folder in which the blocks of a page run, with what the page names."""

    def make(page: str) -> Path:
        copytree(ROOT / "baselines", tmp_path / "baselines")
        copy(BASELINE, tmp_path / "model.pt2")
        copy(EMBEDDED / "videos" / WALKING, tmp_path / "in.mp4")
        if page == "docs/export.md":
            copytree(request.getfixturevalue("human36m"), tmp_path, dirs_exist_ok=True)
        elif page == "docs/tutorial.md":
            copytree(request.getfixturevalue("demo_shards"), tmp_path / "demo/shards")
        else:
            copytree(request.getfixturevalue("noisy_shards"), tmp_path / "shards")
        if page == "docs/data.md":
            studio_folder(tmp_path)
        return tmp_path

    return make
