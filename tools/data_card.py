"""Print the counts and hashes of docs/data_card.md: ``python -m tools.data_card``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from corruptbench.datasets.studio import EMBEDDED, open_root
from tools.studio.subjects import SUBJECTS

PAGE = Path(__file__).parents[1] / "docs/data_card.md"
TEST = ("S6", "S7")


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


def hashes() -> str:
    """Return the table of the SHA-256 of each part."""
    parts = {
        "cameras and takes": [EMBEDDED / "dataset.json"],
        "labels": (EMBEDDED / "labels").rglob("*.parquet"),
        "test videos": (EMBEDDED / "videos").rglob("*.mp4"),
        "training detections": (EMBEDDED / "train_shards").rglob("*.parquet"),
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
    print(counts(), actions(), heights(), hashes(), sep="\n\n")
