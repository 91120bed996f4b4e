"""Print the tables of docs/data_card.md: ``python -m tools.data_card``."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corruptbench.datasets.studio import (
    ALL_TRAIN_SHARDS,
    EMBEDDED,
    LEARNED_INPUT,
    TRAIN_NOISE,
    open_root,
)
from corruptbench.manifest import CLEAN
from corruptbench.shards import parquet
from corruptbench.shards.records import shard_path
from corruptbench.skeleton import H36M17, convert
from tools.studio.people import SUBJECTS

PAGE = Path(__file__).parents[1] / "docs/data_card.md"
TEST = ("S6", "S7")
THIGH_MM = 443

#: Length in mm of the bone that ends in each joint but the hip, for a thigh of THIGH_MM: means over
#: four frames of Human3.6M, those in the tests of mmpose.
HUMAN36M_BONES_MM = (
    133, 443, 443, 133, 443, 443, 236, 255, 116, 115, 152, 277, 248, 152, 277, 248,
)  # fmt: skip
#: How far below a label lies what a COCO detector finds, in % of the person's height, in the same
#: frames.
HUMAN36M_OFFSETS = {"hip": "2.4", "thorax": "2 to 3", "neck_nose": "-2", "head": "1.9"}


def counts() -> str:
    """Return the table of people, with their numbers of takes and frames."""
    studio = open_root(None)
    clips = [studio.load(clip_id) for clip_id in studio.clip_ids()]
    lines = [
        "| person | split | body | takes | labeled frames of a camera | pictures |",
        "|---|---|---|--:|--:|--:|",
    ]
    for name, subject in SUBJECTS.items():
        takes = {c.id.sequence: len(c.joints) for c in clips if c.id.subject == name}
        frames = sum(takes.values())
        split = "test" if name in TEST else "train"
        body = f"{'female' if subject.gender > 0.5 else 'male'}, age {subject.age}"
        lines.append(
            f"| {name} | {split} | {body} | {len(takes)} | {frames} | {frames * len(_cameras())} |"
        )
    return "\n".join(lines)


def actions() -> str:
    """Return the table of actions, with their labeled frames of a camera in each split."""
    studio = open_root(None)
    first = _cameras()[0]
    clips = [studio.load(c) for c in studio.clip_ids() if c.camera == first]
    lines = ["| action | train | test |", "|---|--:|--:|"]
    for action in sorted({c.id.action for c in clips}):
        frames = {
            split: sum(
                len(c.joints) for c in clips
                if c.id.action == action and (c.id.subject in TEST) == (split == "test")
            )
            for split in ("train", "test")
        }  # fmt: skip
        lines.append(f"| `{action}` | {frames['train']} | {frames['test']} |")
    return "\n".join(lines)


def heights() -> str:
    """Return how tall people are in the test pictures, in px: the span of their joints."""
    studio = open_root(None)
    spans = []
    for clip_id in studio.clip_ids():
        if clip_id.subject in TEST:
            clip = studio.load(clip_id)
            y = clip.camera.project(clip.joints_camera)[..., 1]
            spans.append(y.max(axis=1) - y.min(axis=1))
    low, middle, high = np.nanpercentile(np.concatenate(spans), [5, 50, 95])
    return f"{low:.0f}, {middle:.0f} and {high:.0f} px"


def label_bones(subject: str) -> NDArray[np.float64]:
    """Return the lengths (F, 16) mm of a person's bones in all labeled frames."""
    studio, first = open_root(None), _cameras()[0]
    own = [c for c in studio.clip_ids() if c.subject == subject and c.camera == first]
    joints = np.concatenate([studio.load(c).joints for c in own])
    starts, ends = np.transpose(H36M17.bones)
    bones = joints[:, ends] - joints[:, starts]
    return np.asarray(np.linalg.norm(bones, axis=-1))


def bones() -> str:
    """Return the table of bones: Human3.6M's, and those of each split."""
    lines = ["| bone | Human3.6M | train | test |", "|---|--:|--:|--:|"]
    ratios = {}
    for subject in SUBJECTS:
        length = label_bones(subject).mean(axis=0)
        ratios[subject] = length * THIGH_MM / length[1]
    for bone, real in enumerate(HUMAN36M_BONES_MM):
        parent, joint = (H36M17.joints[i] for i in H36M17.bones[bone])
        if joint.startswith("right"):
            continue
        train, test = (
            np.mean([r[bone] for s, r in ratios.items() if (s in TEST) == held])
            for held in (False, True)
        )
        name = f"{parent} to {joint}".replace("neck_nose", "neck/nose").replace("_", " ")
        lines.append(f"| {name} | {real} | {train:.0f} | {test:.0f} |")
    return "\n".join(lines)


def detection_offsets() -> dict[str, float]:
    """Return by joint how far below the labels the stored detections of the training split lie.

    Medians over all frames of the vertical distance, in % of the height of the person's box. The
    detections are converted as for a lifter: hip, thorax and head are middles of hips, shoulders
    and eyes, joint 9 is the nose.
    """
    studio, below = open_root(None), []
    for clip in (studio.load(c) for c in studio.clip_ids() if c.subject not in TEST):
        paths = (shard_path(folder, clip.id) for folder in ALL_TRAIN_SHARDS)
        found = parquet.read(next(path for path in paths if path.is_file()), [CLEAN])[0]
        points, _ = convert(
            found.keypoints.astype(float), found.scores.astype(float), "coco17", "h36m17"
        )
        height = clip.boxes[:, 3] - clip.boxes[:, 1]
        below.append((points - clip.keypoints)[..., 1] / height[:, None] * 100)
    median = np.nanmedian(np.concatenate(below), axis=0)
    return dict(zip(H36M17.joints, median.tolist(), strict=True))


def offsets() -> str:
    """Return the table of detections against labels, in % of the person's height."""
    found = detection_offsets()
    lines = ["| joint | Human3.6M | train |", "|---|--:|--:|"]
    for joint, real in HUMAN36M_OFFSETS.items():
        lines.append(f"| {joint.replace('_', '/')} | {real} | {found[joint]:.1f} |")
    return "\n".join(lines)


def hashes() -> str:
    """Return the table of the SHA-256 of each part."""
    parts = {
        "cameras and takes": [EMBEDDED / "dataset.json"],
        "labels": (EMBEDDED / "labels").rglob("*.parquet"),
        "test videos": (EMBEDDED / "videos").rglob("*.mp4"),
        "training detections": [f for s in ALL_TRAIN_SHARDS for f in s.rglob("*.parquet")],
        "noise of the detector": [TRAIN_NOISE],
        "input that learned from it": [LEARNED_INPUT],
    }
    rows = [
        f"| {part} | {len(files)} | {sum(f.stat().st_size for f in files):,} | `{_digest(files)}` |"
        for part, found in parts.items()
        if (files := sorted(found))
    ]
    return "\n".join(["| part | files | bytes | SHA-256 |", "|---|--:|--:|---|", *rows])


def _digest(files: Iterable[Path]) -> str:
    """Hash the lines of ``sha256sum`` for these files, named from the data set's folder."""
    digest = hashlib.sha256()
    for file in files:
        name = file.relative_to(EMBEDDED).as_posix()
        digest.update(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {name}\n".encode())
    return digest.hexdigest()


def _cameras() -> list[str]:
    return sorted({clip_id.camera for clip_id in open_root(None).clip_ids()})


if __name__ == "__main__":
    argparse.ArgumentParser(prog="python -m tools.data_card", description=__doc__).parse_args()
    print(counts(), actions(), heights(), bones(), offsets(), hashes(), sep="\n\n")
