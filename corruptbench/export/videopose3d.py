"""VideoPose3D, and the many repositories that took over its files: ``data_2d_<set>_<name>.npz``.

``positions_2d`` holds subject -> recording -> one (F, K, 2) float32 px for each camera, in order;
``metadata`` the joints. Every recording of the 3D file must be in the 2D file, with all cameras.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from sys import intern
from typing import Any

import numpy as np

from corruptbench.datasets.pickled import load_npz
from corruptbench.errors import InputError
from corruptbench.export.packing import write_npz
from corruptbench.export.tracks import Target, Track
from corruptbench.manifest import Cell
from corruptbench.skeleton import joint_set

#: How the repository calls data sets and joint sets; it looks for the latter in a file's name.
_DATASETS = {"human36m": "h36m"}
_LAYOUTS = {"h36m17": "h36m", "coco17": "coco"}


class VideoPose3D:
    """Writes ``data_2d_<set>_corruptbench_<layout>_<cell>.npz``, and the 3D file cut to match."""

    def __init__(self, target: Target) -> None:
        """Reads the 3D file if it is given."""
        if target.dataset.startswith("humaneva"):
            raise InputError(
                "--format videopose3d: HumanEva's files there are cut into chunks by which frames "
                "the official MATLAB code could label; this is not written: evaluate here instead"
            )
        self.target = target
        self.left_out: list[str] = []
        self._labels = None if target.annotations is None else _read_3d(target.annotations)
        self._cut_done = False

    def write(self, cell: Cell, found: Sequence[Track]) -> Path:
        """Writes the 2D file of a cell; with the first one also the 3D file."""
        recordings = self._whole(found)
        positions: dict[str, dict[str, list[Any]]] = {}
        for (subject, sequence), tracks in recordings.items():
            # interned, so that equal content is an equal pickle
            each = positions.setdefault(intern(subject), {})
            each[intern(sequence)] = [self._values(track) for track in tracks]
        layout = _LAYOUTS[self.target.layout]
        joints = joint_set(self.target.layout)
        metadata = {
            "layout_name": layout,
            "num_joints": len(joints),
            "keypoints_symmetry": [list(joints.left), list(joints.right)],
        }
        dataset = _DATASETS.get(self.target.dataset, self.target.dataset)
        name = f"corruptbench_{layout}_{str(cell).replace(' ', '_')}"
        path = self.target.folder / f"data_2d_{dataset}_{name}.npz"
        write_npz(path, {"positions_2d": positions, "metadata": metadata})
        if self._labels is not None and not self._cut_done:
            poses = {
                intern(s): {intern(name): self._labels[s][name] for name in names}
                for s, names in positions.items()
            }
            write_npz(self.target.folder / f"data_3d_{dataset}.npz", {"positions_3d": poses})
            self._cut_done = True
        return path

    def _values(self, track: Track) -> np.ndarray[Any, np.dtype[np.float32]]:
        parts = [track.keypoints]
        if self.target.confidence:
            parts.append(track.scores[..., None])
        return np.ascontiguousarray(np.concatenate(parts, axis=-1), dtype=np.float32)

    def _whole(self, found: Sequence[Track]) -> dict[tuple[str, str], list[Track]]:
        """Recordings with all cameras, and with labels if there is a 3D file; cameras by name."""
        cameras = {t.clip.id.camera for t in found}
        recordings: dict[tuple[str, str], list[Track]] = {}
        for track in sorted(found, key=lambda t: t.key):
            recordings.setdefault(track.key[:2], []).append(track)
        kept, self.left_out = {}, []
        for (subject, sequence), tracks in recordings.items():
            labels = None if self._labels is None else self._labels.get(subject, {}).get(sequence)
            if len(tracks) < len(cameras):
                self.left_out.append(f"{subject}/{sequence} (not all {len(cameras)} cameras)")
            elif self._labels is not None and labels is None:
                self.left_out.append(f"{subject}/{sequence} (not in the 3D file)")
            else:
                if labels is not None and len(labels) > len(tracks[0].keypoints):
                    raise InputError(
                        f"{self.target.annotations}: {subject}: {sequence}: {len(labels)} frames, "
                        f"the shards have {len(tracks[0].keypoints)}; not the labels that they "
                        "were built with"
                    )
                kept[subject, sequence] = tracks
        if not kept:
            raise InputError("no recording is left that could be exported: " + self.left_out[0])
        return kept


def _read_3d(path: Path) -> dict[str, dict[str, Any]]:
    poses = load_npz(path).get("positions_3d")
    if not isinstance(poses, dict) or not all(isinstance(v, dict) for v in poses.values()):
        raise InputError(f"{path}: no positions_3d in it; expected VideoPose3D's data_3d_h36m.npz")
    return poses
