"""Shards of random detections, without any video, for the tests of the exports."""

from __future__ import annotations

import numpy as np

from corruptbench.build import shards
from corruptbench.build.detect import CellDetections
from corruptbench.build.lock import write_lock
from corruptbench.build.plan import DetectorFacts, WorkItem, shard_path
from corruptbench.datasets import open_dataset
from corruptbench.datasets.human36m.tables import official
from corruptbench.evaluate.shardset import open_shards
from corruptbench.evaluate.windows import lifter_input
from corruptbench.manifest import CLEAN, Cell, load_manifest
from tests.corruptbench.conftest import contract
from tests.fixtures.folder import write_manifest
from tests.fixtures.human36m import poses

CAMERAS = ("54138969", "55011271", "58860488", "60457274")
SIZES = ((1000, 1002), (1000, 1000), (1000, 1000), (1000, 1002))
CELLS = (CLEAN, Cell("erase", 1), Cell("erase", 3))

#: What the shards of the test subjects hold; of S11's Walking one camera is left out.
TEST = {"S9": ("Greeting", "SittingDown", "SittingDown 1"), "S11": ("Phoning 3", "Walking")}
TRAIN = {"S1": ("Eating 2", "Photo 1")}


def write_shards(dataset, manifest, out, layout="coco17"):
    """Random detections of every clip, the third and the last frame without any."""
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
            boxes = clip.boxes.astype(np.float32)
            found.append(CellDetections(cell, keypoints, scores, boxes, "0" * 64))
        path = shard_path(out, clip_id)
        item = WorkItem(clip_id, CELLS, path, out / "videos", len(clip.joints), "0" * 64)
        shards.write(item, found, manifest, DetectorFacts("fake", layout, "none", "0" * 64))
        records.append(shards.read_record(path))
    write_lock(out, records, "none")
    return out


def write_labels(root):
    """``data_3d_h36m.npz`` of three subjects, all recordings, 6 to 10 frames each."""
    world = {
        s: {
            name: (poses(6 + i % 5, i) / 1000).astype("float32")
            for i, name in enumerate(official().frames[s])
        }
        for s in ("S1", "S9", "S11")
    }
    path = root / "data_3d_h36m.npz"
    np.savez_compressed(path, positions_3d=world)
    return path


def human36m(root, chosen, exclude=()):
    """Words of the command line that name shards of these recordings of Human3.6M."""
    labels = write_labels(root)
    names = sorted({name for each in chosen.values() for name in each})
    others = [
        f"{s}/{name}"
        for s, each in chosen.items()
        for name in names
        if name in official().frames[s] and name not in each
    ]
    manifest = write_manifest(
        root / "m.toml",
        **{
            '"folder"': '"human36m"',
            'subjects = ["A1", "A2"]': f"subjects = {[*chosen]}\nsequences = {names}\n"
            f"exclude = {[*others, *exclude]}",
        },
    )
    out = write_shards(open_dataset("human36m", labels), load_manifest(str(manifest)), root / "out")
    return ["--shards", out, "--root", labels, "--manifest", manifest]


def opened(words):
    return open_shards(words[1], words[3], str(words[5]))


def expected_tracks(words, cell, **convention):
    """Subject, recording, camera to what our evaluation gives a lifter of that convention."""
    convention = {"frames": 1, "channels": "xyc"} | convention
    return {
        (clip.id.subject, clip.id.sequence, clip.id.camera): lifter_input(
            d.keypoints.astype(float), d.scores.astype(float), "coco17", clip.camera,
            contract(**convention),
        )
        for clip, (d,) in opened(words).clips((cell,))
    }  # fmt: skip


def content(folder):
    """Name to bytes of all files of a folder."""
    return {p.name: p.read_bytes() for p in folder.iterdir()}
