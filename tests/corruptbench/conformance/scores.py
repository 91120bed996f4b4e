"""Score a family by the harness, and give what its score is computed of by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from corruptbench.evaluation.live import LivePoses
from corruptbench.evaluation.run import evaluated
from corruptbench.lifters.axes import arranged
from corruptbench.lifters.lifter import load_lifter
from tests.corruptbench.conftest import contract
from tests.corruptbench.test_evaluate import coco_to_h36m
from tests.fixtures.lifters import save


@dataclass
class ByHand:
    """One run of frames of a clip in one cell."""

    xy: np.ndarray
    score: np.ndarray
    camera: object

    @property
    def screen(self):
        return self.xy / self.camera.width * 2 - [1, self.camera.height / self.camera.width]


def example(declared, frames):
    batch = np.zeros((2, frames, len(declared.given), declared.width), dtype=np.float32)
    return torch.from_numpy(arranged(batch, declared.input_axes))


def table_of(family, shard_set, tmp_path):
    declared = contract(**{"units": "m", "frames": 5, "window": "block"} | family.fields)
    path = tmp_path / f"m{family.suffix}"
    if family.suffix == ".pt2":
        from corruptbench.lifters.export import export

        export(family.network.eval(), declared, path)
    else:
        frames = declared.frames + (3 if declared.window == "sequence" else 0)
        save(path, family.network.eval(), example(declared, min(frames, 40)), declared)
    lifter = load_lifter(path, "cpu")
    return declared, *evaluated(LivePoses(lifter), shard_set, "by hand", shown=False)[:2]


def each_cell(shard_set):
    """Yields clip, cell, and the keypoints of the whole clip: the labels here have no gaps."""
    for clip, detections in shard_set.clips():
        camera = np.linalg.inv(clip.camera.rotation)
        target = (clip.joints - clip.camera.position) @ camera
        for d in detections:
            points = np.stack([coco_to_h36m(p) for p in d.keypoints.astype(np.float64)])
            points[2], points[-1] = points[1], points[-2]
            pairs = [(11, 12), (12,), (14,), (16,), (11,), (13,), (15,), (5, 6, 11, 12), (5, 6),
                     (0,), (1, 2), (5,), (7,), (9,), (6,), (8,), (10,)]  # fmt: skip
            score = np.stack([d.scores[:, list(p)].min(axis=1) for p in pairs], axis=1)
            yield clip, d, ByHand(points, score, clip.camera), target - target[:, :1]


def key_of(row):
    return row.subject, row.sequence, row.camera, row.corruption, row.severity


def cell_of(detections):
    return detections.cell.corruption, detections.cell.severity


def procrustes(pose, target):
    """P-MPJPE of one pose, by its definition."""
    a, b = pose - pose.mean(axis=0), target - target.mean(axis=0)
    u, s, vt = np.linalg.svd(a.T @ b)
    d = np.diag([1, 1, np.sign(np.linalg.det(u @ vt))])
    turned = (s * np.diag(d)).sum() / (a**2).sum() * a @ (u @ d @ vt)
    return np.linalg.norm(turned - b, axis=1).mean()
